/* Reading the mempool: its transactions and their relatives. */
#ifndef TALLY_MEMPOOL_POOL_H
#define TALLY_MEMPOOL_POOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/primitives/tx.h>

struct mempool;

/* An unconfirmed transaction. tx is borrowed from the pool. */
struct mempool_entry {
	struct tx *tx;
	int64_t fee;
	int64_t time;    /* of entry, in unix seconds */
	uint32_t height; /* of the tip at that time */
	uint64_t seq;    /* order of entry: 1 upward, never reused */
	/* The transaction itself counts as its own ancestor and descendant. */
	uint32_t n_ancestors, n_descendants;
	uint64_t ancestor_bytes, descendant_bytes;
	int64_t ancestor_fees, descendant_fees;
};

size_t mempool_count(const struct mempool *m);
uint64_t mempool_bytes(const struct mempool *m);  /* of serialised transactions */
uint64_t mempool_memory(const struct mempool *m); /* with bookkeeping; bounded by max_bytes */
int64_t mempool_total_fee(const struct mempool *m);
/* False: the transaction is not in the pool. */
bool mempool_get(const struct mempool *m, const struct txid *id, struct mempool_entry *out);
/* Entries with seq > after, in order of entry. Returns how many were written. */
size_t mempool_list(const struct mempool *m, uint64_t after, struct mempool_entry *out, size_t max);
/* The newest entries first, without the first `skip`. Returns how many were written. */
size_t mempool_list_newest(const struct mempool *m, size_t skip, struct mempool_entry *out,
			   size_t max);
/* Direct parents in the pool. Returns how many were written. */
size_t mempool_parents(const struct mempool *m, const struct txid *id, struct txid *out,
		       size_t max);
/* Was every signature of this transaction found valid here? True for those in the pool and for the
 * last 20,000 that left it. */
bool mempool_verified(const struct mempool *m, const struct txid *id);

#endif
