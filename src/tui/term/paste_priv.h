/* What is pasted into the terminal: it comes between two marks (bracketed paste) and is handed on as one text, so that
 * nothing in it acts as a key. */
#ifndef TALLY_TUI_TERM_PASTE_PRIV_H
#define TALLY_TUI_TERM_PASTE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PASTE_BYTES 4096 /* what is more is left out */

#define PASTE_ON  "\033[?2004h" /* asks the terminal for the marks; source: xterm's ctlseqs */
#define PASTE_OFF "\033[?2004l"

struct paste {
	bool on; /* between the marks */
	int64_t last_us;
	size_t len;
	char text[PASTE_BYTES + 1];
};

void paste_begin(struct paste *p, int64_t now_us);
/* A key that came in: true where it belongs to what is pasted. A mark that got lost must not take the keys away for
 * ever: what comes ten seconds after the last belongs to nothing. */
bool paste_takes(struct paste *p, int32_t key, int64_t now_us);
/* The text, NUL-terminated, lines ended by '\n', no other control characters. */
const char *paste_end(struct paste *p);

#endif
