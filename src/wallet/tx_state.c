#include "wallet/tx_state_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/consensus/params.h>
#include <tally/consensus/rules.h>
#include <tally/primitives/script.h>

#include "wallet/key_store_priv.h"

bool tx_is_unconfirmed(const struct own_tx *tx)
{
	return tx->state == TX_INACTIVE || tx->state == TX_PENDING;
}

bool tx_is_own(const struct own_tx *tx)
{
	return tx->fee >= 0;
}

void tx_state_init(struct wallet *w)
{
	map_init(&w->tx_index, sizeof(struct txid), sizeof(uint64_t));
	map_init(&w->unconfirmed_spends, OUTPOINT_BYTES, sizeof(uint64_t));
}

void tx_state_clear(struct wallet *w)
{
	for (size_t i = 0; i < w->n_txs; i++) {
		tx_unref(w->txs[i].raw);
		free(w->txs[i].memo);
		free(w->txs[i].spends);
	}
	w->n_txs = w->n_coins = w->n_unspent = w->n_dirty = 0;
	map_clear(&w->tx_index);
	map_clear(&w->unconfirmed_spends);
	w->sums_valid = false;
}

void tx_state_free(struct wallet *w)
{
	tx_state_clear(w);
	free(w->txs);
	free(w->coins);
	free(w->unspent);
	free(w->dirty);
}

uint32_t tx_state_find(const struct wallet *w, const struct txid *id)
{
	const uint64_t *at = map_get(&w->tx_index, id);

	return at ? (uint32_t)*at : NO_INDEX;
}

uint32_t tx_state_find_coin(const struct wallet *w, const struct outpoint *o)
{
	uint32_t t = tx_state_find(w, &o->txid), lo, hi;

	if (t == NO_INDEX)
		return NO_INDEX;
	lo = w->txs[t].first_coin;
	hi = lo + w->txs[t].n_coins;
	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;
		if (w->coins[mid].output < o->index)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < w->txs[t].first_coin + w->txs[t].n_coins && w->coins[lo].output == o->index)
		return lo;
	return NO_INDEX;
}

bool tx_state_concerns(const struct wallet *w, const struct tx *tx)
{
	if (wallet_pays(w, tx))
		return true;
	for (uint32_t i = 0; i < tx->n_in && w->n_coins; i++)
		if (tx_state_find_coin(w, &tx->in[i].prev) != NO_INDEX)
			return true;
	return false;
}

static void mark_dirty(struct wallet *w, uint32_t t)
{
	w->sums_valid = false;
	if (w->txs[t].dirty)
		return;
	w->txs[t].dirty = true;
	mem_reserve(&w->dirty, &w->cap_dirty, w->n_dirty + 1, sizeof(*w->dirty));
	w->dirty[w->n_dirty++] = t;
}

/* Adds the coin to the list of unspent coins, or removes it. */
static void refresh_coin(struct wallet *w, uint32_t c)
{
	struct own_coin *coin = &w->coins[c];
	bool want = coin->spender == NO_INDEX && w->txs[coin->tx].state != TX_ABANDONED;

	if (want == (coin->unspent_at != NO_INDEX))
		return;
	if (want) {
		mem_reserve(&w->unspent, &w->cap_unspent, w->n_unspent + 1, sizeof(*w->unspent));
		coin->unspent_at = (uint32_t)w->n_unspent;
		w->unspent[w->n_unspent++] = c;
		return;
	}
	uint32_t last = w->unspent[--w->n_unspent];
	w->unspent[coin->unspent_at] = last;
	w->coins[last].unspent_at = coin->unspent_at;
	coin->unspent_at = NO_INDEX;
}

static void refresh_coins(struct wallet *w, const struct own_tx *tx)
{
	for (uint32_t i = 0; i < tx->n_coins; i++)
		refresh_coin(w, tx->first_coin + i);
}

static void read_outputs(struct wallet *w, uint32_t t, const struct tx *tx)
{
	struct own_tx *own = &w->txs[t];
	bool foreign = false, any = false;

	own->first_coin = (uint32_t)w->n_coins;
	for (uint32_t i = 0; i < tx->n_out; i++) {
		struct coin coin;
		struct span push;
		if (script_output(tx->out[i].script, &push) == SCRIPT_MEMO && !own->memo) {
			own->memo = mem_alloc(SCRIPT_MEMO_MAX + 1);
			params_memo_text(own->memo, SCRIPT_MEMO_MAX + 1, push);
		}
		if (!tx_coin(tx, i, 0, &coin))
			continue;
		uint32_t k = keys_find(w, &coin.owner);
		if (!any || (k == NO_INDEX && !foreign))
			own->to = coin.owner;
		any = true;
		foreign = foreign || k == NO_INDEX;
		if (k == NO_INDEX)
			continue;
		mem_reserve(&w->coins, &w->cap_coins, w->n_coins + 1, sizeof(*w->coins));
		w->coins[w->n_coins++] = (struct own_coin){.value = coin.value,
							   .tx = t,
							   .output = i,
							   .key = k,
							   .spender = NO_INDEX,
							   .unspent_at = NO_INDEX};
		own->n_coins++;
		own->received += coin.value;
	}
}

/* Finds the own coins that it spends. Done again at each change of state, since while the wallet
 * catches up it may learn of a parent after the child. */
static void read_inputs(struct wallet *w, uint32_t t, const struct tx *tx)
{
	struct own_tx *own = &w->txs[t];
	int64_t out = 0;

	free(own->spends);
	own->spends = NULL;
	own->n_spends = 0;
	own->sent = 0;
	own->fee = -1;
	if (own->coinbase)
		return;
	own->spends = mem_array(tx->n_in, sizeof(*own->spends));
	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint32_t c = tx_state_find_coin(w, &tx->in[i].prev);
		if (c == NO_INDEX)
			continue;
		own->spends[own->n_spends++] = c;
		own->sent += w->coins[c].value;
	}
	for (uint32_t i = 0; i < tx->n_out; i++)
		out += tx->out[i].value;
	if (own->n_spends == tx->n_in)
		own->fee = own->sent - out;
}

uint32_t tx_state_add(struct wallet *w, const struct tx *tx, int64_t first_seen)
{
	uint32_t t = (uint32_t)w->n_txs;

	mem_reserve(&w->txs, &w->cap_txs, w->n_txs + 1, sizeof(*w->txs));
	w->txs[w->n_txs++] = (struct own_tx){.id = tx->id,
					     .first_seen = first_seen,
					     .fee = -1,
					     .state = TX_ABANDONED,
					     .coinbase = tx_is_coinbase(tx)};
	*(uint64_t *)map_put(&w->tx_index, &tx->id, NULL) = t;
	read_outputs(w, t, tx);
	read_inputs(w, t, tx);
	return t;
}

static void unlink_spends(struct wallet *w, uint32_t t)
{
	struct own_tx *own = &w->txs[t];

	for (uint32_t i = 0; i < own->n_spends; i++) {
		struct own_coin *coin = &w->coins[own->spends[i]];
		if (coin->spender != t)
			continue;
		coin->spender = NO_INDEX;
		refresh_coin(w, own->spends[i]);
	}
}

static void link_spends(struct wallet *w, uint32_t t)
{
	struct own_tx *own = &w->txs[t];

	for (uint32_t i = 0; i < own->n_spends; i++) {
		w->coins[own->spends[i]].spender = t;
		refresh_coin(w, own->spends[i]);
	}
}

static void unindex_inputs(struct wallet *w, uint32_t t)
{
	const struct tx *tx = w->txs[t].raw;

	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint8_t key[OUTPOINT_BYTES];
		outpoint_pack(key, &tx->in[i].prev);
		const uint64_t *by = map_get(&w->unconfirmed_spends, key);
		if (by && *by == t)
			map_del(&w->unconfirmed_spends, key);
	}
}

static void index_inputs(struct wallet *w, uint32_t t)
{
	const struct tx *tx = w->txs[t].raw;

	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint8_t key[OUTPOINT_BYTES];
		outpoint_pack(key, &tx->in[i].prev);
		*(uint64_t *)map_put(&w->unconfirmed_spends, key, NULL) = t;
	}
}

static uint32_t unconfirmed_spender(const struct wallet *w, const struct outpoint *o)
{
	uint8_t key[OUTPOINT_BYTES];
	outpoint_pack(key, o);
	const uint64_t *by = map_get(&w->unconfirmed_spends, key);

	return by ? (uint32_t)*by : NO_INDEX;
}

/* Abandons a transaction and its unconfirmed descendants. It uses a worklist instead of recursion,
 * since the chain of descendants has no bound here. */
static void abandon_with_children(struct wallet *w, uint32_t first)
{
	uint32_t *todo = NULL;
	size_t n = 0, cap = 0;

	mem_reserve(&todo, &cap, 1, sizeof(*todo));
	todo[n++] = first;
	while (n) {
		uint32_t t = todo[--n];
		struct own_tx *own = &w->txs[t];
		if (!tx_is_unconfirmed(own))
			continue;
		own->state = TX_ABANDONED;
		w->n_abandoned += own->n_spends > 0;
		unindex_inputs(w, t);
		unlink_spends(w, t);
		refresh_coins(w, own);
		mark_dirty(w, t);
		for (uint32_t i = 0; i < own->raw->n_out; i++) {
			struct outpoint o = {.txid = own->id, .index = i};
			uint32_t child = unconfirmed_spender(w, &o);
			if (child == NO_INDEX)
				continue;
			mem_reserve(&todo, &cap, n + 1, sizeof(*todo));
			todo[n++] = child;
		}
	}
	free(todo);
}

void tx_state_abandon(struct wallet *w, uint32_t t)
{
	if (tx_is_unconfirmed(&w->txs[t]))
		abandon_with_children(w, t);
}

void tx_state_abandon_conflicts(struct wallet *w, const struct tx *tx)
{
	if (!map_len(&w->unconfirmed_spends))
		return;
	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint32_t other = unconfirmed_spender(w, &tx->in[i].prev);
		if (other != NO_INDEX && !hash256_equal(&w->txs[other].id.h, &tx->id.h))
			abandon_with_children(w, other);
	}
}

static void keep_raw(struct own_tx *own, const struct tx *raw)
{
	if (!own->raw)
		own->raw = tx_copy(raw);
}

static void set_state(struct wallet *w, uint32_t t, const struct tx *raw, enum tx_state state)
{
	struct own_tx *own = &w->txs[t];

	keep_raw(own, raw);
	unlink_spends(w, t);
	read_inputs(w, t, own->raw);
	own->state = state;
	if (tx_is_unconfirmed(own))
		index_inputs(w, t);
	else
		unindex_inputs(w, t);
	link_spends(w, t);
	refresh_coins(w, own);
	mark_dirty(w, t);
	/* After a crash the chain can't restore an own payment that is in no block. */
	if (state != TX_CONFIRMED && own->n_spends)
		w->must_sync = true;
}

void tx_state_set_pending(struct wallet *w, uint32_t t, const struct tx *raw)
{
	tx_state_abandon_conflicts(w, raw);
	memset(&w->txs[t].block, 0, sizeof(w->txs[t].block));
	set_state(w, t, raw, TX_PENDING);
}

void tx_state_set_inactive(struct wallet *w, uint32_t t, const struct tx *raw)
{
	memset(&w->txs[t].block, 0, sizeof(w->txs[t].block));
	set_state(w, t, raw, TX_INACTIVE);
}

void tx_state_load_abandoned(struct wallet *w, uint32_t t, const struct tx *raw)
{
	read_inputs(w, t, raw);
	w->txs[t].state = TX_ABANDONED;
}

void tx_state_set_confirmed(struct wallet *w, uint32_t t, const struct tx *raw,
			    const struct chain_entry *at)
{
	struct own_tx *own = &w->txs[t];

	tx_state_abandon_conflicts(w, raw);
	own->block = at->hash;
	own->height = at->height;
	own->block_time = at->time;
	set_state(w, t, raw, TX_CONFIRMED);
}
