/* Following the best chain and the mempool. */
#include <tally/wallet/chain_sync.h>

#include <string.h>

#include <tally/base/log.h>
#include <tally/chain/query.h>

#include "wallet/tx_db_priv.h"
#include "wallet/tx_state_priv.h"

void wallet_set_chain(struct wallet *w, const struct chain *c)
{
	w->chain = c;
	w->synced.index = CHAIN_NONE;
	w->sums_valid = false;
}

static void set_synced(struct wallet *w, const struct chain_entry *at)
{
	w->synced = (struct synced_block){
		.known = true, .hash = at->hash, .height = at->height, .index = at->index};
	w->synced_dirty = true;
	w->sums_valid = false; /* maturity depends on the height */
}

static void connect_block(struct wallet *w, const struct chain_entry *at, const struct block *b)
{
	for (uint32_t i = 0; i < b->n_tx && w->n_keys; i++) {
		const struct tx *tx = &b->tx[i];
		uint32_t t = tx_state_find(w, &tx->id);

		if (t == NO_INDEX && tx_state_concerns(w, tx))
			t = tx_state_add(w, tx, at->time);
		if (t == NO_INDEX)
			tx_state_abandon_conflicts(w, tx);
		else
			tx_state_set_confirmed(w, t, tx, at);
	}
	set_synced(w, at);
}

/* Its block left the best chain. A coinbase is invalid without its block; any other transaction may
 * be confirmed again. */
static void set_unconfirmed(struct wallet *w, uint32_t t, const struct tx *raw)
{
	tx_state_set_inactive(w, t, raw);
	if (w->txs[t].coinbase)
		tx_state_abandon(w, t);
}

void wallet_block_connected(struct wallet *w, const struct chain_entry *at, const struct block *b)
{
	if (w->synced.known ? hash256_equal(&w->synced.hash.h, &b->header.prev.h)
			    : at->height == 0 || !w->n_keys)
		connect_block(w, at, b);
}

void wallet_block_disconnected(struct wallet *w, const struct chain_entry *at,
			       const struct block *b)
{
	struct chain_entry prev;

	if (!w->synced.known || !hash256_equal(&w->synced.hash.h, &at->hash.h) ||
	    !chain_entry_at(w->chain, at->prev, &prev))
		return;
	for (uint32_t i = b->n_tx; i > 0; i--) {
		const struct tx *tx = &b->tx[i - 1];
		uint32_t t = tx_state_find(w, &tx->id);

		if (t != NO_INDEX && w->txs[t].state == TX_CONFIRMED &&
		    hash256_equal(&w->txs[t].block.h, &at->hash.h))
			set_unconfirmed(w, t, tx);
	}
	set_synced(w, &prev);
}

/* The last hash of a locator is the genesis block of its chain. */
static bool other_chain(const struct wallet *w)
{
	return w->n_locator && !hash256_equal(&w->locator[w->n_locator - 1].h,
					      &chain_params(w->chain)->genesis_hash.h);
}

/* The last block of the best chain that the wallet has processed. */
static bool find_fork(const struct wallet *w, struct chain_entry *fork)
{
	struct chain_entry at;
	chain_index i;

	if (chain_find(w->chain, &w->synced.hash, &at))
		i = chain_fork(w->chain, at.index, chain_tip(w->chain).index);
	else
		i = chain_locate(w->chain, w->locator, w->n_locator);
	return chain_entry_at(w->chain, i, fork);
}

static bool unconfirm_stale_branch(struct wallet *w, struct err *e)
{
	struct chain_entry fork;

	if (!find_fork(w, &fork))
		return err_set(e, ERR_INTERNAL, "wallet-fork",
			       "the last block that the wallet has processed is not in this chain");
	if (!tx_db_load_stale(w, e))
		return false;
	/* Coinbases last. Abandoning a coinbase also abandons its descendants, but only those that
	 * are unconfirmed. So the descendants must become unconfirmed first. */
	for (int coinbases = 0; coinbases <= 1; coinbases++)
		for (size_t t = w->n_txs; t > 0; t--)
			if (w->txs[t - 1].coinbase == coinbases && tx_is_stale(w, &w->txs[t - 1]))
				set_unconfirmed(w, (uint32_t)(t - 1), w->txs[t - 1].raw);
	set_synced(w, &fork);
	return true;
}

/* Moves `synced` to the best chain if that has changed since. */
static bool sync_to_best_chain(struct wallet *w, struct err *e)
{
	struct chain_entry at;

	if (w->synced.known && other_chain(w)) {
		log_warn(LOG_WALLET, "the wallet followed another chain: its history starts again");
		if (!tx_db_forget_all(w, e))
			return false;
		w->synced = (struct synced_block){.index = CHAIN_NONE};
		w->synced_dirty = true;
	}
	if (!w->synced.known)
		return true;
	if (chain_find(w->chain, &w->synced.hash, &at) && chain_on_best(w->chain, at.index)) {
		w->synced.index = at.index;
		return true;
	}
	return unconfirm_stale_branch(w, e);
}

bool wallet_abandon(struct wallet *w, const struct txid *id, struct err *e)
{
	const uint32_t t = tx_state_find(w, id);

	if (t == NO_INDEX)
		return err_set(e, ERR_NOTFOUND, "no-such-tx",
			       "the wallet has no such transaction: listtransactions lists them");
	if (w->txs[t].state != TX_INACTIVE)
		return err_set(e, ERR_USAGE, "not-abandonable",
			       "only a transaction that is neither in a block nor in the "
			       "mempool can be abandoned");
	tx_state_abandon(w, t);
	return true;
}

bool wallet_catch_up(struct wallet *w, int64_t budget_us, bool *more, struct err *e)
{
	int64_t deadline = clock_mono_us(w->o.clock) + budget_us;
	struct chain_entry tip;

	*more = false;
	if (!w->chain || !chain_has_genesis(w->chain))
		return true;
	if (!sync_to_best_chain(w, e))
		return false;
	tip = chain_tip(w->chain);
	if (!w->n_keys && !w->n_txs && (!w->synced.known || w->synced.height < tip.height)) {
		set_synced(w, &tip);
		return true;
	}
	while (!w->synced.known || w->synced.height < tip.height) {
		struct chain_entry at;
		struct block *b;

		if (!chain_at_height(w->chain, w->synced.known ? w->synced.height + 1 : 0, &at))
			return err_set(e, ERR_INTERNAL, "wallet-height",
				       "the best chain has no block above height %u",
				       w->synced.height);
		if (!chain_read_block(w->chain, at.index, &b, e))
			return false;
		connect_block(w, &at, b);
		block_unref(b);
		if (clock_mono_us(w->o.clock) >= deadline) {
			*more = w->synced.height < tip.height;
			break;
		}
	}
	return true;
}

void wallet_mempool_added(struct wallet *w, const struct tx *tx)
{
	uint32_t t = tx_state_find(w, &tx->id);

	if (t == NO_INDEX && tx_state_concerns(w, tx))
		t = tx_state_add(w, tx, clock_unix(w->o.clock));
	if (t == NO_INDEX)
		tx_state_abandon_conflicts(w, tx);
	else if (w->txs[t].state != TX_CONFIRMED)
		tx_state_set_pending(w, t, tx);
}

void wallet_mempool_removed(struct wallet *w, const struct tx *tx, const char *reason)
{
	uint32_t t = tx_state_find(w, &tx->id);

	if (t == NO_INDEX || !tx_is_unconfirmed(&w->txs[t]) || strcmp(reason, "block") == 0)
		return;
	if (strcmp(reason, "conflict") == 0)
		tx_state_abandon(w, t);
	else
		tx_state_set_inactive(w, t, tx);
}
