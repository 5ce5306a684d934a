#ifndef TALLY_MEMPOOL_EVICTION_PRIV_H
#define TALLY_MEMPOOL_EVICTION_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/mempool/eviction.h>

struct pool_entry;

struct eviction {
	struct pool_entry **heap; /* the entry that would be evicted first is first */
	size_t n_heap, cap_heap;
	double rolling_rate; /* units per byte; what a newcomer must pay since the last eviction */
	int64_t rolling_since;  /* monotonic seconds of its last decay */
	bool block_since_bump;  /* a block has arrived since the rate rose; only then it decays */
	int64_t expiry_checked; /* monotonic seconds when all entries were last checked for age */
	/* Being added. If it is evicted itself, its sender gets an error, and no event reports
	 * it. */
	struct pool_entry *newcomer;
};

/* A block has arrived. */
void eviction_block(struct mempool *m);
/* Evicts until the pool is within its bound. */
void eviction_trim(struct mempool *m);
double eviction_rolling_rate(const struct mempool *m);
void eviction_decay(struct mempool *m);
/* Removes entries that are too old; looks at most once a minute. */
void eviction_expire(struct mempool *m);

#endif
