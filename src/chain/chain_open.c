/* Opening and closing, and the genesis block. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "chain/chain_priv.h"

bool chain_break(struct chain *c, const struct err *why, struct err *e)
{
	if (why != NULL && !c->broken) {
		c->broken = true;
		c->why = *why;
		log_error(LOG_CHAIN, "stopped: %s: %s", why->token, why->detail);
	}
	if (e != NULL)
		*e = c->why;
	return false;
}

bool chain_failed(const struct chain *c, struct err *e)
{
	if (c->broken && e != NULL)
		*e = c->why;
	return c->broken;
}

void chain_changed(struct chain *c, bool soon)
{
	if (c->dirty_since < 0)
		c->dirty_since = clock_mono_us(c->clock);
	c->commit_soon = c->commit_soon || soon;
}

/* --- loading ---------------------------------------------------------------------- */

static bool damaged(struct err *e, const char *what)
{
	return err_set(e, ERR_CORRUPT, "db-damaged", "%s: run 'tally reindex'", what);
}

/* In order of height, so every parent is there before its children. */
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
		return damaged(e, "a header is there twice");
	if (c->tree.len > 0) {
		prev = tree_find(&c->tree, &h.prev);
		if (prev == CHAIN_NONE)
			return damaged(e, "a header without its parent");
	}
	/* Failure of an ancestor is found again here, from the ancestor. */
	status &= TREE_STORED_BITS & ~(uint32_t)CHAIN_FAILED_ANCESTOR;
	i = tree_add(&c->tree, &hash, &h, prev, seq, status);
	if (i == CHAIN_NONE || tree_at(&c->tree, i)->height != height)
		return damaged(e, "a header in the wrong place");
	return true;
}

/* After a restart nobody knows which came first: the stored chain wins every tie (order 0), the
 * others are equal (1). */
static void load_complete(struct chain *c)
{
	c->next_order = 2;
	for (chain_index i = 0; i < c->tree.len; i++) {
		struct tree_entry *en = tree_at(&c->tree, i);

		if ((en->seq_status & CHAIN_HAVE_BODY) == 0)
			continue;
		if (en->prev != CHAIN_NONE &&
		    (tree_status(&c->tree, en->prev) & TREE_COMPLETE) == 0) {
			accept_body(c, i); /* waits */
			continue;
		}
		en->seq_status |= TREE_COMPLETE;
		en->order = tree_on_best(&c->tree, i) ? 0 : 1;
	}
	c->best = tree_best_complete(&c->tree);
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

static bool load(struct chain *c, struct err *e)
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
			return damaged(e, "the tip is not recorded");
		if (e != NULL)
			*e = why;
		return false;
	}
	i = n == sizeof(tip.h.b) ? tree_find(&c->tree, &tip) : CHAIN_NONE;
	if (i == CHAIN_NONE)
		return damaged(e, "the tip is not among the headers");
	tree_load_tip(&c->tree, i);
	load_complete(c);
	if ((tree_status(&c->tree, i) & TREE_COMPLETE) == 0 ||
	    (tree_status(&c->tree, i) & CHAIN_ANY_FAILED) != 0)
		return damaged(e, "blocks of the best chain are missing");
	c->told_work = tree_at(&c->tree, i)->work;
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
	c->best = CHAIN_NONE;
	c->next_order = 2;
	tree_init(&c->tree);
	map_init(&c->unsaved, sizeof(chain_index), HEADER_BYTES);
	recent_init(&c->recent);
	coins_init(&c->coins, o->store, o->cache_bytes);
	if (!load(c, e)) {
		c->broken = true;
		chain_close(c);
		return false;
	}
	*out = c;
	return true;
}

/* --- closing ---------------------------------------------------------------------- */

/* Back to what is connected: no verdict is waited for. */
static bool drop_ahead(struct chain *c, struct err *e)
{
	const int64_t never = INT64_MAX;
	bool done;

	if (c->back.b != NULL) {
		if (!slot_undo(c, &c->back, never, &done, e))
			return false;
		tree_disconnect(&c->tree);
		slot_clear(&c->back);
	}
	while (c->n_ahead > 0) {
		struct slot *s = &c->ahead[c->n_ahead - 1];

		if (!slot_undo(c, s, never, &done, e))
			return false;
		slot_clear(s);
		c->n_ahead--;
	}
	c->op = OP_NONE;
	return true;
}

static void close_store(struct chain *c)
{
	struct err why = {0};
	bool ok = true;

	memset(&c->events, 0, sizeof(c->events));
	if (c->telling > 0) {
		/* On disk already. */
		while (c->telling > 0 && chain_work(c, 0, NULL, NULL))
			;
	} else if (!c->committing) {
		ok = drop_ahead(c, &why);
	}
	/* Half undone is not what may be on disk. */
	if (!ok || ((c->dirty_since >= 0 || c->committing) && !chain_commit(c, &why)))
		log_error(LOG_CHAIN, "the last commit failed: %s: %s", why.token, why.detail);
}

void chain_close(struct chain *c)
{
	if (c == NULL)
		return;
	if (!c->broken && chain_has_genesis(c))
		close_store(c);
	for (size_t i = 0; i < CHAIN_AHEAD_BLOCKS; i++)
		slot_clear(&c->ahead[i]);
	slot_clear(&c->back);
	future_clear(c);
	recent_clear(&c->recent);
	map_clear(&c->unsaved);
	coins_clear(&c->coins);
	tree_clear(&c->tree);
	free(c->waiting);
	free(c->checks);
	free(c);
}

/* --- genesis ---------------------------------------------------------------------- */

bool chain_has_genesis(const struct chain *c)
{
	return c->tree.len > 0;
}

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

	if (c->broken)
		return chain_break(c, NULL, e);
	if (chain_has_genesis(c))
		return err_set(e, ERR_KNOWN, "chain-exists", "there is a chain already: %s",
			       c->params.name);
	if (!genesis_read(&params, b, e))
		return false;
	if (!write_genesis(c, b, &why))
		return chain_break(c, &why, e);
	c->params = params;
	c->genesis_work = work_of_bits(params.genesis_bits);
	c->best = tree_add(&c->tree, &b->hash, &b->header, CHAIN_NONE, 0,
			   CHAIN_HAVE_BODY | CHAIN_HAVE_UNDO | TREE_COMPLETE);
	tree_load_tip(&c->tree, c->best);
	recent_put(&c->recent, c->best, b);
	return true;
}

const struct chain_params *chain_params(const struct chain *c)
{
	return &c->params;
}
