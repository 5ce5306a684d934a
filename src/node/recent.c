/* What is known of late blocks beyond their headers, for the rows of the chain panel. */
#include "node_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

/* Enough for any list a person scrolls; then the oldest goes. */
#define RECENT_MAX 4096

struct recent {
	struct map blocks;                   /* block hash -> struct recent_block */
	struct block_hash order[RECENT_MAX]; /* a ring, in order of arrival */
	size_t next;
};

struct recent *recent_new(void)
{
	struct recent *r = NEW(struct recent);

	map_init(&r->blocks, sizeof(struct block_hash), sizeof(struct recent_block));
	return r;
}

void recent_free(struct recent *r)
{
	if (!r)
		return;
	map_clear(&r->blocks);
	free(r);
}

void recent_add(struct recent *r, const struct block_hash *hash, const struct recent_block *b)
{
	bool added;
	struct recent_block *slot;

	if (!map_get(&r->blocks, hash) && map_len(&r->blocks) == RECENT_MAX)
		map_del(&r->blocks, &r->order[r->next]);
	slot = map_put(&r->blocks, hash, &added);
	if (added) {
		r->order[r->next] = *hash;
		r->next = (r->next + 1) % RECENT_MAX;
		*slot = *b;
	}
}

bool recent_get(const struct recent *r, const struct block_hash *hash, struct recent_block *out)
{
	const struct recent_block *b = map_get(&r->blocks, hash);

	if (b)
		*out = *b;
	return b != NULL;
}
