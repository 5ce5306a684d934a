/* Decoded blocks that arrived last, since they will soon be connected, reported and sent to peers.
 * First in, first out. */
#ifndef TALLY_CHAIN_BLOCK_CACHE_PRIV_H
#define TALLY_CHAIN_BLOCK_CACHE_PRIV_H

#include <tally/base/map.h>
#include <tally/chain/chain_state.h>

struct block_cache {
	struct map by_index; /* chain_index -> struct cached_block */
	chain_index *queue;  /* ring, in the order of arrival; may name blocks that were dropped */
	size_t queue_cap, first, n;
	size_t bytes;
};

void block_cache_init(struct block_cache *bc);
void block_cache_clear(struct block_cache *bc);
void block_cache_put(struct block_cache *bc, chain_index i, struct block *b);
struct block *block_cache_get(const struct block_cache *bc, chain_index i); /* borrowed, or NULL */
void block_cache_drop(struct block_cache *bc, chain_index i);

#endif
