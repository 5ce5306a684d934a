/* Blocks whose time is too far in the future. At most CHAIN_FUTURE_MAX blocks and FUTURE_BYTES are
 * kept. If there are more, the block that is due last is dropped; among those of one time, the
 * newest, so that a flood can't displace older ones. */
#include "chain/future_blocks_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>
#include <tally/chain/block_accept.h>

#define FUTURE_BYTES (16U << 20)

const struct block *future_blocks_find(const struct chain *c, const struct block_hash *hash)
{
	for (size_t i = 0; i < c->n_future; i++) {
		if (hash256_equal(&c->future_blocks[i].b->hash.h, &hash->h))
			return c->future_blocks[i].b;
	}
	return NULL;
}

static struct block *take_out(struct chain *c, size_t i)
{
	struct block *b = c->future_blocks[i].b;

	c->future_bytes -= b->raw.len;
	c->future_blocks[i] = c->future_blocks[--c->n_future];
	return b;
}

static bool due_earlier(const struct future_block *x, const struct future_block *y)
{
	if (x->b->header.time != y->b->header.time)
		return x->b->header.time < y->b->header.time;
	return x->order < y->order;
}

static size_t last_due(const struct chain *c)
{
	size_t last = 0;

	for (size_t i = 1; i < c->n_future; i++) {
		if (due_earlier(&c->future_blocks[last], &c->future_blocks[i]))
			last = i;
	}
	return last;
}

static size_t first_due(const struct chain *c)
{
	size_t first = 0;

	for (size_t i = 1; i < c->n_future; i++) {
		if (due_earlier(&c->future_blocks[i], &c->future_blocks[first]))
			first = i;
	}
	return first;
}

void future_blocks_add(struct chain *c, struct block *b)
{
	if (future_blocks_find(c, &b->hash) != NULL)
		return;
	mem_reserve(&c->future_blocks, &c->future_cap, c->n_future + 1, sizeof(*c->future_blocks));
	c->future_blocks[c->n_future++] =
		(struct future_block){.b = block_ref(b), .order = c->future_order++};
	c->future_bytes += b->raw.len;
	while (c->n_future > CHAIN_FUTURE_MAX || c->future_bytes > FUTURE_BYTES)
		block_unref(take_out(c, last_due(c)));
}

struct block *future_blocks_take_due(struct chain *c, int64_t now)
{
	size_t first;

	if (c->n_future == 0)
		return NULL;
	first = first_due(c);
	if ((int64_t)c->future_blocks[first].b->header.time > now + MAX_FUTURE_SECONDS)
		return NULL;
	return take_out(c, first);
}

void future_blocks_clear(struct chain *c)
{
	while (c->n_future > 0)
		block_unref(take_out(c, c->n_future - 1));
	free(c->future_blocks);
	c->future_blocks = NULL;
	c->future_cap = 0;
}
