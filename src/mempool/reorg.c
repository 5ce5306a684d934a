/* Deferred transactions enter the pool again, a few at a time. */
#include "mempool/reorg_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/chain/connect.h>
#include <tally/chain/query.h>
#include <tally/consensus/rules.h>

#include "mempool/mempool_priv.h"
#include "mempool/tx_accept_priv.h"

#define DEFERRED_BYTES_MAX (UINT64_C(20) << 20) /* of `returned`, and of `too_long_chain` */

void reorg_init(struct reorg *r)
{
	memset(r, 0, sizeof(*r));
	map_init(&r->returned_ids, sizeof(struct txid), sizeof(uint64_t));
	map_init(&r->evicted_ids, sizeof(struct txid), 0);
	map_init(&r->too_long_ids, sizeof(struct txid), 0);
}

bool reorg_has(const struct reorg *r, const struct txid *id)
{
	return map_get(&r->returned_ids, id) || map_get(&r->evicted_ids, id) ||
	       map_get(&r->too_long_ids, id);
}

void reorg_begin(struct reorg *r)
{
	r->due = r->check_maturity = true;
	r->maturity_checked = 0;
}

void reorg_forget(struct reorg *r, const struct txid *id)
{
	const uint64_t *at = map_get(&r->returned_ids, id);
	struct tx *tx;

	if (!at)
		return;
	tx = r->returned[*at];
	r->returned[*at] = NULL;
	r->returned_bytes -= tx->raw.len;
	map_del(&r->returned_ids, id);
	tx_unref(tx); /* last, since id may point into it */
}

void reorg_keep(struct mempool *m, const struct tx *tx)
{
	struct reorg *r = &m->reorg;
	uint64_t *at = map_put(&r->returned_ids, &tx->id, NULL);

	mem_reserve(&r->returned, &r->cap_returned, r->n_returned + 1, sizeof(*r->returned));
	*at = r->n_returned;
	r->returned[r->n_returned++] = tx_copy(tx);
	r->returned_bytes += tx->raw.len;
	sig_cache_add(&m->sig_cache, &tx->id);
}

void reorg_trim(struct mempool *m)
{
	const uint64_t most = MIN(DEFERRED_BYTES_MAX, m->o.max_bytes);
	struct reorg *r = &m->reorg;

	/* The youngest stand first; no other transaction of `returned` depends on them. */
	for (size_t i = 0; i < r->n_returned && r->returned_bytes > most; i++)
		if (r->returned[i])
			reorg_forget(r, &r->returned[i]->id);
}

static void add_evicted(struct reorg *r, struct tx *take_tx)
{
	map_put(&r->evicted_ids, &take_tx->id, NULL);
	mem_reserve(&r->evicted_children, &r->cap_evicted, r->n_evicted + 1,
		    sizeof(*r->evicted_children));
	r->evicted_children[r->n_evicted++] = take_tx;
}

void reorg_evict(struct mempool *m, struct pool_entry *en)
{
	struct pool_entry *tree[RELATIVES_MAX + 1];
	size_t n = pool_walk_down(m, &en, 1, tree, RELATIVES_MAX + 1);

	qsort(tree, n, sizeof(*tree), pool_cmp_seq);
	for (size_t i = 0; i < n; i++)
		add_evicted(&m->reorg, tx_ref(tree[i]->pub.tx));
	for (size_t i = n; i > 0; i--)
		pool_remove(m, tree[i - 1], "reorg");
}

/* --- entering again ------------------------------------------------------------------ */

static bool spends_any(const struct map *ids, const struct tx *tx)
{
	for (uint32_t i = 0; i < tx->n_in; i++)
		if (map_get(ids, &tx->in[i].prev.txid))
			return true;
	return false;
}

bool reorg_defer(struct reorg *r, struct tx *tx, const struct err *e)
{
	const bool too_long =
		e->cls == ERR_POLICY && strcmp(e->token, "too-long-mempool-chain") == 0;

	if (map_get(&r->too_long_ids, &tx->id))
		return true;
	if (!too_long && !(e->cls == ERR_ORPHAN && spends_any(&r->too_long_ids, tx)))
		return false;
	if (r->too_long_bytes + tx->raw.len > DEFERRED_BYTES_MAX)
		return false;
	map_put(&r->too_long_ids, &tx->id, NULL);
	mem_reserve(&r->too_long_chain, &r->cap_too_long, r->n_too_long + 1,
		    sizeof(*r->too_long_chain));
	r->too_long_chain[r->n_too_long++] = tx_ref(tx);
	r->too_long_bytes += tx->raw.len;
	return true;
}

/* Each disconnected block evicts its own children, so a transaction may stand before a parent that
 * a lower block evicted. Then it is tried again after that parent. */
static bool move_behind_parent(struct reorg *r, struct tx *tx, const struct err *e)
{
	if (e->cls != ERR_ORPHAN || !spends_any(&r->evicted_ids, tx))
		return false;
	add_evicted(r, tx_ref(tx));
	return true;
}

/* A transaction that was in a block or in the pool is not refused for its fee. Source: Bitcoin
 * Core, bypass_limits. */
static void enter_again(struct mempool *m, struct tx *take_tx)
{
	struct reorg *r = &m->reorg;
	struct err e = {.cls = ERR_NONE};
	char id[HASH_SHORT_CHARS + 1];
	bool in;

	r->any_fee = true;
	in = accept_tx(m, take_tx, &e);
	r->any_fee = false;
	if (!in && !reorg_defer(r, take_tx, &e) && !move_behind_parent(r, take_tx, &e)) {
		hash256_short(id, &take_tx->id.h);
		log_debug(LOG_MEMPOOL, "transaction %s can't enter the mempool again: %s: %s", id,
			  e.token, e.detail);
	}
	tx_unref(take_tx);
}

/* After a reorganisation coinbases may be immature again, and the parent's time may be earlier.
 * Checks one entry; false if it was the last. */
static bool check_maturity(struct mempool *m)
{
	const struct chain_entry tip = chain_tip(m->o.chain);
	struct mempool_entry pub;
	struct pool_entry *en;

	if (!mempool_list(m, m->reorg.maturity_checked, &pub, 1))
		return false;
	m->reorg.maturity_checked = pub.seq;
	en = pool_find(m, &pub.tx->id);
	if (!pool_valid_at(en, chain_params(m->o.chain), tip.height + 1, tip.time))
		pool_remove_tree(m, en, "reorg");
	return true;
}

static struct tx *next_returned(struct reorg *r)
{
	struct tx *tx;

	while (r->n_returned > 0) {
		tx = r->returned[--r->n_returned];
		if (!tx)
			continue;
		map_del(&r->returned_ids, &tx->id);
		r->returned_bytes -= tx->raw.len;
		return tx;
	}
	return NULL;
}

static struct tx *next_evicted(struct reorg *r)
{
	struct tx *tx;

	if (r->next_evicted < r->n_evicted) {
		tx = r->evicted_children[r->next_evicted++];
		map_del(&r->evicted_ids, &tx->id);
		return tx;
	}
	r->next_evicted = r->n_evicted = 0;
	return NULL;
}

static void readmit_one(struct mempool *m)
{
	struct reorg *r = &m->reorg;
	struct tx *tx;

	if (r->check_maturity)
		r->check_maturity = check_maturity(m);
	else if ((tx = next_returned(r)) || (tx = next_evicted(r)))
		enter_again(m, tx);
	else
		r->due = false;
}

void reorg_readmit(struct mempool *m, int64_t deadline)
{
	while (m->reorg.due) {
		readmit_one(m);
		if (clock_mono_us(m->o.clock) >= deadline)
			return;
	}
}

void mempool_tip_changed(struct mempool *m)
{
	struct reorg *r = &m->reorg;

	if (r->n_too_long == 0)
		return;
	for (size_t i = 0; i < r->n_too_long; i++)
		add_evicted(r, r->too_long_chain[i]);
	r->n_too_long = 0;
	r->too_long_bytes = 0;
	map_clear(&r->too_long_ids);
	r->due = true;
}

/* NULL: a transaction that was confirmed in the meantime. */
static struct tx *deferred_at(const struct reorg *r, size_t i)
{
	const size_t n_evicted = r->n_evicted - r->next_evicted;

	if (i < r->n_returned)
		return r->returned[r->n_returned - 1 - i];
	i -= r->n_returned;
	return i < n_evicted ? r->evicted_children[r->next_evicted + i]
			     : r->too_long_chain[i - n_evicted];
}

size_t mempool_deferred(const struct mempool *m, size_t *from, struct tx **out, size_t max)
{
	const struct reorg *r = &m->reorg;
	const size_t all = r->n_returned + r->n_evicted - r->next_evicted + r->n_too_long;
	size_t n = 0;

	for (; *from < all && n < max; ++*from)
		if ((out[n] = deferred_at(r, *from)))
			n++;
	return n;
}

static void free_all(struct tx **txs, size_t from, size_t n)
{
	for (size_t i = from; i < n; i++)
		tx_unref(txs[i]);
	free(txs);
}

void reorg_clear(struct reorg *r)
{
	free_all(r->returned, 0, r->n_returned);
	free_all(r->evicted_children, r->next_evicted, r->n_evicted);
	free_all(r->too_long_chain, 0, r->n_too_long);
	map_clear(&r->returned_ids);
	map_clear(&r->evicted_ids);
	map_clear(&r->too_long_ids);
}
