/* A batch of queued transactions that are checked together: their signatures are one job of the
 * signature pool. */
#ifndef TALLY_MEMPOOL_VERIFY_BATCH_PRIV_H
#define TALLY_MEMPOOL_VERIFY_BATCH_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/base/map.h>
#include <tally/crypto/sigpool.h>

#define BATCH_TXS_MAX 64

struct mempool;
struct queued_tx;

enum batch_item_state {
	ITEM_REJECTED, /* `err` says why */
	ITEM_CHECKING, /* its signatures are in the job */
	ITEM_VERIFIED, /* its signatures are valid */
};

struct batch_item {
	struct queued_tx *qt; /* NULL: its origin was forgotten, or its verdict was reported */
	enum batch_item_state state;
	struct err err;
	size_t first_check, n_checks; /* in verify_batch.checks */
	size_t job_at;                /* index of its first check in the job */
};

struct verify_batch {
	struct batch_item items[BATCH_TXS_MAX];
	size_t n;
	struct map ids; /* a set of the txids in it */
	struct sigcheck *checks;
	size_t n_checks, cap_checks;
	struct sigjob *job; /* NULL: no signature is being checked */
};

void batch_init(struct verify_batch *b);
void batch_free(struct mempool *m);
/* Fills an empty batch from the queue and starts its job; stops filling at the deadline. */
void batch_start(struct mempool *m, int64_t deadline);
/* If the job has ended, lets the valid transactions enter the pool and reports every verdict.
 * False: signatures are still being checked. */
bool batch_continue(struct mempool *m);
void batch_forget_origin(struct mempool *m, uint64_t origin);

#endif
