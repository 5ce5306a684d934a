/* Giving the terminal back when the program dies by a signal. */
#ifndef TALLY_TUI_TERM_RESCUE_PRIV_H
#define TALLY_TUI_TERM_RESCUE_PRIV_H

#include <termios.h>

/* From now on SIGSEGV and its kin restore `before` on this terminal, then do what they do. After newterm. */
void rescue_arm(int tty, const struct termios *before);
void rescue_disarm(void);

#endif
