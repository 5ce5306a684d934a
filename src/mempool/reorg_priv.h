#ifndef TALLY_MEMPOOL_REORG_PRIV_H
#define TALLY_MEMPOOL_REORG_PRIV_H

#include <tally/base/err.h>
#include <tally/base/map.h>
#include <tally/mempool/reorg.h>

struct pool_entry;

/* Deferred transactions. Those that are due are tried in this order: `returned`, last first; then
 * `evicted_children`, first first. A new tip makes `too_long_chain` due. */
struct reorg {
	/* Transactions of disconnected blocks, in reverse order of application. NULL: confirmed
	 * again. */
	struct tx **returned;
	size_t n_returned, cap_returned;
	struct map returned_ids; /* txid -> uint64_t index in returned */
	uint64_t returned_bytes;
	/* Left the pool because they spend outputs of `returned`, parents first. */
	struct tx **evicted_children;
	size_t n_evicted, cap_evicted, next_evicted;
	struct map evicted_ids; /* a set of those still to be tried */
	/* Have too many unconfirmed ancestors, or spend an output of one that does; parents
	 * first. */
	struct tx **too_long_chain;
	size_t n_too_long, cap_too_long;
	struct map too_long_ids; /* a set */
	uint64_t too_long_bytes;

	bool due;     /* something is to be tried, or to be checked for maturity */
	bool any_fee; /* while one of them enters: fee rules do not apply */
	/* First, entries of the pool that have become immature are removed. */
	bool check_maturity;
	uint64_t maturity_checked; /* entries up to this seq are checked */
};

void reorg_init(struct reorg *r);
void reorg_clear(struct reorg *r);
bool reorg_has(const struct reorg *r, const struct txid *id);
/* A block is being disconnected. */
void reorg_begin(struct reorg *r);
/* It held this transaction. Call it for the last transaction of the block first. */
void reorg_keep(struct mempool *m, const struct tx *tx);
/* Drops the youngest of `returned` until it is within its bound. */
void reorg_trim(struct mempool *m);
/* This transaction is confirmed again. */
void reorg_forget(struct reorg *r, const struct txid *id);
/* Moves an entry of the pool and its descendants to `evicted_children`. */
void reorg_evict(struct mempool *m, struct pool_entry *en);
/* Keeps a transaction that was refused with *e if it only has too many unconfirmed ancestors for
 * now, or spends an output of one that is kept so. Its signatures may be unchecked. False: it is
 * not kept, because *e is another error or too many are kept. */
bool reorg_defer(struct reorg *r, struct tx *tx, const struct err *e);
/* Tries what is due until about the deadline (clock_mono_us); r->due says whether more is. The
 * chain must be settled. */
void reorg_readmit(struct mempool *m, int64_t deadline);

#endif
