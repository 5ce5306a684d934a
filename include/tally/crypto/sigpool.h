/* Signature workers: digests in, a verdict out. The loop submits batches and is
 * woken through a file descriptor when a verdict is there; it never waits. */
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

/* All of this is called from one thread, the loop's. done may free its job and others, and
 * make, fill and close new ones: those are told of by the next poll.
 *
 * threads 0 (or none to be had from the system): checks are made within sigjob_add, in the
 * caller's thread (for simulations). At most 64. Workers block every signal. */
struct sigpool *sigpool_new(unsigned threads);
void sigpool_free(struct sigpool *p); /* every job must have been freed */
unsigned sigpool_threads(const struct sigpool *p);
/* Readable whenever a finished job has not been polled. -1 with 0 threads: poll after each close. */
int sigpool_fd(const struct sigpool *p);

/* A job takes checks while it is open, and workers start on them at once (in
 * slices of about 32). done(arg) is called from sigpool_poll or sigpool_wait, once, after
 * sigjob_close and after the last check; not at all where it is freed before. */
typedef void sigjob_done(void *arg, struct sigjob *job);
struct sigjob *sigjob_new(struct sigpool *p, sigjob_done *done, void *arg);
void sigjob_add(struct sigjob *j, const struct sigcheck *checks, size_t n); /* copied */
void sigjob_close(struct sigjob *j);
bool sigjob_finished(const struct sigjob *j); /* closed and every check made */
/* Only once finished: the index (in order of adding) of the first check that
 * fails, or SIZE_MAX where all are valid. After a failure the rest may be skipped,
 * but the least failing index is always the one reported. */
size_t sigjob_first_bad(const struct sigjob *j);
size_t sigjob_count(const struct sigjob *j);
/* Also in flight: what is not begun is dropped, a slice being checked is waited for. */
void sigjob_free(struct sigjob *j);

/* Calls done of every job that has finished; never blocks. */
void sigpool_poll(struct sigpool *p);
/* Blocks until this job (closed) is finished, then polls. For start-up and commands
 * without a loop. */
void sigpool_wait(struct sigpool *p, struct sigjob *j);

#endif
