/* Blocks whose time has not come. At most CHAIN_FUTURE_MAX and FUTURE_BYTES are kept; where it is too
 * many the one that is due last goes, the newcomer before older ones of the same time. */
#include <stdlib.h>

#include <tally/base/mem.h>

#include "chain/chain_priv.h"

#define FUTURE_BYTES (16U << 20)

const struct block *future_find(const struct chain *c, const struct block_hash *hash)
{
	for (size_t i = 0; i < c->n_future; i++) {
		if (hash256_equal(&c->future[i].b->hash.h, &hash->h))
			return c->future[i].b;
	}
	return NULL;
}

bool chain_has_future(const struct chain *c, const struct block_hash *hash)
{
	return future_find(c, hash) != NULL;
}

static struct block *take_out(struct chain *c, size_t i)
{
	struct block *b = c->future[i].b;

	c->future_bytes -= b->raw.len;
	c->future[i] = c->future[--c->n_future];
	return b;
}

static bool earlier(const struct future *a, const struct future *b)
{
	if (a->b->header.time != b->b->header.time)
		return a->b->header.time < b->b->header.time;
	return a->order < b->order;
}

static size_t last_due(const struct chain *c)
{
	size_t last = 0;

	for (size_t i = 1; i < c->n_future; i++) {
		if (earlier(&c->future[last], &c->future[i]))
			last = i;
	}
	return last;
}

void future_keep(struct chain *c, struct block *b)
{
	if (future_find(c, &b->hash) != NULL)
		return;
	mem_reserve(&c->future, &c->future_cap, c->n_future + 1, sizeof(*c->future));
	c->future[c->n_future++] = (struct future){.b = block_ref(b), .order = c->future_order++};
	c->future_bytes += b->raw.len;
	while (c->n_future > CHAIN_FUTURE_MAX || c->future_bytes > FUTURE_BYTES)
		block_unref(take_out(c, last_due(c)));
}

size_t chain_retry_future(struct chain *c)
{
	int64_t now = clock_unix(c->clock);
	size_t tried = 0;

	/* In order of time, so that a parent comes before its child. */
	while (c->n_future > 0 && !c->broken) {
		size_t first = 0;
		struct block *b;

		for (size_t i = 1; i < c->n_future; i++) {
			if (earlier(&c->future[i], &c->future[first]))
				first = i;
		}
		if ((int64_t)c->future[first].b->header.time > now + MAX_FUTURE_SECONDS)
			break;
		b = take_out(c, first);
		(void)chain_accept_block(c, b, NULL);
		block_unref(b);
		tried++;
	}
	return tried;
}

void future_clear(struct chain *c)
{
	while (c->n_future > 0)
		block_unref(take_out(c, c->n_future - 1));
	free(c->future);
	c->future = NULL;
	c->future_cap = 0;
}
