/* The pool follows the chain: transactions that a block confirms or conflicts with leave, and those
 * of a disconnected block are deferred. */
#include <tally/mempool/block_update.h>

#include "mempool/mempool_priv.h"

void mempool_block_connected(struct mempool *m, const struct block *b)
{
	for (uint32_t t = 0; t < b->n_tx; t++) {
		const struct tx *tx = &b->tx[t];
		struct pool_entry *en = pool_find(m, &tx->id);

		reorg_forget(&m->reorg, &tx->id);
		if (en)
			pool_remove(m, en, "block");
		for (uint32_t i = 0; i < tx->n_in; i++) {
			struct pool_entry *other = pool_spender(m, &tx->in[i].prev);
			if (other)
				pool_remove_tree(m, other, "conflict");
		}
	}
	orphans_block(m, b);
	eviction_block(m);
}

void mempool_block_disconnected(struct mempool *m, const struct block *b)
{
	reorg_begin(&m->reorg);
	for (uint32_t t = b->n_tx; t > 0; t--) {
		const struct tx *tx = &b->tx[t - 1];
		struct outpoint o = {.txid = tx->id};

		for (o.index = 0; o.index < tx->n_out; o.index++) {
			struct pool_entry *child = pool_spender(m, &o);
			if (child)
				reorg_evict(m, child);
		}
		if (!tx_is_coinbase(tx))
			reorg_keep(m, tx);
	}
	reorg_trim(m);
}
