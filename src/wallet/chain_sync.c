/* The wallet follows the best chain and the mempool. */
#include <string.h>

#include <tally/base/log.h>

#include "wallet/wallet_priv.h"

void wallet_set_chain(struct wallet *w, const struct chain *c)
{
	w->chain = c;
	w->seen.index = CHAIN_NONE;
	w->sums_fresh = false;
}

static void set_seen(struct wallet *w, const struct chain_entry *at)
{
	w->seen = (struct seen_tip){
		.known = true, .hash = at->hash, .height = at->height, .index = at->index};
	w->seen_dirty = true;
	w->sums_fresh = false; /* maturity depends on the height */
}

static void connect_block(struct wallet *w, const struct chain_entry *at, const struct block *b)
{
	for (uint32_t i = 0; i < b->n_tx && w->n_keys; i++) {
		const struct tx *tx = &b->tx[i];
		uint32_t t = records_find(w, &tx->id);

		if (t == NO_INDEX && records_concerns(w, tx))
			t = records_add(w, tx, at->time);
		if (t == NO_INDEX)
			records_abandon_conflicts(w, tx);
		else
			records_set_confirmed(w, t, tx, at);
	}
	set_seen(w, at);
}

/* Without its block a coinbase is nothing; anything else may come again. */
static void lose_place(struct wallet *w, uint32_t t, const struct tx *raw)
{
	records_set_inactive(w, t, raw);
	if (w->txs[t].coinbase)
		records_abandon(w, t);
}

void wallet_block_connected(struct wallet *w, const struct chain_entry *at, const struct block *b)
{
	/* A wallet that is still behind comes to this block when it catches up. */
	if (w->seen.known ? hash256_equal(&w->seen.hash.h, &b->header.prev.h)
			  : at->height == 0 || !w->n_keys)
		connect_block(w, at, b);
}

void wallet_block_disconnected(struct wallet *w, const struct chain_entry *at,
			       const struct block *b)
{
	struct chain_entry prev;

	if (!w->seen.known || !hash256_equal(&w->seen.hash.h, &at->hash.h) ||
	    !chain_entry_at(w->chain, at->prev, &prev))
		return;
	for (uint32_t i = b->n_tx; i > 0; i--) {
		const struct tx *tx = &b->tx[i - 1];
		uint32_t t = records_find(w, &tx->id);

		if (t != NO_INDEX && w->txs[t].state == TX_CONFIRMED &&
		    hash256_equal(&w->txs[t].block.h, &at->hash.h))
			lose_place(w, t, tx);
	}
	set_seen(w, &prev);
}

/* The locator ends with the genesis of the chain it was made on. */
static bool other_chain(const struct wallet *w)
{
	return w->n_locator && !hash256_equal(&w->locator[w->n_locator - 1].h,
					      &chain_params(w->chain)->genesis_hash.h);
}

/* The last block of the best chain that the wallet has surely seen. */
static bool find_fork(const struct wallet *w, struct chain_entry *fork)
{
	struct chain_entry at;
	chain_index i;

	if (chain_find(w->chain, &w->seen.hash, &at))
		i = chain_fork(w->chain, at.index, chain_tip(w->chain).index);
	else
		i = chain_locate(w->chain, w->locator, w->n_locator);
	return chain_entry_at(w->chain, i, fork);
}

static bool leave_stale_branch(struct wallet *w, struct err *e)
{
	struct chain_entry fork;

	if (!find_fork(w, &fork))
		return err_set(e, ERR_INTERNAL, "wallet-fork", "the wallet's chain has no genesis");
	if (!records_load_stale(w, e))
		return false;
	/* Coinbases last: abandoning one takes along what spends it, which must have lost its place by then. */
	for (int coinbases = 0; coinbases <= 1; coinbases++)
		for (size_t t = w->n_txs; t > 0; t--)
			if (w->txs[t - 1].coinbase == coinbases && records_stale(w, &w->txs[t - 1]))
				lose_place(w, (uint32_t)(t - 1), w->txs[t - 1].raw);
	set_seen(w, &fork);
	return true;
}

/* Brings what was seen onto the best chain. */
static bool find_place(struct wallet *w, struct err *e)
{
	struct chain_entry at;

	if (w->seen.known && other_chain(w)) {
		log_warn(LOG_WALLET, "the wallet followed another chain: its history starts anew");
		if (!records_forget(w, e))
			return false;
		w->seen = (struct seen_tip){.index = CHAIN_NONE};
		w->seen_dirty = true;
	}
	if (!w->seen.known)
		return true;
	if (chain_find(w->chain, &w->seen.hash, &at) && chain_on_best(w->chain, at.index)) {
		w->seen.index = at.index;
		return true;
	}
	return leave_stale_branch(w, e);
}

bool wallet_abandon(struct wallet *w, const struct txid *id, struct err *e)
{
	const uint32_t t = records_find(w, id);

	if (t == NO_INDEX)
		return err_set(e, ERR_NOTFOUND, "no-such-tx",
			       "the wallet has no such transaction: see listtransactions");
	if (w->txs[t].state != TX_INACTIVE)
		return err_set(e, ERR_USAGE, "not-abandonable",
			       "only what waits neither in the mempool nor is in a block can be "
			       "given up");
	records_abandon(w, t);
	return true;
}

bool wallet_catch_up(struct wallet *w, int64_t budget_us, bool *more, struct err *e)
{
	int64_t deadline = clock_mono_us(w->o.clock) + budget_us;
	struct chain_entry tip;

	*more = false;
	if (!w->chain || !chain_has_genesis(w->chain))
		return true;
	if (!find_place(w, e))
		return false;
	tip = chain_tip(w->chain);
	if (!w->n_keys && !w->n_txs && (!w->seen.known || w->seen.height < tip.height)) {
		set_seen(w, &tip);
		return true;
	}
	while (!w->seen.known || w->seen.height < tip.height) {
		struct chain_entry at;
		struct block *b;

		if (!chain_at_height(w->chain, w->seen.known ? w->seen.height + 1 : 0, &at))
			return err_set(e, ERR_INTERNAL, "wallet-height", "no block above height %u",
				       w->seen.height);
		if (!chain_read_block(w->chain, at.index, &b, e))
			return false;
		connect_block(w, &at, b);
		block_unref(b);
		if (clock_mono_us(w->o.clock) >= deadline) {
			*more = w->seen.height < tip.height;
			break;
		}
	}
	return true;
}

void wallet_tx_seen(struct wallet *w, const struct tx *tx)
{
	uint32_t t = records_find(w, &tx->id);

	if (t == NO_INDEX && records_concerns(w, tx))
		t = records_add(w, tx, clock_unix(w->o.clock));
	if (t == NO_INDEX)
		records_abandon_conflicts(w, tx);
	else if (w->txs[t].state != TX_CONFIRMED)
		records_set_pending(w, t, tx);
}

void wallet_tx_gone(struct wallet *w, const struct tx *tx, const char *reason)
{
	uint32_t t = records_find(w, &tx->id);

	if (t == NO_INDEX || !tx_is_open(&w->txs[t]) || strcmp(reason, "block") == 0)
		return;
	if (strcmp(reason, "conflict") == 0)
		records_abandon(w, t);
	else
		records_set_inactive(w, t, tx);
}
