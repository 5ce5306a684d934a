/* The pool follows the chain: what a block confirms or contradicts goes; what a disconnected block
 * held comes back. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/consensus/rules.h>

#include "mempool/mempool_priv.h"

static void forget_returned(struct mempool *m, const struct txid *id)
{
	uint64_t *at = map_get(&m->returned_ids, id);

	if (!at)
		return;
	m->returned_bytes -= m->returned[*at]->raw.len;
	tx_unref(m->returned[*at]);
	m->returned[*at] = NULL;
	map_del(&m->returned_ids, id);
}

void mempool_block_connected(struct mempool *m, const struct block *b)
{
	for (uint32_t t = 0; t < b->n_tx; t++) {
		const struct tx *tx = &b->tx[t];
		struct pool_entry *en = pool_find(m, &tx->id);

		forget_returned(m, &tx->id);
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

static int by_seq(const void *a, const void *b)
{
	const struct pool_entry *const *l = a, *const *r = b;

	return (*l)->pub.seq < (*r)->pub.seq ? -1 : (*l)->pub.seq > (*r)->pub.seq;
}

/* Takes an entry and its descendants out; they enter again behind what the blocks give back. */
static void pull(struct mempool *m, struct pool_entry *en)
{
	struct pool_entry *tree[RELATIVES_MAX + 1];
	size_t n = pool_walk(m, &en, 1, false, tree, RELATIVES_MAX + 1);

	qsort(tree, n, sizeof(*tree), by_seq);
	mem_reserve(&m->pulled, &m->cap_pulled, m->n_pulled + n, sizeof(*m->pulled));
	for (size_t i = 0; i < n; i++)
		m->pulled[m->n_pulled++] = tx_ref(tree[i]->pub.tx);
	for (size_t i = n; i > 0; i--)
		pool_remove(m, tree[i - 1], "reorg");
}

static void give_back(struct mempool *m, const struct tx *tx)
{
	uint64_t *at = map_put(&m->returned_ids, &tx->id, NULL);

	mem_reserve(&m->returned, &m->cap_returned, m->n_returned + 1, sizeof(*m->returned));
	*at = m->n_returned;
	m->returned[m->n_returned++] = tx_copy(tx);
	m->returned_bytes += tx->raw.len;
	verified_add(m, &tx->id);
}

void mempool_block_disconnected(struct mempool *m, const struct block *b)
{
	m->reorg = true;
	for (uint32_t t = b->n_tx; t > 0; t--) {
		const struct tx *tx = &b->tx[t - 1];
		struct outpoint o = {.txid = tx->id};

		for (o.index = 0; o.index < tx->n_out; o.index++) {
			struct pool_entry *child = pool_spender(m, &o);
			if (child)
				pull(m, child);
		}
		if (!tx_is_coinbase(tx))
			give_back(m, tx);
	}
	/* The youngest go first: nothing else that was given back depends on them. */
	for (size_t i = 0; i < m->n_returned && m->returned_bytes > RETURNED_BYTES_MAX; i++)
		if (m->returned[i])
			forget_returned(m, &m->returned[i]->id);
}

static void enter_again(struct mempool *m, struct tx *tx)
{
	struct err e = {.cls = ERR_NONE};
	char id[HASH_SHORT_CHARS + 1];

	if (accept_verified(m, tx, 0, &e))
		return;
	hash256_short(id, &tx->id.h);
	log_debug(LOG_MEMPOOL, "tx %s does not come back: %s: %s", id, e.token, e.detail);
}

/* Coinbases have become younger, and the parent's time may have moved back. */
static void drop_premature(struct mempool *m)
{
	struct chain_entry tip = chain_tip(m->o.chain);
	const struct chain_params *p = chain_params(m->o.chain);
	struct mempool_entry pub;

	for (uint64_t seq = 0; mempool_list(m, seq, &pub, 1); seq = pub.seq) {
		struct pool_entry *en = pool_find(m, &pub.tx->id);
		if (!pool_spendable_at(en, p, tip.height + 1, tip.time))
			pool_remove_tree(m, en, "reorg");
	}
}

void blocks_finish_reorg(struct mempool *m)
{
	/* Moved out, since observers of what enters may look at the pool. */
	struct tx **returned = m->returned, **pulled = m->pulled;
	size_t n_returned = m->n_returned, n_pulled = m->n_pulled;

	m->returned = m->pulled = NULL;
	m->n_returned = m->cap_returned = m->n_pulled = m->cap_pulled = 0;
	m->returned_bytes = 0;
	map_clear(&m->returned_ids);
	m->reorg = false;
	drop_premature(m);
	for (size_t i = n_returned; i > 0; i--) {
		if (returned[i - 1])
			enter_again(m, returned[i - 1]);
		tx_unref(returned[i - 1]);
	}
	for (size_t i = 0; i < n_pulled; i++) {
		enter_again(m, pulled[i]);
		tx_unref(pulled[i]);
	}
	free(returned);
	free(pulled);
}

void mempool_tip_changed(struct mempool *m)
{
	if (m->reorg && chain_settled(m->o.chain))
		blocks_finish_reorg(m);
}

void blocks_free(struct mempool *m)
{
	for (size_t i = 0; i < m->n_returned; i++)
		tx_unref(m->returned[i]);
	for (size_t i = 0; i < m->n_pulled; i++)
		tx_unref(m->pulled[i]);
	free(m->returned);
	free(m->pulled);
	map_clear(&m->returned_ids);
}
