/* Mining threads that look for a nonce. A job goes in by value; a solution comes out through a pipe
 * that wakes the event loop. All functions are for the loop's thread. */
#ifndef TALLY_MINING_WORKER_POOL_H
#define TALLY_MINING_WORKER_POOL_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/primitives/block.h>

struct worker_pool;

/* Nonces that a thread tries before it looks for a new job: about 20 ms of hashing with libsodium's
 * SHA-256, the slowest one, so that a new job starts well within 100 ms. */
#define WORKER_SLICE 32768

/* A nonce solves the job, which may have been replaced meanwhile. Called by worker_pool_poll. */
typedef void worker_pool_found(void *arg, uint64_t job, uint32_t nonce);
/* All 2^32 nonces were tried without a solution. Called by worker_pool_poll. */
typedef void worker_pool_exhausted(void *arg, uint64_t job);

/* No threads run yet. NULL if no pipe can be made. */
struct worker_pool *worker_pool_new(worker_pool_found *found, worker_pool_exhausted *exhausted,
				    void *arg);
/* Joins the threads. NULL is harmless. */
void worker_pool_free(struct worker_pool *p);
/* Readable when there are results: then call worker_pool_poll. */
int worker_pool_fd(const struct worker_pool *p);
void worker_pool_poll(struct worker_pool *p);
/* Runs this many threads, at least one. A job that is running continues. If
 * the system refuses some of them the pool works with fewer; false: it refused all. */
bool worker_pool_set_threads(struct worker_pool *p, unsigned threads);
/* Replaces the running job by this header and compact target. Returns the new job's number, never
 * 0. Invalid bits make a job without a solution. */
uint64_t worker_pool_start(struct worker_pool *p, const uint8_t header[HEADER_BYTES],
			   uint32_t bits);
/* Ends the running job; the threads wait. */
void worker_pool_pause(struct worker_pool *p);
/* Hashes computed since worker_pool_new. */
uint64_t worker_pool_hashes(const struct worker_pool *p);

#endif
