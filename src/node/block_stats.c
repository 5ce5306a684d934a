#include "node/block_stats_priv.h"

#include <stdlib.h>

#include <tally/base/map.h>
#include <tally/base/mem.h>

/* More than twice the rows that the console's list holds, so that a frame never evicts a block that
 * the same frame needs. */
#define CACHED_BLOCKS 12288

struct block_stats_cache {
	struct map blocks;                      /* block hash -> struct block_stats */
	struct block_hash order[CACHED_BLOCKS]; /* a ring, in order of addition */
	size_t next;
};

struct block_stats_cache *block_stats_new(void)
{
	struct block_stats_cache *c = NEW(struct block_stats_cache);

	map_init(&c->blocks, sizeof(struct block_hash), sizeof(struct block_stats));
	return c;
}

void block_stats_free(struct block_stats_cache *c)
{
	if (!c)
		return;
	map_clear(&c->blocks);
	free(c);
}

void block_stats_add(struct block_stats_cache *c, const struct block_hash *hash,
		     const struct block_stats *b)
{
	bool added;
	struct block_stats *slot;

	if (!map_get(&c->blocks, hash) && map_len(&c->blocks) == CACHED_BLOCKS)
		map_del(&c->blocks, &c->order[c->next]);
	slot = map_put(&c->blocks, hash, &added);
	if (added) {
		c->order[c->next] = *hash;
		c->next = (c->next + 1) % CACHED_BLOCKS;
	}
	*slot = *b;
}

bool block_stats_get(const struct block_stats_cache *c, const struct block_hash *hash,
		     struct block_stats *out)
{
	const struct block_stats *b = map_get(&c->blocks, hash);

	if (b)
		*out = *b;
	return b != NULL;
}
