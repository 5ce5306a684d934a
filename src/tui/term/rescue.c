/* Restores the terminal in a handler of fatal signals. The escape sequences are prepared in
 * advance, because only async-signal-safe calls are allowed there. */
#define NCURSES_NOMACROS
#include <curses.h>
#include <term.h>
#undef lines /* term.h defines these as macros */
#undef columns

#include "tui/term/paste_priv.h"
#include "tui/term/rescue_priv.h"

#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/mem.h>

#define RESTORE_BYTES 256

/* All that the signal handler needs. */
static struct {
	volatile sig_atomic_t active;
	int tty;
	struct termios before;
	char text[RESTORE_BYTES];
	size_t len;
} rescue;

static const int fatal_signals[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};

static void on_fatal(int sig)
{
	if (rescue.active) {
		const ssize_t k = write(rescue.tty, rescue.text, rescue.len);

		(void)k;
		tcsetattr(rescue.tty, TCSANOW, &rescue.before);
	}
	signal(sig, SIG_DFL);
	raise(sig);
}

static void rescue_add(const char *capability)
{
	const char *s = tigetstr(capability);
	size_t n;

	if (!s || s == (char *)-1)
		return;
	n = strlen(s);
	if (rescue.len + n > sizeof(rescue.text))
		return;
	memcpy(rescue.text + rescue.len, s, n);
	rescue.len += n;
}

void rescue_arm(int tty, const struct termios *before)
{
	struct sigaction sa = {.sa_handler = on_fatal, .sa_flags = SA_RESETHAND | SA_NODEFER};
	static const char *const restore[] = {"sgr0", "rmkx", "cnorm", "rmcup"};
	/* Mouse reports and bracketed paste off. */
	static const char off[] = "\033[?1000l\033[?1006l" PASTE_OFF;

	rescue.len = 0;
	memcpy(rescue.text, off, sizeof(off) - 1);
	rescue.len = sizeof(off) - 1;
	for (size_t i = 0; i < ARRAY_LEN(restore); i++)
		rescue_add(restore[i]);
	rescue.tty = tty;
	rescue.before = *before;
	rescue.active = 1;
	for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
		sigaction(fatal_signals[i], &sa, NULL);
}

void rescue_disarm(void)
{
	rescue.active = 0;
	for (size_t i = 0; i < ARRAY_LEN(fatal_signals); i++)
		signal(fatal_signals[i], SIG_DFL);
}
