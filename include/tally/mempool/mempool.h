/* Transactions waiting for a block. Every rule of tally-protocol(7), TRANSACTIONS on entry, as of the next block;
 * first seen wins; bounded. Knows no peers: what arrives carries the caller's number. */
#ifndef TALLY_MEMPOOL_MEMPOOL_H
#define TALLY_MEMPOOL_MEMPOOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/chain/chain.h>
#include <tally/crypto/sigpool.h>
#include <tally/primitives/tx.h>

#define MEMPOOL_MAX_BYTES       (UINT64_C(50) << 20)
#define MEMPOOL_EXPIRY_SECONDS  (14 * 24 * 3600)
#define MEMPOOL_ANCESTORS_MAX   25 /* the transaction itself counts */
#define MEMPOOL_DESCENDANTS_MAX 25
#define MEMPOOL_MIN_RELAY_RATE  1 /* units a byte */
#define MEMPOOL_FILE_ORIGIN \
	UINT64_MAX /* of mempool_submit: what a file kept; all below are peers */
#define MEMPOOL_ORPHANS_MAX      100
#define MEMPOOL_ORPHAN_BYTES_MAX (UINT64_C(5) << 20)

struct mempool;

/* What is known of one waiting transaction. tx is borrowed from the pool. */
struct mempool_entry {
	struct tx *tx;
	int64_t fee;
	int64_t time;                        /* unix seconds of entry */
	uint32_t height;                     /* of the tip then */
	uint64_t seq;                        /* order of entry, 1 upward, never reused */
	uint32_t n_ancestors, n_descendants; /* itself included */
	uint64_t ancestor_bytes, descendant_bytes;
	int64_t ancestor_fees, descendant_fees;
};

struct mempool_events {
	/* In the pool now / no more. reason: "block", "conflict", "expired", "full", "reorg" (it left with a
	 * disconnected block's; where it is still valid mempool_work adds it again). Observers may not change the pool. */
	void (*added)(void *arg, const struct mempool_entry *en);
	void (*removed)(void *arg, const struct mempool_entry *en, const char *reason);
	/* The verdict on what mempool_submit took; err->cls ERR_NONE where it is in the pool now. Orphans
	 * (ERR_ORPHAN "bad-txns-inputs-missingorspent") are kept and tried again by the pool itself; a second
	 * verdict follows when their parents are here. May submit, accept and forget origins. */
	void (*verdict)(void *arg, const struct tx *tx, uint64_t origin, const struct err *err);
};

struct mempool_options {
	struct chain *chain;     /* borrowed; has a genesis */
	struct sigpool *sigpool; /* borrowed */
	const struct clock *clock;
	uint64_t max_bytes; /* of serialised transactions and bookkeeping */
	const struct mempool_events *events;
	void *events_arg;
};

struct mempool *mempool_new(const struct mempool_options *o);
void mempool_free(struct mempool *m);

/* Queues a transaction (takes a reference of its own) for checking; the verdict comes through the event,
 * later, in order. `origin` is the caller's (a peer's number; 0: ourselves). The queue holds 1,000 and 5 MB per
 * origin (32 MB altogether, but at least one each); false where that is full (nothing queued, ERR_BUSY). */
bool mempool_submit(struct mempool *m, struct tx *tx, uint64_t origin, struct err *e);
/* The same for one that was in a mempool before, at `since` (unix seconds): it expires as if it had stayed. */
bool mempool_submit_since(struct mempool *m, struct tx *tx, uint64_t origin, int64_t since,
			  struct err *e);
bool mempool_queue_full(const struct mempool *m, uint64_t origin);
/* Goes on with the queue where the chain is at its best and no verdict is out: at most about
 * budget_us. Returns true where there is more to do at once. To be called after sigpool_poll and
 * chain_work too: it looks itself whether a verdict is there. */
bool mempool_work(struct mempool *m, int64_t budget_us);
/* Nothing that lost blocks held is still to come back. */
bool mempool_settled(const struct mempool *m);
/* Nothing is queued and no verdict is out. */
bool mempool_idle(const struct mempool *m);
/* Checks and takes one at once, signatures in this thread (settles the chain first). For our own payments and
 * sendrawtransaction. ERR_KNOWN "txn-already-in-mempool", "txn-already-known" (in a block), ERR_INVALID,
 * ERR_POLICY "tx-size", "min-relay-fee", "txn-mempool-conflict", "too-long-mempool-chain", "mempool-full", ERR_ORPHAN,
 * ERR_FUTURE "non-final", "bad-txns-premature-spend-of-coinbase" (not valid yet: a peer whose tip is ahead of
 * ours may send it in good faith). Errors of the chain as they are. */
bool mempool_accept(struct mempool *m, struct tx *tx, struct err *e);
/* The same checks, taking nothing. *fee may be NULL. */
bool mempool_test(struct mempool *m, struct tx *tx, int64_t *fee, struct err *e);

/* From the chain's events, in order. */
void mempool_block_connected(struct mempool *m, const struct block *b);
void mempool_block_disconnected(struct mempool *m, const struct block *b);
/* After a move of the tip. What was disconnected enters again, and what is no longer valid goes, with mempool_work,
 * before anything that is queued. */
void mempool_tip_changed(struct mempool *m);
/* All of that at once, where the chain is at its best: before the pool is saved for the last time. */
void mempool_tidy(struct mempool *m);
/* Drops what has been here for longer than MEMPOOL_EXPIRY_SECONDS, found within a minute. */
void mempool_expire(struct mempool *m);
/* Where it is an orphan: this one has it, too, and stands for it when who sent it has gone. */
void mempool_orphan_told(struct mempool *m, const struct txid *id, uint64_t origin);
void mempool_forget_origin(struct mempool *m,
			   uint64_t origin); /* what it queued; its orphans are nobody's */

size_t mempool_count(const struct mempool *m);
uint64_t mempool_bytes(const struct mempool *m); /* of serialised transactions */
uint64_t mempool_memory(const struct mempool *m);
int64_t mempool_total_fee(const struct mempool *m);
double mempool_min_rate(const struct mempool *m); /* units a byte a newcomer must pay now */
size_t mempool_orphan_count(const struct mempool *m);
bool mempool_get(const struct mempool *m, const struct txid *id, struct mempool_entry *out);
/* In the pool, in the queue, an orphan, or of a disconnected block and about to come back. */
bool mempool_has(const struct mempool *m, const struct txid *id);
/* Was every signature of it found valid here (now in the pool, or lately)? */
bool mempool_verified(const struct mempool *m, const struct txid *id);
/* Entries in order of entry with seq > after. Returns how many were written. */
size_t mempool_list(const struct mempool *m, uint64_t after, struct mempool_entry *out, size_t max);
/* The same from the newest entry back, leaving out the first `skip`. */
size_t mempool_list_newest(const struct mempool *m, size_t skip, struct mempool_entry *out,
			   size_t max);
/* What is not in the pool and waits for it: what lost blocks held, and what stands too far back in a line; from the
 * *from-th on, which is moved behind them; borrowed. What a file kept and is given back by mempool_submit with
 * MEMPOOL_FILE_ORIGIN waits again where it is too far back. */
size_t mempool_aside(const struct mempool *m, size_t *from, struct tx **out, size_t max);
/* Direct parents within the pool, for explorers. */
size_t mempool_parents(const struct mempool *m, const struct txid *id, struct txid *out,
		       size_t max);
/* Is this outpoint spent by a waiting transaction? */
bool mempool_spends(const struct mempool *m, const struct outpoint *o, struct txid *by);

/* The transactions of the next block, in an order in which they can be applied: packages by ancestor fee
 * rate, at most max_bytes altogether. Each with a reference for the caller; *txs is mem_alloc'ed. Only what is final
 * at that height. */
void mempool_assemble(struct mempool *m, size_t max_bytes, struct tx ***txs, size_t *n,
		      int64_t *fees);

#endif
