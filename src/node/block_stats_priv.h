/* A cache of block sizes and transaction counts, so that the console's list of blocks need not read
 * the bodies for every frame. */
#ifndef TALLY_NODE_BLOCK_STATS_PRIV_H
#define TALLY_NODE_BLOCK_STATS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/primitives/block.h>

struct block_stats {
	uint32_t n_tx, bytes;
	bool mine; /* its coinbase pays this wallet */
};
struct block_stats_cache;

struct block_stats_cache *block_stats_new(void);
/* NULL is harmless. */
void block_stats_free(struct block_stats_cache *c);
/* Adds or replaces a block. The oldest of 12,288 blocks is dropped. */
void block_stats_add(struct block_stats_cache *c, const struct block_hash *hash,
		     const struct block_stats *b);
bool block_stats_get(const struct block_stats_cache *c, const struct block_hash *hash,
		     struct block_stats *out);

#endif
