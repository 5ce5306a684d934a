/* A pool of threads that verify signatures. The loop submits jobs of many checks. When a job is
 * finished, a file descriptor becomes readable, so that the loop never blocks. */
#ifndef TALLY_CRYPTO_SIGPOOL_H
#define TALLY_CRYPTO_SIGPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/crypto/key.h>

struct sigcheck {
	struct hash256 digest;
	struct pubkey pub;
	struct signature sig;
};

struct sigpool;
struct sigjob; /* one batch with one verdict */

/* Only one thread, the loop's, may call these functions. A done callback may free its job and other
 * jobs, and may create, fill and close new jobs, whose callbacks run in the next poll.
 *
 * threads: at most 64. With 0, or if the system allows no thread, sigjob_add makes the checks itself,
 * in the caller's thread (for simulations). The worker threads block all signals. */
struct sigpool *sigpool_new(unsigned threads);
/* The number of threads that suits this machine: one for each processor core, from 1 to 16. */
unsigned sigpool_machine_threads(void);
void sigpool_free(struct sigpool *p); /* every job must have been freed */
unsigned sigpool_threads(const struct sigpool *p);
/* Readable while a finished job has not been polled. -1 without threads: then the caller polls after
 * each sigjob_close. */
int sigpool_fd(const struct sigpool *p);

/* A new job is open: checks can be added, and workers begin with them at once, in slices of about 32.
 * After sigjob_close and the last check, sigpool_poll or sigpool_wait calls done(arg) once; not at all
 * if the job is freed before that. */
typedef void sigjob_done(void *arg, struct sigjob *job);
struct sigjob *sigjob_new(struct sigpool *p, sigjob_done *done, void *arg);
void sigjob_add(struct sigjob *j, const struct sigcheck *checks, size_t n); /* copied */
void sigjob_close(struct sigjob *j);
bool sigjob_finished(const struct sigjob *j); /* closed and every check made */
/* For a finished job: the index, in the order of adding, of the first invalid signature; SIZE_MAX if
 * all are valid. Checks after an invalid one may be skipped, but the smallest index of all invalid
 * ones is always reported. */
size_t sigjob_first_bad(const struct sigjob *j);
size_t sigjob_count(const struct sigjob *j);
/* A job in progress may be freed: checks not begun are dropped, and the call blocks until the slices
 * that workers have begun are finished. */
void sigjob_free(struct sigjob *j);

/* Calls done for each finished job; never blocks. */
void sigpool_poll(struct sigpool *p);
/* Blocks until this closed job is finished, then polls. For start-up and for commands that run without
 * a loop. */
void sigpool_wait(struct sigpool *p, struct sigjob *j);

#endif
