/* Balances, addresses and coins. The screen reads the balance on every redraw, so sums are kept
 * until something changes. */
#include <tally/wallet/balance.h>

#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "wallet/balance_priv.h"
#include "wallet/key_store_priv.h"
#include "wallet/tx_state_priv.h"

/* In the next block. The coinbase of genesis is mature at once. Source: tally-protocol(7),
 * TRANSACTIONS. */
static bool coin_mature(const struct wallet *w, const struct own_coin *c)
{
	const struct own_tx *tx = &w->txs[c->tx];

	if (!tx->coinbase || tx->height == 0)
		return true;
	if (!w->chain || !chain_has_genesis(w->chain) || !w->synced.known)
		return false;
	return coinbase_mature(chain_params(w->chain), tx->height, w->synced.height + 1);
}

bool coin_spendable(const struct wallet *w, const struct own_coin *c)
{
	const struct own_tx *tx = &w->txs[c->tx];

	if (c->spender != NO_INDEX)
		return false;
	if (tx->state == TX_CONFIRMED)
		return coin_mature(w, c);
	return tx->state == TX_PENDING && tx_is_own(tx);
}

static void add_coin(const struct wallet *w, struct wallet_balance *sum, const struct own_coin *c)
{
	const struct own_tx *tx = &w->txs[c->tx];

	if (coin_spendable(w, c))
		sum->spendable += c->value;
	else if (c->spender == NO_INDEX && tx->state == TX_CONFIRMED)
		sum->immature += c->value;
	else if (tx->state == TX_PENDING || tx_is_own(tx))
		sum->pending += c->value;
}

static void refresh_sums(struct wallet *w)
{
	w->sums = (struct wallet_balance){0};
	for (size_t k = 0; k < w->n_keys; k++)
		w->keys[k].spendable = 0;
	for (size_t i = 0; i < w->n_unspent; i++) {
		const struct own_coin *c = &w->coins[w->unspent[i]];
		add_coin(w, &w->sums, c);
		if (coin_spendable(w, c))
			w->keys[c->key].spendable += c->value;
	}
	w->sums_valid = true;
}

/* Casts const away: the sums are a cache, so a caller sees no change. */
static void need_sums(const struct wallet *w)
{
	if (!w->sums_valid)
		refresh_sums((struct wallet *)w);
}

struct wallet_balance wallet_balance(const struct wallet *w, const struct key_hash *of)
{
	struct wallet_balance sum = {0};

	if (!of) {
		need_sums(w);
		return w->sums;
	}
	uint32_t k = keys_find(w, of);
	for (size_t i = 0; i < w->n_unspent && k != NO_INDEX; i++)
		if (w->coins[w->unspent[i]].key == k)
			add_coin(w, &sum, &w->coins[w->unspent[i]]);
	return sum;
}

static bool is_confirmed(const struct wallet *w, uint32_t t)
{
	return t != NO_INDEX && w->txs[t].state == TX_CONFIRMED;
}

int64_t wallet_confirmed_balance(const struct wallet *w, const struct key_hash *of)
{
	const uint32_t k = of ? keys_find(w, of) : NO_INDEX;
	int64_t sum = 0;

	for (size_t i = 0; i < w->n_coins; i++) {
		const struct own_coin *c = &w->coins[i];

		if ((!of || c->key == k) && is_confirmed(w, c->tx) && !is_confirmed(w, c->spender))
			sum += c->value;
	}
	return sum;
}

size_t wallet_addresses(const struct wallet *w, struct wallet_address *out, size_t skip, size_t max)
{
	need_sums(w);
	for (size_t k = skip, n = 0; k < w->n_keys && n < max; k++, n++) {
		const struct own_key *key = &w->keys[k];
		out[n] = (struct wallet_address){
			.owner = key->owner, .created = key->created, .spendable = key->spendable};
		if (key->label)
			memcpy(out[n].label, key->label, strlen(key->label));
	}
	return w->n_keys;
}

static bool coin_is_listed(const struct wallet *w, const struct own_coin *c)
{
	const struct own_tx *tx = &w->txs[c->tx];

	if (c->unspent_at == NO_INDEX)
		return false;
	return tx->state != TX_INACTIVE || tx_is_own(tx);
}

size_t wallet_coins(const struct wallet *w, struct wallet_coin *out, size_t skip, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < w->n_coins; i++) {
		const struct own_coin *c = &w->coins[i];
		const struct own_tx *tx = &w->txs[c->tx];
		if (!coin_is_listed(w, c))
			continue;
		if (n >= skip && n - skip < max)
			out[n - skip] = (struct wallet_coin){
				.outpoint = {.txid = tx->id, .index = c->output},
				.coin = {.value = c->value,
					 .owner = w->keys[c->key].owner,
					 .height = tx->state == TX_CONFIRMED ? tx->height
									     : MEMPOOL_HEIGHT,
					 .coinbase = tx->coinbase},
				.spendable = coin_spendable(w, c),
				.own_change = tx_is_own(tx)};
		n++;
	}
	return n;
}
