/* Threads beside the loop's. */
#ifndef TALLY_BASE_THREAD_H
#define TALLY_BASE_THREAD_H

#include <pthread.h>

/* As pthread_create, but signals are the loop's: the thread blocks all of them, from its first moment on, but those that its own faults raise. Returns 0, or
 * the errno value that tells why there is no thread. */
int thread_start(pthread_t *out, void *(*fn)(void *arg), void *arg)
	__attribute__((warn_unused_result));

#endif
