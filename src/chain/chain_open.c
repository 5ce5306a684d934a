/* Opening and closing a chain, and its genesis block. */
#include <tally/chain/chain_open.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "chain/block_accept_priv.h"
#include "chain/chain_state_priv.h"
#include "chain/connect_priv.h"
#include "chain/future_blocks_priv.h"

/* Among branches of equal work the one that was complete first wins. Which one that was is not
 * stored, so after a restart the stored best chain wins every tie, and all others are equal. */
enum { ORDER_BEST_CHAIN = 0, ORDER_STORED = 1, ORDER_FIRST_NEW = 2 };

/* --- loading ---------------------------------------------------------------------- */

static bool set_damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_CORRUPT, "db-damaged", "%s: run 'tally reindex'", what);
}

/* The store returns headers in order of height, so a parent comes before its children. */
static bool load_header(void *arg, uint32_t height, uint32_t seq,
			const uint8_t header[HEADER_BYTES], uint32_t status, struct err *e)
{
	struct chain *c = arg;
	struct block_header h;
	struct block_hash hash;
	chain_index prev = CHAIN_NONE, i;

	header_decode(&h, header);
	sha256d(&hash.h, header, HEADER_BYTES);
	if (tree_find(&c->tree, &hash) != CHAIN_NONE)
		return set_damaged(e, "a header is stored twice");
	if (c->tree.len > 0) {
		prev = tree_find(&c->tree, &h.prev);
		if (prev == CHAIN_NONE)
			return set_damaged(e, "the parent of a header is missing");
	}
	/* tree_add derives this bit from the parent. */
	status &= TREE_STORED_BITS & ~(uint32_t)CHAIN_FAILED_ANCESTOR;
	i = tree_add(
		&c->tree,
		&(struct new_header){
			.hash = &hash, .header = &h, .prev = prev, .seq = seq, .status = status});
	if (i == CHAIN_NONE || tree_at(&c->tree, i)->height != height)
		return set_damaged(e, "a header is stored under a wrong height");
	return true;
}

static void load_complete(struct chain *c)
{
	c->next_complete_order = ORDER_FIRST_NEW;
	for (chain_index i = 0; i < c->tree.len; i++) {
		struct tree_entry *en = tree_at(&c->tree, i);

		if ((en->seq_status & CHAIN_HAVE_BODY) == 0)
			continue;
		if (en->prev != CHAIN_NONE &&
		    (tree_status(&c->tree, en->prev) & TREE_COMPLETE) == 0) {
			accept_stored_body(c, i);
			continue;
		}
		en->seq_status |= TREE_COMPLETE;
		en->complete_order = tree_on_best(&c->tree, i) ? ORDER_BEST_CHAIN : ORDER_STORED;
	}
	c->best_complete = tree_best_complete(&c->tree);
}

static bool load_params(struct chain *c, struct err *e)
{
	struct block *b;
	uint8_t *raw;
	size_t n;
	bool ok;

	if (!store_get_block(c->store, 0, tree_seq(&c->tree, 0), &raw, &n, e) ||
	    !block_decode_take(&b, raw, n, e))
		return false;
	ok = genesis_read(&c->params, b, e);
	block_unref(b);
	if (ok)
		c->genesis_work = work_of_bits(c->params.genesis_bits);
	return ok;
}

static bool load_chain(struct chain *c, struct err *e)
{
	struct block_hash tip;
	struct err why = {0};
	size_t n = sizeof(tip.h.b);
	chain_index i;

	if (!store_each_header(c->store, load_header, c, e))
		return false;
	if (c->tree.len == 0)
		return true;
	if (!store_get_meta(c->store, "tip", tip.h.b, &n, &why)) {
		if (why.cls == ERR_NONE)
			return set_damaged(e, "the tip is not recorded");
		if (e != NULL)
			*e = why;
		return false;
	}
	i = n == sizeof(tip.h.b) ? tree_find(&c->tree, &tip) : CHAIN_NONE;
	if (i == CHAIN_NONE)
		return set_damaged(e, "the tip is not among the headers");
	tree_load_tip(&c->tree, i);
	load_complete(c);
	if ((tree_status(&c->tree, i) & TREE_COMPLETE) == 0 ||
	    (tree_status(&c->tree, i) & CHAIN_ANY_FAILED) != 0)
		return set_damaged(e, "blocks of the best chain are missing");
	c->notified_work = tree_at(&c->tree, i)->work;
	return load_params(c, e);
}

bool chain_open(struct chain **out, const struct chain_options *o, struct err *e)
{
	struct chain *c = NEW(struct chain);

	c->store = o->store;
	c->sigpool = o->sigpool;
	c->clock = o->clock;
	if (o->events != NULL)
		c->events = *o->events;
	c->events_arg = o->events_arg;
	c->dirty_since = -1;
	c->best_complete = CHAIN_NONE;
	c->next_complete_order = ORDER_FIRST_NEW;
	tree_init(&c->tree);
	map_init(&c->unsaved, sizeof(chain_index), HEADER_BYTES);
	block_cache_init(&c->block_cache);
	coins_init(&c->coins, o->store, o->cache_bytes);
	if (!load_chain(c, e)) {
		c->failed = true; /* so that chain_close writes nothing */
		chain_close(c);
		return false;
	}
	*out = c;
	return true;
}

/* --- closing ---------------------------------------------------------------------- */

/* Undoes everything down to the tip, without waiting for signatures. */
static bool drop_ahead(struct chain *c, struct err *e)
{
	const int64_t never = INT64_MAX;
	bool done;

	if (c->disconnecting.b != NULL) {
		if (!apply_undo_step(c, &c->disconnecting, never, &done, e))
			return false;
		tree_disconnect(&c->tree);
		apply_clear(&c->disconnecting);
	}
	while (c->n_ahead > 0) {
		struct block_apply *a = &c->ahead[c->n_ahead - 1];

		if (!apply_undo_step(c, a, never, &done, e))
			return false;
		apply_clear(a);
		c->n_ahead--;
	}
	c->op = APPLY_NONE;
	return true;
}

static void close_store(struct chain *c)
{
	struct err why = {0};
	bool ok;

	memset(&c->events, 0, sizeof(c->events));
	if (c->commit_state == COMMIT_IDLE)
		ok = drop_ahead(c, &why);
	else
		ok = connect_finish_commit(c, &why);
	/* If a block could not be undone, the coins are those of no tip: nothing may be
	 * committed. */
	if (!ok || (c->commit_need > COMMIT_CLEAN && !chain_commit(c, &why)))
		log_error(LOG_CHAIN, "the last commit failed: %s: %s", why.token, why.detail);
}

void chain_close(struct chain *c)
{
	if (c == NULL)
		return;
	if (!c->failed && chain_has_genesis(c))
		close_store(c);
	for (size_t i = 0; i < CHAIN_AHEAD_BLOCKS; i++)
		apply_clear(&c->ahead[i]);
	apply_clear(&c->disconnecting);
	future_blocks_clear(c);
	block_cache_clear(&c->block_cache);
	map_clear(&c->unsaved);
	coins_clear(&c->coins);
	tree_clear(&c->tree);
	free(c->incomplete);
	free(c->checks);
	free(c);
}

/* --- genesis ---------------------------------------------------------------------- */

static bool write_genesis(struct chain *c, const struct block *b, struct err *e)
{
	uint8_t header[HEADER_BYTES];
	const struct tx *tx = &b->tx[0];
	uint32_t status = CHAIN_HAVE_BODY | CHAIN_HAVE_UNDO;

	header_encode(header, &b->header);
	for (uint32_t i = 0; i < tx->n_out; i++) {
		struct outpoint o = {.txid = tx->id, .index = i};
		struct coin coin;

		if (tx_coin(tx, i, 0, &coin) && !store_put_coin(c->store, &o, &coin, e))
			return false;
	}
	return store_put_block(c->store, 0, 0, b->raw, e) &&
	       store_put_header(c->store, 0, 0, header, status, e) &&
	       store_put_meta(c->store, "tip", b->hash.h.b, HASH_BYTES, e) &&
	       store_commit(c->store, true, e);
}

bool chain_set_genesis(struct chain *c, struct block *b, struct err *e)
{
	struct chain_params params;
	struct err why = {0};

	if (c->failed)
		return chain_fail(c, NULL, e);
	if (chain_has_genesis(c))
		return err_set(e, ERR_KNOWN, "chain-exists", "there is a chain already: %s",
			       c->params.name);
	if (!genesis_read(&params, b, e))
		return false;
	if (!write_genesis(c, b, &why))
		return chain_fail(c, &why, e);
	c->params = params;
	c->genesis_work = work_of_bits(params.genesis_bits);
	c->best_complete =
		tree_add(&c->tree, &(struct new_header){.hash = &b->hash,
							.header = &b->header,
							.prev = CHAIN_NONE,
							.status = CHAIN_HAVE_BODY |
								  CHAIN_HAVE_UNDO | TREE_COMPLETE});
	tree_load_tip(&c->tree, c->best_complete);
	block_cache_put(&c->block_cache, c->best_complete, b);
	return true;
}
