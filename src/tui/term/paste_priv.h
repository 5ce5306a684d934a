/* Bracketed paste: the terminal sends pasted text between two marks. It is collected and passed on
 * as one text, so that nothing in it acts as a key. */
#ifndef TALLY_TUI_TERM_PASTE_PRIV_H
#define TALLY_TUI_TERM_PASTE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PASTE_BYTES 4096 /* longer text is cut */

#define PASTE_ON  "\033[?2004h" /* asks the terminal to send the marks; source: xterm's ctlseqs */
#define PASTE_OFF "\033[?2004l"

struct paste {
	bool on; /* between the marks */
	int64_t last_us;
	size_t len;
	char text[PASTE_BYTES + 1];
};

void paste_begin(struct paste *p, int64_t now_us);
/* Takes a key that the terminal sent. True: it belongs to the pasted text. A lost end mark must
 * not disable the keyboard, so 10 seconds without a key end the text. */
bool paste_add_key(struct paste *p, int32_t key, int64_t now_us);
/* Ends the text and returns it: NUL-terminated, lines end with '\n', no other control
 * characters. */
const char *paste_end(struct paste *p);

#endif
