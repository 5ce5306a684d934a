#include <tally/base/thread.h>

#include <signal.h>
#include <stddef.h>

#include <tally/base/mem.h>

int thread_start(pthread_t *out, void *(*fn)(void *arg), void *arg)
{
	/* A thread's own faults are its own: blocked, they would end the program past every handler. */
	static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
	sigset_t all, before;
	int rc;

	sigfillset(&all);
	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		sigdelset(&all, own[i]);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(out, NULL, fn, arg);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return rc;
}
