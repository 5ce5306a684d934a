/* What disconnected blocks held comes back into the pool, a few at a time: first what they held themselves, the oldest
 * first; then what they pulled out of the pool, since it spends that; and with each new tip what only a line that was too
 * long kept out. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/consensus/rules.h>

#include "mempool/mempool_priv.h"

void reorg_begin(struct mempool *m)
{
	m->reorg = m->premature = true;
	m->premature_after = 0;
}

void reorg_forget(struct mempool *m, const struct txid *id)
{
	const uint64_t *at = map_get(&m->returned_ids, id);
	struct tx *tx;

	if (!at)
		return;
	tx = m->returned[*at];
	m->returned[*at] = NULL;
	m->returned_bytes -= tx->raw.len;
	map_del(&m->returned_ids, id); /* which may be tx's own */
	tx_unref(tx);
}

void reorg_keep(struct mempool *m, const struct tx *tx)
{
	uint64_t *at = map_put(&m->returned_ids, &tx->id, NULL);

	mem_reserve(&m->returned, &m->cap_returned, m->n_returned + 1, sizeof(*m->returned));
	*at = m->n_returned;
	m->returned[m->n_returned++] = tx_copy(tx);
	m->returned_bytes += tx->raw.len;
	verified_add(m, &tx->id);
}

/* The youngest go first: nothing else that was given back depends on them. */
void reorg_trim(struct mempool *m)
{
	const uint64_t most = MIN(RETURNED_BYTES_MAX, m->o.max_bytes);

	for (size_t i = 0; i < m->n_returned && m->returned_bytes > most; i++)
		if (m->returned[i])
			reorg_forget(m, &m->returned[i]->id);
}

static void put_pulled(struct mempool *m, struct tx *take_tx)
{
	map_put(&m->pulled_ids, &take_tx->id, NULL);
	mem_reserve(&m->pulled, &m->cap_pulled, m->n_pulled + 1, sizeof(*m->pulled));
	m->pulled[m->n_pulled++] = take_tx;
}

void reorg_pull(struct mempool *m, struct pool_entry *en)
{
	struct pool_entry *tree[RELATIVES_MAX + 1];
	size_t n = pool_walk(m, &en, 1, false, tree, RELATIVES_MAX + 1);

	qsort(tree, n, sizeof(*tree), pool_by_seq);
	for (size_t i = 0; i < n; i++)
		put_pulled(m, tx_ref(tree[i]->pub.tx));
	for (size_t i = n; i > 0; i--)
		pool_remove(m, tree[i - 1], "reorg");
}

/* --- coming back ------------------------------------------------------------------ */

static bool child_of(const struct map *ids, const struct tx *tx)
{
	for (uint32_t i = 0; i < tx->n_in; i++)
		if (map_get(ids, &tx->in[i].prev.txid))
			return true;
	return false;
}

bool reorg_later(struct mempool *m, struct tx *tx, const struct err *e)
{
	const bool line = e->cls == ERR_POLICY && strcmp(e->token, "too-long-mempool-chain") == 0;

	if (map_get(&m->later_ids, &tx->id))
		return true;
	if (!line && !(e->cls == ERR_ORPHAN && child_of(&m->later_ids, tx)))
		return false;
	if (m->later_bytes + tx->raw.len > RETURNED_BYTES_MAX)
		return false;
	map_put(&m->later_ids, &tx->id, NULL);
	mem_reserve(&m->later, &m->cap_later, m->n_later + 1, sizeof(*m->later));
	m->later[m->n_later++] = tx_ref(tx);
	m->later_bytes += tx->raw.len;
	return true;
}

/* Each disconnected block pulled its own children out: one may stand before a parent that an older block pulled. */
static bool put_behind_parent(struct mempool *m, struct tx *tx, const struct err *e)
{
	if (e->cls != ERR_ORPHAN || !child_of(&m->pulled_ids, tx))
		return false;
	put_pulled(m, tx_ref(tx));
	return true;
}

/* What was in a block or in the pool is not kept out for its fee. Source: Bitcoin Core, bypass_limits. */
static void enter_again(struct mempool *m, struct tx *take_tx)
{
	struct err e = {.cls = ERR_NONE};
	char id[HASH_SHORT_CHARS + 1];
	bool in;

	m->any_fee = true;
	in = accept_again(m, take_tx, &e);
	m->any_fee = false;
	if (!in && !reorg_later(m, take_tx, &e) && !put_behind_parent(m, take_tx, &e)) {
		hash256_short(id, &take_tx->id.h);
		log_debug(LOG_MEMPOOL, "tx %s does not come back: %s: %s", id, e.token, e.detail);
	}
	tx_unref(take_tx);
}

/* Coinbases have become younger, and the parent's time may have moved back. One entry; false where that was the
 * last. */
static bool drop_premature(struct mempool *m)
{
	const struct chain_entry tip = chain_tip(m->o.chain);
	struct mempool_entry pub;
	struct pool_entry *en;

	if (!mempool_list(m, m->premature_after, &pub, 1))
		return false;
	m->premature_after = pub.seq;
	en = pool_find(m, &pub.tx->id);
	if (!pool_spendable_at(en, chain_params(m->o.chain), tip.height + 1, tip.time))
		pool_remove_tree(m, en, "reorg");
	return true;
}

static struct tx *next_returned(struct mempool *m)
{
	struct tx *tx;

	while (m->n_returned > 0) {
		tx = m->returned[--m->n_returned];
		if (!tx)
			continue;
		map_del(&m->returned_ids, &tx->id);
		m->returned_bytes -= tx->raw.len;
		return tx;
	}
	return NULL;
}

static struct tx *next_pulled(struct mempool *m)
{
	struct tx *tx;

	if (m->pulled_at < m->n_pulled) {
		tx = m->pulled[m->pulled_at++];
		map_del(&m->pulled_ids, &tx->id);
		return tx;
	}
	m->pulled_at = m->n_pulled = 0;
	return NULL;
}

static void give_back_one(struct mempool *m)
{
	struct tx *tx;

	if (m->premature)
		m->premature = drop_premature(m);
	else if ((tx = next_returned(m)) || (tx = next_pulled(m)))
		enter_again(m, tx);
	else
		m->reorg = false;
}

void reorg_give_back(struct mempool *m, int64_t deadline)
{
	while (m->reorg) {
		give_back_one(m);
		if (clock_mono_us(m->o.clock) >= deadline)
			return;
	}
}

/* Where nothing moved but the tip, only what was kept for later is tried. */
void mempool_tip_changed(struct mempool *m)
{
	if (m->n_later == 0)
		return;
	for (size_t i = 0; i < m->n_later; i++)
		put_pulled(m, m->later[i]);
	m->n_later = 0;
	m->later_bytes = 0;
	map_clear(&m->later_ids);
	m->reorg = true;
}

/* In the order in which they enter again; NULL: one that has been confirmed meanwhile. */
static struct tx *aside_at(const struct mempool *m, size_t i)
{
	const size_t n_pulled = m->n_pulled - m->pulled_at;

	if (i < m->n_returned)
		return m->returned[m->n_returned - 1 - i];
	i -= m->n_returned;
	return i < n_pulled ? m->pulled[m->pulled_at + i] : m->later[i - n_pulled];
}

size_t mempool_aside(const struct mempool *m, size_t *from, struct tx **out, size_t max)
{
	const size_t all = m->n_returned + m->n_pulled - m->pulled_at + m->n_later;
	size_t n = 0;

	for (; *from < all && n < max; ++*from)
		if ((out[n] = aside_at(m, *from)))
			n++;
	return n;
}

void mempool_tidy(struct mempool *m)
{
	if (chain_at_best(m->o.chain))
		reorg_give_back(m, INT64_MAX);
}

static void free_all(struct tx **txs, size_t from, size_t n)
{
	for (size_t i = from; i < n; i++)
		tx_unref(txs[i]);
	free(txs);
}

void reorg_free(struct mempool *m)
{
	free_all(m->returned, 0, m->n_returned);
	free_all(m->pulled, m->pulled_at, m->n_pulled);
	free_all(m->later, 0, m->n_later);
	map_clear(&m->returned_ids);
	map_clear(&m->pulled_ids);
	map_clear(&m->later_ids);
}
