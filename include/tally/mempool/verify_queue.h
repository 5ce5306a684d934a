/* Transactions that wait to be checked, a queue for each origin. */
#ifndef TALLY_MEMPOOL_VERIFY_QUEUE_H
#define TALLY_MEMPOOL_VERIFY_QUEUE_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/primitives/tx.h>

/* The origin of transactions from the mempool file. All other origins are chosen by the caller: the
 * number of a peer, or 0 for this node itself. */
#define MEMPOOL_FILE_ORIGIN UINT64_MAX

struct mempool;

/* Queues a transaction (takes its own reference). mempool_work checks it, and the event `verdict`
 * reports the result. The queue takes 1,000 transactions and 5 MB an origin, and 32 MB of all
 * origins. ERR_BUSY "mempool-queue-full": nothing was queued. */
bool mempool_submit(struct mempool *m, struct tx *tx, uint64_t origin, struct err *e);
/* The same for a transaction that was in a mempool before, at `since` (unix seconds; 0: it was
 * not). Its age counts from then. */
bool mempool_submit_since(struct mempool *m, struct tx *tx, uint64_t origin, int64_t since,
			  struct err *e);
/* Would mempool_submit fail? */
bool mempool_queue_full(const struct mempool *m, uint64_t origin);

#endif
