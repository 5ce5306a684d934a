#include <tally/base/thread.h>

#include <signal.h>
#include <stddef.h>

#include <tally/base/mem.h>

int thread_start(pthread_t *out, void *(*fn)(void *arg), void *arg)
{
	/* Not blocked: the kernel kills the process without running a handler if a fault raises a
	 * blocked signal, and then the terminal would stay in raw mode. */
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_LEN(faults); i++)
		sigdelset(&all, faults[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(out, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
