/* The transactions that concern the wallet. */
#include <tally/wallet/history.h>

#include <string.h>

#include <tally/consensus/rules.h>

#include "wallet/key_store_priv.h"
#include "wallet/tx_state_priv.h"

static bool parent_abandoned(const struct wallet *w, const struct own_tx *tx)
{
	for (uint32_t i = 0; i < tx->n_spends; i++)
		if (w->txs[w->coins[tx->spends[i]].tx].state == TX_ABANDONED)
			return true;
	return false;
}

static void fill_tx(const struct wallet *w, struct wallet_tx *out, uint32_t t)
{
	const struct own_tx *tx = &w->txs[t];
	bool confirmed = tx->state == TX_CONFIRMED;

	*out = (struct wallet_tx){.id = tx->id,
				  .height = confirmed ? tx->height : MEMPOOL_HEIGHT,
				  .time = confirmed ? tx->block_time : tx->first_seen,
				  .received = tx->received,
				  .sent = tx->sent,
				  .fee = tx->fee,
				  .coinbase = tx->coinbase,
				  .abandoned = tx->state == TX_ABANDONED,
				  .parent_abandoned =
					  tx->state == TX_ABANDONED && parent_abandoned(w, tx),
				  .to_self = tx->sent > 0 && keys_find(w, &tx->to) != NO_INDEX,
				  .to = tx->to,
				  .seq = (uint64_t)t + 1};
	if (confirmed)
		out->block = tx->block;
	if (tx->memo)
		memcpy(out->memo, tx->memo, strlen(tx->memo));
}

size_t wallet_history(const struct wallet *w, struct wallet_tx *out, size_t skip, size_t max)
{
	for (size_t i = skip, n = 0; i < w->n_txs && n < max; i++, n++)
		fill_tx(w, &out[n], (uint32_t)(w->n_txs - 1 - i));
	return w->n_txs;
}

bool wallet_find_tx(const struct wallet *w, const struct txid *id, struct wallet_tx *out)
{
	const uint32_t t = tx_state_find(w, id);

	if (t != NO_INDEX)
		fill_tx(w, out, t);
	return t != NO_INDEX;
}

size_t wallet_abandoned_count(const struct wallet *w)
{
	return w->n_abandoned;
}

size_t wallet_unconfirmed(const struct wallet *w, struct tx **out, size_t max)
{
	size_t n = 0;

	for (size_t t = 0; t < w->n_txs && n < max; t++)
		if (tx_is_unconfirmed(&w->txs[t]) && w->txs[t].n_spends)
			out[n++] = tx_ref(w->txs[t].raw);
	return n;
}

bool wallet_has_tx(const struct wallet *w, const struct txid *id)
{
	return tx_state_find(w, id) != NO_INDEX;
}
