/* A commit takes what is applied and verified, in one transaction: coins, undo records, headers
 * with their status, and the tip. */
#include "chain/commit_priv.h"

#include "chain/header_writer_priv.h"

/* While catching up a commit is due when the store's transaction has this many bytes, or this time
 * after the last one. */
#define COMMIT_BYTES (32U << 20)
#define COMMIT_US    (5 * INT64_C(1000000))

bool commit_due(const struct chain *c)
{
	if (c->commit_need == COMMIT_NOW)
		return true;
	if (c->commit_need == COMMIT_CLEAN)
		return false;
	return store_pending(c->store) >= COMMIT_BYTES ||
	       clock_mono_us(c->clock) - c->dirty_since >= COMMIT_US;
}

/* The fsync runs on a thread of the store. Until it ends nothing is reported, but the loop goes
 * on. */
static bool commit_transaction(struct chain *c, struct err *e)
{
	chain_index tip = c->n_ahead > 0 ? c->ahead[c->n_ahead - 1].at : c->tree.tip;
	const struct block_hash *hash = &tree_at(&c->tree, tip)->hash;

	if (!store_put_meta(c->store, "tip", hash->h.b, HASH_BYTES, e) ||
	    !store_commit(c->store, false, e))
		return false;
	store_flush_begin(c->store);
	c->commit_need = COMMIT_CLEAN;
	c->dirty_since = -1;
	c->commit_state = COMMIT_FLUSH;
	return true;
}

bool commit_write_step(struct chain *c, struct err *e)
{
	for (size_t i = 0; i < c->n_ahead; i++) {
		if (!c->ahead[i].undo_stored)
			return apply_store_undo(c, &c->ahead[i], e);
	}
	if (coins_dirty(&c->coins) > 0)
		return coins_flush(&c->coins, COINS_FLUSH_SLICE, e);
	coins_trim(&c->coins);
	return headers_flush(c, e) && commit_transaction(c, e);
}

bool commit_flush_step(struct chain *c, bool wait, enum chain_work_state *state, struct err *e)
{
	bool done;

	if (!store_flush_end(c->store, wait, &done, e))
		return false;
	if (done)
		c->commit_state = c->n_ahead > 0 ? COMMIT_CONNECT : COMMIT_NOTIFY;
	else
		*state = CHAIN_WAITING;
	return true;
}
