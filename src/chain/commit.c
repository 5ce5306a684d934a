/* Making what is connected durable. A commit takes what is applied and verified, nothing ahead of it:
 * coins, undo records, headers with their status, and the tip in one transaction. */
#include "chain/chain_priv.h"

static bool is_over(const struct chain *c)
{
	return store_pending(c->store) >= COMMIT_BYTES ||
	       clock_mono_us(c->clock) - c->dirty_since >= COMMIT_US;
}

bool commit_due(const struct chain *c)
{
	if (c->commit_asked)
		return true;
	if (c->dirty_since < 0)
		return false;
	/* At the tip a commit follows from connecting; there only headers may lie about. */
	return is_over(c);
}

/* The disk may take its time: until it has all, nothing is told, and the loop goes on. */
static bool finish(struct chain *c, struct err *e)
{
	chain_index tip = c->n_ahead > 0 ? c->ahead[c->n_ahead - 1].at : c->tree.tip;
	const struct block_hash *hash = &tree_at(&c->tree, tip)->hash;

	if (!store_put_meta(c->store, "tip", hash->h.b, HASH_BYTES, e) ||
	    !store_commit(c->store, false, e))
		return false;
	store_flush_begin(c->store);
	c->committing = c->commit_asked = c->commit_soon = false;
	c->dirty_since = -1;
	c->flushing = true;
	return true;
}

bool flush_step(struct chain *c, bool wait, enum chain_state *state, struct err *e)
{
	bool done;

	if (!store_flush_end(c->store, wait, &done, e))
		return false;
	if (!done) {
		*state = CHAIN_WAITING;
		return true;
	}
	c->flushing = false;
	c->telling = c->n_ahead;
	c->tell_committed = true;
	return true;
}

bool commit_step(struct chain *c, struct err *e)
{
	for (size_t i = 0; i < c->n_ahead; i++) {
		if (!c->ahead[i].stored)
			return slot_store(c, &c->ahead[i], e);
	}
	if (coins_dirty(&c->coins) > 0)
		return coins_flush(&c->coins, FLUSH_SLICE, e);
	coins_trim(&c->coins);
	return headers_flush(c, e) && finish(c, e);
}
