/* All coins: read them in order, rebuild them from the blocks. */
#include <tally/chain/coins_rebuild.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/chain/query.h>

#include "chain/chain_state_priv.h"

#define COUNT_SLICE 512 /* coins read at a time */

bool chain_scan_coins(struct chain *c, struct chain_coin_page *page, struct err *e)
{
	static const uint8_t start[OUTPOINT_BYTES];

	if (c->failed)
		return chain_fail(c, NULL, e);
	if ((!chain_settled(c) || coins_dirty(&c->coins) > 0) && !chain_commit(c, e))
		return false;
	return store_scan_coins(c->store, page->after ? page->after : start, page->after == NULL,
				page->coins, page->max, &page->n, e);
}

static bool count_coins(struct chain *c, uint64_t *count, struct err *e)
{
	struct store_coin *slice = calloc(COUNT_SLICE, sizeof(*slice));
	uint8_t after[OUTPOINT_BYTES] = {0};
	bool ok = slice != NULL, first = true;
	size_t n = 0;

	*count = 0;
	do {
		ok = ok && store_scan_coins(c->store, after, first, slice, COUNT_SLICE, &n, e);
		if (ok && n > 0)
			outpoint_pack(after, &slice[n - 1].outpoint);
		*count += ok ? n : 0;
		first = false;
	} while (ok && n > 0);
	free(slice);
	return ok;
}

/* Genesis has no parent to be checked against, so apply_step can't apply it. */
static void add_genesis_coins(struct chain *c, const struct block *b)
{
	struct coin coin;

	for (uint32_t i = 0; i < b->tx[0].n_out; i++) {
		struct outpoint o = {.txid = b->tx[0].id, .index = i};

		if (tx_coin(&b->tx[0], i, 0, &coin))
			coins_add(&c->coins, &o, &coin);
	}
}

static bool apply_stored(struct chain *c, chain_index i, struct err *e)
{
	struct block_apply a = {.at = i, .trusted = true};
	bool ok, done = true;

	if (!chain_read_block(c, i, &a.b, e))
		return false;
	if (i == 0) {
		add_genesis_coins(c, a.b);
		ok = true;
	} else {
		ok = apply_step(c, &a, INT64_MAX, &done, e);
	}
	apply_clear(&a);
	return ok;
}

/* In one transaction, so that after a crash the old coins are unchanged. */
static bool rebuild_coins(struct chain *c, struct err *e)
{
	uint32_t tip = chain_height(c);

	coins_reset(&c->coins);
	if (!store_clear_coins(c->store, e))
		return false;
	for (uint32_t height = 0; height <= tip; height++) {
		if (!apply_stored(c, c->tree.at_height[height], e))
			return err_prefix(e, "block %u", height);
		if (height > 0 && height % 10000 == 0)
			log_info(LOG_CHAIN, "coins rebuilt up to height %u of %u", height, tip);
	}
	return coins_flush(&c->coins, SIZE_MAX, e) && store_commit(c->store, true, e);
}

bool chain_reindex_coins(struct chain *c, uint64_t *count, struct err *e)
{
	struct err why = {0};
	uint64_t n = 0;

	if (!chain_has_genesis(c))
		return err_set(e, ERR_NOTFOUND, "no-chain",
			       "there is no chain yet: nothing to rebuild");
	/* The transaction must hold nothing but the rebuilt coins. If rebuilding fails, chain_fail
	 * below makes sure that a part of them is never committed. */
	if (!chain_commit(c, e))
		return false;
	if (!rebuild_coins(c, &why) || !count_coins(c, &n, &why))
		return chain_fail(c, &why, e);
	if (count != NULL)
		*count = n;
	return true;
}
