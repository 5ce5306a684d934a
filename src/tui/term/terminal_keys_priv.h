/* The key codes of curses, and the escape sequences that it does not know by itself. */
#ifndef TALLY_TUI_TERM_TERMINAL_KEYS_PRIV_H
#define TALLY_TUI_TERM_TERMINAL_KEYS_PRIV_H

#include <stdint.h>

/* Curses codes for the marks around pasted text. ncurses gives the codes from KEY_MAX on to
 * further keys of the terminal, so these two stand far above. */
#define TERMINAL_KEY_PASTE_BEGIN 0x7001
#define TERMINAL_KEY_PASTE_END   0x7002

/* Adds escape sequences that common terminals send although their terminfo entries lack them. Call
 * it after newterm. */
void terminal_keys_define(void);
/* Converts a code of wget_wch (KEY_CODE_YES) to a key of key_table_priv.h. 0: it is not a key, for
 * example KEY_RESIZE. */
int32_t terminal_key(unsigned long code);

#endif
