/* The lowest helpers of the layer: failure of the store, a header's entry, the need for a
 * commit. */
#include "chain/chain_state_priv.h"

#include <tally/base/log.h>

bool chain_fail(struct chain *c, const struct err *why, struct err *e)
{
	if (why != NULL && !c->failed) {
		c->failed = true;
		c->failure = *why;
		log_error(LOG_CHAIN, "the chain has stopped: %s: %s", why->token, why->detail);
	}
	if (e != NULL)
		*e = c->failure;
	return false;
}

bool chain_failed(const struct chain *c, struct err *e)
{
	if (c->failed && e != NULL)
		*e = c->failure;
	return c->failed;
}

bool chain_has_genesis(const struct chain *c)
{
	return c->tree.len > 0;
}

const struct chain_params *chain_params(const struct chain *c)
{
	return &c->params;
}

struct chain_entry chain_entry_of(const struct chain *c, chain_index i)
{
	const struct tree_entry *en = tree_at(&c->tree, i);
	struct u256 work = {{(uint64_t)en->work, (uint64_t)(en->work >> 64), 0, 0}};

	return (struct chain_entry){.hash = en->hash,
				    .work = u256_add(&work, &c->genesis_work),
				    .index = i,
				    .prev = en->prev,
				    .height = en->height,
				    .time = en->time,
				    .bits = en->bits,
				    .status = en->seq_status & TREE_STORED_BITS};
}

void chain_changed(struct chain *c, enum commit_need need)
{
	if (c->dirty_since < 0)
		c->dirty_since = clock_mono_us(c->clock);
	if (need > c->commit_need)
		c->commit_need = need;
}
