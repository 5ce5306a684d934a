/* Starting worker threads. */
#ifndef TALLY_BASE_THREAD_H
#define TALLY_BASE_THREAD_H

#include <pthread.h>

/* As pthread_create, but the new thread blocks all signals, so that only the loop's thread handles
 * them. Exceptions are the signals that a fault of the thread itself raises, such as SIGSEGV. Returns
 * 0 or an errno value. */
int thread_start(pthread_t *out, void *(*fn)(void *arg), void *arg)
	__attribute__((warn_unused_result));

#endif
