#include "chain/block_cache_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

/* At most about this much memory, as block_bytes estimates it. */
#define BLOCK_CACHE_BYTES (8U << 20)

struct cached_block {
	struct block *b;
	size_t bytes;
};

static size_t block_bytes(const struct block *b)
{
	/* Decoding takes about as much memory again as the bytes themselves. */
	return sizeof(*b) + 2 * b->raw.len + b->n_tx * sizeof(*b->tx);
}

void block_cache_init(struct block_cache *bc)
{
	memset(bc, 0, sizeof(*bc));
	map_init(&bc->by_index, sizeof(chain_index), sizeof(struct cached_block));
}

void block_cache_clear(struct block_cache *bc)
{
	const void *key;
	void *value;

	for (size_t at = 0; map_next(&bc->by_index, &at, &key, &value);)
		block_unref(((struct cached_block *)value)->b);
	map_clear(&bc->by_index);
	free(bc->queue);
	memset(bc, 0, sizeof(*bc));
	map_init(&bc->by_index, sizeof(chain_index), sizeof(struct cached_block));
}

struct block *block_cache_get(const struct block_cache *bc, chain_index i)
{
	const struct cached_block *en = map_get(&bc->by_index, &i);

	return en == NULL ? NULL : en->b;
}

void block_cache_drop(struct block_cache *bc, chain_index i)
{
	struct cached_block *en = map_get(&bc->by_index, &i);

	if (en == NULL)
		return;
	bc->bytes -= en->bytes;
	block_unref(en->b);
	map_del(&bc->by_index, &i);
}

static void queue_push(struct block_cache *bc, chain_index i)
{
	if (bc->n == bc->queue_cap) {
		size_t cap = bc->queue_cap == 0 ? 64 : bc->queue_cap * 2;
		chain_index *queue = mem_array(cap, sizeof(*queue));

		for (size_t k = 0; k < bc->n; k++)
			queue[k] = bc->queue[(bc->first + k) % bc->queue_cap];
		free(bc->queue);
		bc->queue = queue;
		bc->queue_cap = cap;
		bc->first = 0;
	}
	bc->queue[(bc->first + bc->n++) % bc->queue_cap] = i;
}

static chain_index queue_pop(struct block_cache *bc)
{
	chain_index i = bc->queue[bc->first];

	bc->first = (bc->first + 1) % bc->queue_cap;
	bc->n--;
	return i;
}

void block_cache_put(struct block_cache *bc, chain_index i, struct block *b)
{
	bool added;
	struct cached_block *en = map_put(&bc->by_index, &i, &added);

	if (!added)
		return;
	*en = (struct cached_block){.b = block_ref(b), .bytes = block_bytes(b)};
	bc->bytes += en->bytes;
	/* Blocks that were dropped before are still in the queue. */
	while (bc->n > 0 && block_cache_get(bc, bc->queue[bc->first]) == NULL)
		(void)queue_pop(bc);
	queue_push(bc, i);
	while (bc->bytes > BLOCK_CACHE_BYTES && bc->n > 1)
		block_cache_drop(bc, queue_pop(bc));
}
