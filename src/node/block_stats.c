/* What is known of late blocks beyond their headers, for the rows of the chain panel. */
#include "node/block_stats_priv.h"

#include <stdlib.h>

#include <tally/base/map.h>
#include <tally/base/mem.h>

/* More than twice the rows that a list goes back, so that what one frame needs is never let go for
 * it; then the oldest goes. */
#define LATE_MAX 12288

struct block_stats_cache {
	struct map blocks;                 /* block hash -> struct block_stats */
	struct block_hash order[LATE_MAX]; /* a ring, in order of arrival */
	size_t next;
};

struct block_stats_cache *block_stats_new(void)
{
	struct block_stats_cache *r = NEW(struct block_stats_cache);

	map_init(&r->blocks, sizeof(struct block_hash), sizeof(struct block_stats));
	return r;
}

void block_stats_free(struct block_stats_cache *r)
{
	if (!r)
		return;
	map_clear(&r->blocks);
	free(r);
}

void block_stats_add(struct block_stats_cache *r, const struct block_hash *hash,
		     const struct block_stats *b)
{
	bool added;
	struct block_stats *slot;

	if (!map_get(&r->blocks, hash) && map_len(&r->blocks) == LATE_MAX)
		map_del(&r->blocks, &r->order[r->next]);
	slot = map_put(&r->blocks, hash, &added);
	if (added) {
		r->order[r->next] = *hash;
		r->next = (r->next + 1) % LATE_MAX;
	}
	*slot = *b;
}

bool block_stats_get(const struct block_stats_cache *r, const struct block_hash *hash,
		     struct block_stats *out)
{
	const struct block_stats *b = map_get(&r->blocks, hash);

	if (b)
		*out = *b;
	return b != NULL;
}
