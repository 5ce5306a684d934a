/* Entries of the pool: indexes, links between parents and children, sums over relatives. */
#ifndef TALLY_MEMPOOL_POOL_PRIV_H
#define TALLY_MEMPOOL_POOL_PRIV_H

#include <tally/consensus/params.h>
#include <tally/mempool/mempool.h>

/* Ancestors, or descendants, that a transaction may have in the pool, itself not counted. */
#define RELATIVES_MAX 24
_Static_assert(RELATIVES_MAX + 1 == MEMPOOL_ANCESTORS_MAX, "the transaction itself counts");
_Static_assert(RELATIVES_MAX + 1 == MEMPOOL_DESCENDANTS_MAX, "the transaction itself counts");

/* A child always enters after its parents: if a transaction leaves the pool because of a
 * disconnected block, its descendants leave with it and enter again after it. So in the order of
 * seq the entries can be applied to the coins. */
struct pool_entry {
	struct mempool_entry pub;
	struct pool_entry **parents, **children;
	size_t n_parents, n_children, cap_children;
	/* Height of the youngest coinbase it spends; 0: none that could be immature. */
	uint32_t coinbase_height;
	/* Monotonic seconds. Age is measured by these, since the other clock can be set. */
	int64_t entered;
	size_t memory;
	size_t heap_at;          /* index in the eviction heap */
	uint64_t mark;           /* number of the last walk that visited it */
	uint32_t bytes;          /* of the transaction */
	bool always_final;       /* no lock time and no coinbase: valid at any height */
	uint32_t assembly_index; /* while a block is assembled */
};

/* A removed entry leaves a slot with NULL; pool_remove closes the gaps when they are many. */
struct seq_slot {
	uint64_t seq;
	struct pool_entry *en;
};

/* The findings of tx_accept.c on a transaction that may enter. */
struct candidate {
	int64_t fee;
	uint32_t coinbase_height; /* as in pool_entry */
	struct pool_entry *parents[RELATIVES_MAX];
	size_t n_parents;
};

struct pool_entry *pool_find(const struct mempool *m, const struct txid *id);
struct pool_entry *pool_spender(const struct mempool *m, const struct outpoint *o);
/* These entries and all of their ancestors (up) or descendants (down), into out (room for max).
 * SIZE_MAX if there are more. */
size_t pool_walk_up(struct mempool *m, struct pool_entry *const *from, size_t n,
		    struct pool_entry **out, size_t max);
size_t pool_walk_down(struct mempool *m, struct pool_entry *const *from, size_t n,
		      struct pool_entry **out, size_t max);
/* since: when the transaction first entered the mempool, in Unix seconds; 0: now. */
struct pool_entry *pool_add(struct mempool *m, struct tx *tx, const struct candidate *c,
			    int64_t since);
/* The entry must have no ancestors or no descendants in the pool. */
void pool_remove(struct mempool *m, struct pool_entry *en, const char *reason);
/* With its descendants. */
void pool_remove_tree(struct mempool *m, struct pool_entry *en, const char *reason);
/* May it be in a block at this height? parent_time: of the block before. */
bool pool_valid_at(const struct pool_entry *en, const struct chain_params *p, uint32_t height,
		   uint32_t parent_time);
int pool_cmp_seq(const void *a, const void *b); /* of struct pool_entry *, for qsort */
int64_t pool_mono_seconds(const struct mempool *m);
void pool_free(struct mempool *m);

/* For tests: does a transaction of the pool spend this outpoint? by (may be NULL) gets its id. */
bool mempool_spends(const struct mempool *m, const struct outpoint *o, struct txid *by);

#endif
