/* Restores the terminal when a signal ends the program. */
#ifndef TALLY_TUI_TERM_RESCUE_PRIV_H
#define TALLY_TUI_TERM_RESCUE_PRIV_H

#include <termios.h>

/* Installs handlers for SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT. A handler restores the modes
 * `before` of this terminal, then the default action follows. Call it after newterm. */
void rescue_arm(int tty, const struct termios *before);
void rescue_disarm(void);

#endif
