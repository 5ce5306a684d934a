/* Restores the terminal when a signal ends the program. */
#ifndef TALLY_TUI_TERM_RESCUE_PRIV_H
#define TALLY_TUI_TERM_RESCUE_PRIV_H

#include <termios.h>

/* From now on SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT restore the modes `before` on this
 * terminal; then their default action follows. Call it after newterm. */
void rescue_arm(int tty, const struct termios *before);
void rescue_disarm(void);

#endif
