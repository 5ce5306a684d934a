/* What is known of late blocks beyond their headers, for the rows of the chain panel. */
#include "node/node_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

/* More than twice the rows that a list goes back, so that what one frame needs is never let go for it; then the oldest
 * goes. */
#define LATE_MAX 12288

struct late {
	struct map blocks;                 /* block hash -> struct late_block */
	struct block_hash order[LATE_MAX]; /* a ring, in order of arrival */
	size_t next;
};

struct late *late_new(void)
{
	struct late *r = NEW(struct late);

	map_init(&r->blocks, sizeof(struct block_hash), sizeof(struct late_block));
	return r;
}

void late_free(struct late *r)
{
	if (!r)
		return;
	map_clear(&r->blocks);
	free(r);
}

void late_add(struct late *r, const struct block_hash *hash, const struct late_block *b)
{
	bool added;
	struct late_block *slot;

	if (!map_get(&r->blocks, hash) && map_len(&r->blocks) == LATE_MAX)
		map_del(&r->blocks, &r->order[r->next]);
	slot = map_put(&r->blocks, hash, &added);
	if (added) {
		r->order[r->next] = *hash;
		r->next = (r->next + 1) % LATE_MAX;
	}
	*slot = *b;
}

bool late_get(const struct late *r, const struct block_hash *hash, struct late_block *out)
{
	const struct late_block *b = map_get(&r->blocks, hash);

	if (b)
		*out = *b;
	return b != NULL;
}
