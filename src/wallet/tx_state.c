/* Own transactions and coins in memory, and how they move between their states. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/consensus/params.h>
#include <tally/primitives/script.h>

#include "wallet/wallet_priv.h"

bool tx_is_open(const struct own_tx *tx)
{
	return tx->state == TX_INACTIVE || tx->state == TX_PENDING;
}

bool tx_is_own(const struct own_tx *tx)
{
	return tx->fee >= 0;
}

void records_init(struct wallet *w)
{
	map_init(&w->tx_index, sizeof(struct txid), sizeof(uint64_t));
	map_init(&w->open_spends, OUTPOINT_BYTES, sizeof(uint64_t));
}

void records_clear(struct wallet *w)
{
	for (size_t i = 0; i < w->n_txs; i++) {
		tx_unref(w->txs[i].raw);
		free(w->txs[i].memo);
		free(w->txs[i].spends);
	}
	w->n_txs = w->n_coins = w->n_unspent = w->n_dirty = 0;
	map_clear(&w->tx_index);
	map_clear(&w->open_spends);
	w->sums_fresh = false;
}

void records_free(struct wallet *w)
{
	records_clear(w);
	free(w->txs);
	free(w->coins);
	free(w->unspent);
	free(w->dirty);
}

uint32_t records_find(const struct wallet *w, const struct txid *id)
{
	const uint64_t *at = map_get(&w->tx_index, id);

	return at ? (uint32_t)*at : NO_INDEX;
}

uint32_t records_coin(const struct wallet *w, const struct outpoint *o)
{
	uint32_t t = records_find(w, &o->txid), lo, hi;

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

static uint32_t own_output(const struct wallet *w, const struct tx *tx, uint32_t i)
{
	struct coin coin;

	return tx_coin(tx, i, 0, &coin) ? keys_find(w, &coin.owner) : NO_INDEX;
}

bool wallet_pays(const struct wallet *w, const struct tx *tx)
{
	for (uint32_t i = 0; i < tx->n_out; i++)
		if (own_output(w, tx, i) != NO_INDEX)
			return true;
	return false;
}

bool wallet_has_tx(const struct wallet *w, const struct txid *id)
{
	return records_find(w, id) != NO_INDEX;
}

bool records_concerns(const struct wallet *w, const struct tx *tx)
{
	if (wallet_pays(w, tx))
		return true;
	for (uint32_t i = 0; i < tx->n_in && w->n_coins; i++)
		if (records_coin(w, &tx->in[i].prev) != NO_INDEX)
			return true;
	return false;
}

static void mark_dirty(struct wallet *w, uint32_t t)
{
	w->sums_fresh = false;
	if (w->txs[t].dirty)
		return;
	w->txs[t].dirty = true;
	mem_reserve(&w->dirty, &w->cap_dirty, w->n_dirty + 1, sizeof(*w->dirty));
	w->dirty[w->n_dirty++] = t;
}

/* Puts the coin into the list of unspent ones, or takes it out. */
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

/* Which own coins it spends. Read again whenever its state changes: while the wallet catches up a
 * parent may become known later than its child. */
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
		uint32_t c = records_coin(w, &tx->in[i].prev);
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

uint32_t records_add(struct wallet *w, const struct tx *tx, int64_t first_seen)
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

static void close_inputs(struct wallet *w, uint32_t t)
{
	const struct tx *tx = w->txs[t].raw;

	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint8_t key[OUTPOINT_BYTES];
		outpoint_pack(key, &tx->in[i].prev);
		const uint64_t *by = map_get(&w->open_spends, key);
		if (by && *by == t)
			map_del(&w->open_spends, key);
	}
}

static void open_inputs(struct wallet *w, uint32_t t)
{
	const struct tx *tx = w->txs[t].raw;

	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint8_t key[OUTPOINT_BYTES];
		outpoint_pack(key, &tx->in[i].prev);
		*(uint64_t *)map_put(&w->open_spends, key, NULL) = t;
	}
}

static uint32_t open_spender(const struct wallet *w, const struct outpoint *o)
{
	uint8_t key[OUTPOINT_BYTES];
	outpoint_pack(key, o);
	const uint64_t *by = map_get(&w->open_spends, key);

	return by ? (uint32_t)*by : NO_INDEX;
}

/* An open transaction, and every open one that spends its outputs: a worklist, since chains may be long. */
static void abandon_open(struct wallet *w, uint32_t first)
{
	uint32_t *todo = NULL;
	size_t n = 0, cap = 0;

	mem_reserve(&todo, &cap, 1, sizeof(*todo));
	todo[n++] = first;
	while (n) {
		uint32_t t = todo[--n];
		struct own_tx *own = &w->txs[t];
		if (!tx_is_open(own))
			continue;
		own->state = TX_ABANDONED;
		w->n_voided += own->n_spends > 0;
		close_inputs(w, t);
		unlink_spends(w, t);
		refresh_coins(w, own);
		mark_dirty(w, t);
		for (uint32_t i = 0; i < own->raw->n_out; i++) {
			struct outpoint o = {.txid = own->id, .index = i};
			uint32_t child = open_spender(w, &o);
			if (child == NO_INDEX)
				continue;
			mem_reserve(&todo, &cap, n + 1, sizeof(*todo));
			todo[n++] = child;
		}
	}
	free(todo);
}

void records_abandon(struct wallet *w, uint32_t t)
{
	if (tx_is_open(&w->txs[t]))
		abandon_open(w, t);
}

void records_abandon_conflicts(struct wallet *w, const struct tx *tx)
{
	if (!map_len(&w->open_spends))
		return;
	for (uint32_t i = 0; i < tx->n_in; i++) {
		uint32_t other = open_spender(w, &tx->in[i].prev);
		if (other != NO_INDEX && !hash256_equal(&w->txs[other].id.h, &tx->id.h))
			abandon_open(w, other);
	}
}

static void hold(struct own_tx *own, const struct tx *raw)
{
	if (!own->raw)
		own->raw = tx_copy(raw);
}

static void enter(struct wallet *w, uint32_t t, const struct tx *raw, enum tx_state state)
{
	struct own_tx *own = &w->txs[t];

	hold(own, raw);
	unlink_spends(w, t);
	read_inputs(w, t, own->raw);
	own->state = state;
	if (tx_is_open(own))
		open_inputs(w, t);
	else
		close_inputs(w, t);
	link_spends(w, t);
	refresh_coins(w, own);
	mark_dirty(w, t);
	/* The chain can't give back an own payment that is in no block. */
	if (state != TX_CONFIRMED && own->n_spends)
		w->urgent = true;
}

void records_set_pending(struct wallet *w, uint32_t t, const struct tx *raw)
{
	records_abandon_conflicts(w, raw);
	memset(&w->txs[t].block, 0, sizeof(w->txs[t].block));
	enter(w, t, raw, TX_PENDING);
}

void records_set_inactive(struct wallet *w, uint32_t t, const struct tx *raw)
{
	memset(&w->txs[t].block, 0, sizeof(w->txs[t].block));
	enter(w, t, raw, TX_INACTIVE);
}

void records_set_abandoned(struct wallet *w, uint32_t t, const struct tx *raw)
{
	read_inputs(w, t, raw);
	w->txs[t].state = TX_ABANDONED;
}

void records_set_confirmed(struct wallet *w, uint32_t t, const struct tx *raw,
			   const struct chain_entry *at)
{
	struct own_tx *own = &w->txs[t];

	records_abandon_conflicts(w, raw);
	own->block = at->hash;
	own->height = at->height;
	own->block_time = at->time;
	enter(w, t, raw, TX_CONFIRMED);
}
