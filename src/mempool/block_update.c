/* The pool follows the chain: what a block confirms or contradicts goes; what a disconnected block held is kept to come
 * back. */
#include "mempool/mempool_priv.h"

void mempool_block_connected(struct mempool *m, const struct block *b)
{
	for (uint32_t t = 0; t < b->n_tx; t++) {
		const struct tx *tx = &b->tx[t];
		struct pool_entry *en = pool_find(m, &tx->id);

		reorg_forget(m, &tx->id);
		if (en)
			pool_remove(m, en, "block");
		for (uint32_t i = 0; i < tx->n_in; i++) {
			struct pool_entry *other = pool_spender(m, &tx->in[i].prev);
			if (other)
				pool_remove_tree(m, other, "conflict");
		}
	}
	orphans_block(m, b);
	limits_block(m);
}

void mempool_block_disconnected(struct mempool *m, const struct block *b)
{
	reorg_begin(m);
	for (uint32_t t = b->n_tx; t > 0; t--) {
		const struct tx *tx = &b->tx[t - 1];
		struct outpoint o = {.txid = tx->id};

		for (o.index = 0; o.index < tx->n_out; o.index++) {
			struct pool_entry *child = pool_spender(m, &o);
			if (child)
				reorg_pull(m, child);
		}
		if (!tx_is_coinbase(tx))
			reorg_keep(m, tx);
	}
	reorg_trim(m);
}
