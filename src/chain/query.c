/* Reading the tree and what is stored. */
#include "chain/query_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "chain/chain_state_priv.h"
#include "chain/header_writer_priv.h"
#include "chain/undo_priv.h"

struct chain_entry chain_tip(const struct chain *c)
{
	return chain_entry_of(c, c->tree.tip);
}

uint32_t chain_height(const struct chain *c)
{
	return tree_at(&c->tree, c->tree.tip)->height;
}

struct chain_entry chain_best_header(const struct chain *c)
{
	return chain_entry_of(c, c->tree.best_header);
}

struct chain_entry chain_best_complete(const struct chain *c)
{
	return chain_entry_of(c, c->best_complete);
}

bool chain_entry_at(const struct chain *c, chain_index i, struct chain_entry *out)
{
	if (i >= c->tree.len)
		return false;
	*out = chain_entry_of(c, i);
	return true;
}

bool chain_find(const struct chain *c, const struct block_hash *hash, struct chain_entry *out)
{
	chain_index i = tree_find(&c->tree, hash);

	if (i == CHAIN_NONE)
		return false;
	if (out != NULL)
		*out = chain_entry_of(c, i);
	return true;
}

bool chain_at_height(const struct chain *c, uint32_t height, struct chain_entry *out)
{
	if (!chain_has_genesis(c) || height > chain_height(c))
		return false;
	*out = chain_entry_of(c, c->tree.at_height[height]);
	return true;
}

bool chain_on_best(const struct chain *c, chain_index i)
{
	return i < c->tree.len && tree_on_best(&c->tree, i);
}

chain_index chain_fork(const struct chain *c, chain_index a, chain_index b)
{
	return tree_fork(&c->tree, a, b);
}

chain_index chain_ancestor(const struct chain *c, chain_index i, uint32_t height)
{
	return tree_ancestor(&c->tree, i, height);
}

size_t chain_path(const struct chain *c, chain_index i, uint32_t first, chain_index *out,
		  size_t max)
{
	uint32_t height = tree_at(&c->tree, i)->height;
	size_t n;

	if (first > height || max == 0)
		return 0;
	n = MIN((size_t)(height - first) + 1, max);
	i = tree_ancestor(&c->tree, i, first + (uint32_t)n - 1);
	for (size_t k = n; k-- > 0; i = tree_at(&c->tree, i)->prev)
		out[k] = i;
	return n;
}

/* --- branches --------------------------------------------------------------------- */

struct ranked {
	unsigned __int128 rank;
	chain_index i;
};

static int by_rank(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return (x->i > y->i) - (x->i < y->i);
}

size_t chain_leaves(const struct chain *c, chain_index *out, size_t max)
{
	size_t n = c->tree.n_leaves;
	struct ranked *all = mem_array(n + 1, sizeof(*all));

	for (size_t k = 0; k < n; k++) {
		chain_index i = c->tree.leaves[k];

		all[k].i = i;
		all[k].rank = i == c->tree.tip ? ~(unsigned __int128)0 : tree_at(&c->tree, i)->work;
	}
	qsort(all, n, sizeof(*all), by_rank);
	for (size_t k = 0; k < n && k < max; k++)
		out[k] = all[k].i;
	free(all);
	return n;
}

size_t chain_all_at_height(const struct chain *c, uint32_t height, chain_index *out, size_t max)
{
	chain_index i = height < c->tree.heights ? c->tree.at_height[height] : CHAIN_NONE;
	struct ranked *all;
	size_t n = 0, cap = 0;

	for (all = NULL; i != CHAIN_NONE; i = tree_at(&c->tree, i)->sibling) {
		mem_reserve(&all, &cap, n + 1, sizeof(*all));
		all[n++] = (struct ranked){.rank = TREE_SEQ_MAX - tree_seq(&c->tree, i), .i = i};
	}
	if (n > 0)
		qsort(all, n, sizeof(*all), by_rank);
	for (size_t k = 0; k < n && k < max; k++)
		out[k] = all[k].i;
	free(all);
	return n;
}

size_t chain_header_count(const struct chain *c)
{
	return c->tree.len;
}

size_t chain_memory(const struct chain *c)
{
	return tree_memory(&c->tree) + coins_memory(&c->coins);
}

/* --- difficulty ------------------------------------------------------------------- */

uint32_t chain_next_bits(const struct chain *c, chain_index parent)
{
	const struct tree_entry *en = tree_at(&c->tree, parent);
	uint32_t before = en->prev == CHAIN_NONE ? 0 : tree_at(&c->tree, en->prev)->time;

	return next_bits(&c->params, en->height, en->bits, en->time, before);
}

/* --- what is stored --------------------------------------------------------------- */

bool chain_read_header(const struct chain *c, chain_index i, struct block_header *out,
		       struct err *e)
{
	uint8_t bytes[HEADER_BYTES];

	if (!headers_read(c, i, bytes, e))
		return false;
	header_decode(out, bytes);
	return true;
}

bool chain_read_block(const struct chain *c, chain_index i, struct block **out, struct err *e)
{
	const struct tree_entry *en = tree_at(&c->tree, i);
	struct block *b = block_cache_get(&c->block_cache, i);
	uint8_t *raw;
	size_t n;

	for (size_t k = 0; b == NULL && k < c->n_ahead; k++) {
		if (c->ahead[k].at == i)
			b = c->ahead[k].b;
	}
	if (b != NULL) {
		*out = block_ref(b);
		return true;
	}
	if ((en->seq_status & CHAIN_HAVE_BODY) == 0)
		return err_set(e, ERR_NOTFOUND, "no-body",
			       "only the header of this block is known");
	if (!store_get_block(c->store, en->height, tree_seq(&c->tree, i), &raw, &n, e))
		return false;
	if (!block_decode_take(out, raw, n, e))
		return err_set(e, ERR_CORRUPT, "db-damaged",
			       "block %u can't be decoded: run 'tally reindex'", en->height);
	if (hash256_equal(&(*out)->hash.h, &en->hash.h))
		return true;
	block_unref(*out);
	return err_set(e, ERR_CORRUPT, "db-damaged",
		       "block %u has another hash than its header: run 'tally reindex'",
		       en->height);
}

bool chain_read_undo(const struct chain *c, chain_index i, struct coin **coins, size_t *n,
		     struct err *e)
{
	const struct tree_entry *en = tree_at(&c->tree, i);
	struct err why = {0};
	uint8_t *raw = NULL;
	size_t bytes = 0;
	bool ok;

	if ((en->seq_status & CHAIN_HAVE_UNDO) == 0)
		return err_set(e, ERR_NOTFOUND, "no-undo", "this block was never connected");
	/* A block that spends nothing has no record. */
	if (!store_get_undo(c->store, en->height, tree_seq(&c->tree, i), &raw, &bytes, &why) &&
	    why.cls != ERR_NOTFOUND) {
		if (e != NULL)
			*e = why;
		return false;
	}
	ok = undo_decode(coins, n, (struct span){raw, bytes}, e);
	free(raw);
	return ok;
}

/* --- locators --------------------------------------------------------------------- */

size_t chain_locator(const struct chain *c, chain_index from,
		     struct block_hash out[CHAIN_LOCATOR_MAX])
{
	chain_index at = from == CHAIN_NONE ? c->tree.tip : from;
	uint32_t step = 1;
	size_t n = 0;

	for (;;) {
		uint32_t height = tree_at(&c->tree, at)->height;

		out[n++] = tree_at(&c->tree, at)->hash;
		if (height == 0)
			return n;
		if (n >= 10)
			step *= 2;
		/* Ten, then one for each doubling of a 32-bit height: fewer than
		 * CHAIN_LOCATOR_MAX. */
		at = tree_ancestor(&c->tree, at, height > step ? height - step : 0);
	}
}

chain_index chain_locate(const struct chain *c, const struct block_hash *hashes, size_t n)
{
	for (size_t k = 0; k < n; k++) {
		chain_index i = tree_find(&c->tree, &hashes[k]);

		if (i != CHAIN_NONE && tree_on_best(&c->tree, i))
			return i;
	}
	return 0;
}

/* --- coins ------------------------------------------------------------------------ */

static bool get_coin(void *ctx, const struct outpoint *o, struct coin *out, struct err *e)
{
	const struct coins *cs = ctx;

	return coins_get(cs, o, out, e);
}

struct coin_view chain_coins(const struct chain *c)
{
	return (struct coin_view){.get = get_coin, .ctx = (void *)&c->coins};
}
