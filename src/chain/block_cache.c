/* Bodies accepted lately are wanted soon: to be connected, told of, sent on. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "chain/chain_priv.h"

struct recent_entry {
	struct block *b;
	size_t bytes;
};

static size_t block_bytes(const struct block *b)
{
	/* Decoded it takes about as much again as its bytes. */
	return sizeof(*b) + 2 * b->raw.len + b->n_tx * sizeof(*b->tx);
}

void recent_init(struct recent *r)
{
	memset(r, 0, sizeof(*r));
	map_init(&r->by_index, sizeof(chain_index), sizeof(struct recent_entry));
}

void recent_clear(struct recent *r)
{
	const void *key;
	void *value;

	for (size_t at = 0; map_next(&r->by_index, &at, &key, &value);)
		block_unref(((struct recent_entry *)value)->b);
	map_clear(&r->by_index);
	free(r->queue);
	memset(r, 0, sizeof(*r));
	map_init(&r->by_index, sizeof(chain_index), sizeof(struct recent_entry));
}

struct block *recent_get(const struct recent *r, chain_index i)
{
	const struct recent_entry *en = map_get(&r->by_index, &i);

	return en == NULL ? NULL : en->b;
}

void recent_drop(struct recent *r, chain_index i)
{
	struct recent_entry *en = map_get(&r->by_index, &i);

	if (en == NULL)
		return;
	r->bytes -= en->bytes;
	block_unref(en->b);
	map_del(&r->by_index, &i);
}

static void queue_push(struct recent *r, chain_index i)
{
	if (r->n == r->queue_cap) {
		size_t cap = r->queue_cap == 0 ? 64 : r->queue_cap * 2;
		chain_index *queue = mem_array(cap, sizeof(*queue));

		for (size_t k = 0; k < r->n; k++)
			queue[k] = r->queue[(r->first + k) % r->queue_cap];
		free(r->queue);
		r->queue = queue;
		r->queue_cap = cap;
		r->first = 0;
	}
	r->queue[(r->first + r->n++) % r->queue_cap] = i;
}

static chain_index queue_pop(struct recent *r)
{
	chain_index i = r->queue[r->first];

	r->first = (r->first + 1) % r->queue_cap;
	r->n--;
	return i;
}

void recent_put(struct recent *r, chain_index i, struct block *b)
{
	bool added;
	struct recent_entry *en = map_put(&r->by_index, &i, &added);

	if (!added)
		return;
	*en = (struct recent_entry){.b = block_ref(b), .bytes = block_bytes(b)};
	r->bytes += en->bytes;
	/* Names of what was dropped meanwhile go first. */
	while (r->n > 0 && recent_get(r, r->queue[r->first]) == NULL)
		(void)queue_pop(r);
	queue_push(r, i);
	while (r->bytes > RECENT_BYTES && r->n > 1)
		recent_drop(r, queue_pop(r));
}
