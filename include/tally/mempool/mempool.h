/* The mempool: unconfirmed transactions. A transaction enters if it would be valid in the next
 * block and keeps to the limits below; the first of two that spend the same coin stays. It knows no
 * peers: a submitted transaction carries its origin, a number that the caller chooses. Source:
 * tally-protocol(7), TRANSACTIONS and CONDUCT.
 *
 * This header includes the whole public interface. The parts:
 *
 *     pool.h           read the pool
 *     verify_queue.h   submit transactions
 *     orphans.h        transactions whose parents are unknown
 *     reorg.h          deferred transactions
 *     block_update.h   follow the chain
 *     assemble.h       choose the transactions of a new block
 *     eviction.h       the fee rate that a full pool demands */
#ifndef TALLY_MEMPOOL_MEMPOOL_H
#define TALLY_MEMPOOL_MEMPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/chain/chain_state.h>
#include <tally/crypto/sigpool.h>
#include <tally/mempool/assemble.h>
#include <tally/mempool/block_update.h>
#include <tally/mempool/eviction.h>
#include <tally/mempool/orphans.h>
#include <tally/mempool/pool.h>
#include <tally/mempool/reorg.h>
#include <tally/mempool/verify_queue.h>

#define MEMPOOL_MAX_BYTES       (UINT64_C(50) << 20)
#define MEMPOOL_EXPIRY_SECONDS  (14 * 24 * 3600)
#define MEMPOOL_ANCESTORS_MAX   25 /* the transaction itself counts */
#define MEMPOOL_DESCENDANTS_MAX 25

/* Callbacks may not change the pool, except where stated. Any member may be NULL. */
struct mempool_events {
	void (*added)(void *arg, const struct mempool_entry *en);
	/* reason: "block" (confirmed), "conflict" (a block spends its coins), "expired", "full", or
	 * "reorg" (it spends an output of a disconnected block; mempool_work tries it again). */
	void (*removed)(void *arg, const struct mempool_entry *en, const char *reason);
	/* The result for a submitted transaction. err->cls is ERR_NONE if it is in the pool. After
	 * ERR_ORPHAN the pool keeps it and tries again when its parents arrive; a second verdict
	 * follows then. May call mempool_submit, mempool_accept and mempool_forget_origin. */
	void (*verdict)(void *arg, const struct tx *tx, uint64_t origin, const struct err *err);
};

struct mempool_options {
	struct chain *chain;     /* borrowed; has a genesis block */
	struct sigpool *sigpool; /* borrowed */
	const struct clock *clock;
	uint64_t max_bytes; /* of serialised transactions with bookkeeping */
	const struct mempool_events *events;
	void *events_arg;
};

struct mempool *mempool_new(const struct mempool_options *o);
void mempool_free(struct mempool *m); /* NULL is harmless */

/* Checks a transaction and adds it, signatures included, in this thread; settles the chain first.
 * For payments of this node and for sendrawtransaction. Errors:
 * - ERR_KNOWN "txn-already-in-mempool", "txn-already-known" (it is in a block)
 * - ERR_INVALID: it breaks a consensus rule
 * - ERR_FUTURE "non-final", "bad-txns-premature-spend-of-coinbase": not valid yet. A peer whose tip
 *   is ahead of ours may send it in good faith.
 * - ERR_POLICY "tx-size", "min-relay-fee", "txn-mempool-conflict", "too-long-mempool-chain",
 *   "mempool-full"
 * - ERR_ORPHAN "bad-txns-inputs-missingorspent"
 * - errors of the chain as they are */
bool mempool_accept(struct mempool *m, struct tx *tx, struct err *e);

/* Readmits deferred transactions, then checks queued ones, for about budget_us; while the chain
 * reorganises it does nothing. True: call again at once. Call it after sigpool_poll and chain_work
 * as well, since a verdict may have arrived. */
bool mempool_work(struct mempool *m, int64_t budget_us);
/* True if no deferred transaction is due to be tried. */
bool mempool_settled(const struct mempool *m);
/* mempool_settled, nothing is queued and no signature is being checked. */
bool mempool_idle(const struct mempool *m);
/* Tries all deferred transactions that are due, in one call, unless the chain reorganises. */
void mempool_settle(struct mempool *m);

/* Removes transactions older than MEMPOOL_EXPIRY_SECONDS (looks once a minute) and old orphans. */
void mempool_expire(struct mempool *m);
/* Drops what this origin has queued. Its orphans stay, without an origin. */
void mempool_forget_origin(struct mempool *m, uint64_t origin);
/* Is it in the pool, queued, an orphan or deferred? */
bool mempool_has(const struct mempool *m, const struct txid *id);

#endif
