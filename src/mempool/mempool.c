/* The mempool as a whole: opening and closing, and what needs several of its parts. */
#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/chain/connect.h>

#include "mempool/mempool_priv.h"
#include "mempool/tx_accept_priv.h"

struct mempool *mempool_new(const struct mempool_options *o)
{
	struct mempool *m = NEW(struct mempool);

	m->o = *o;
	m->next_seq = 1;
	map_init(&m->by_id, sizeof(struct txid), sizeof(struct pool_entry *));
	map_init(&m->by_spent, OUTPOINT_BYTES, sizeof(struct pool_entry *));
	sig_cache_init(&m->sig_cache);
	queue_init(&m->queue);
	batch_init(&m->batch);
	reorg_init(&m->reorg);
	orphans_init(&m->orphans);
	return m;
}

void mempool_free(struct mempool *m)
{
	if (!m)
		return;
	batch_free(m);
	queue_clear(&m->queue);
	orphans_clear(&m->orphans);
	reorg_clear(&m->reorg);
	sig_cache_clear(&m->sig_cache);
	free(m->eviction.heap);
	pool_free(m);
	free(m);
}

static bool accept_now(struct mempool *m, struct tx *tx, bool add, int64_t *fee, struct err *e)
{
	struct candidate c;
	struct sigcheck *checks = NULL;
	bool ok;

	if (!chain_settle(m->o.chain, e))
		return false;
	if (m->reorg.due)
		reorg_readmit(m, INT64_MAX);
	checks = mem_array(MAX(tx->n_in, 1U), sizeof(*checks));
	ok = accept_check(m, tx, &c, checks, e) && accept_check_signatures(m, tx, checks, e) &&
	     (!add || accept_add(m, tx, &c, 0, e));
	free(checks);
	if (ok && fee)
		*fee = c.fee;
	return ok;
}

bool mempool_accept(struct mempool *m, struct tx *tx, struct err *e)
{
	return accept_now(m, tx, true, NULL, e);
}

bool mempool_test(struct mempool *m, struct tx *tx, int64_t *fee, struct err *e)
{
	return accept_now(m, tx, false, fee, e);
}

bool mempool_work(struct mempool *m, int64_t budget_us)
{
	int64_t deadline = clock_mono_us(m->o.clock) + budget_us;
	bool more = false;

	if (m->working)
		return false;
	m->working = true;
	while (chain_at_best(m->o.chain)) {
		if (m->reorg.due)
			reorg_readmit(m, deadline);
		if (m->reorg.due) {
			more = true;
			break;
		}
		if (!m->batch.n && queue_empty(&m->queue))
			break;
		if (!m->batch.n)
			batch_start(m, deadline);
		if (!batch_continue(m))
			break;
		if (clock_mono_us(m->o.clock) >= deadline) {
			more = !queue_empty(&m->queue);
			break;
		}
	}
	m->working = false;
	return more;
}

bool mempool_settled(const struct mempool *m)
{
	return !m->reorg.due;
}

bool mempool_idle(const struct mempool *m)
{
	return !m->batch.n && queue_empty(&m->queue) && !m->reorg.due;
}

void mempool_settle(struct mempool *m)
{
	if (chain_at_best(m->o.chain))
		reorg_readmit(m, INT64_MAX);
}

void mempool_expire(struct mempool *m)
{
	orphans_expire(m);
	eviction_expire(m);
}

void mempool_forget_origin(struct mempool *m, uint64_t origin)
{
	queue_forget_origin(&m->queue, origin);
	batch_forget_origin(m, origin);
	orphans_forget_origin(&m->orphans, origin);
}

bool mempool_has(const struct mempool *m, const struct txid *id)
{
	return mempool_get(m, id, &(struct mempool_entry){0}) || queue_has(&m->queue, id) ||
	       orphans_has(&m->orphans, id) || reorg_has(&m->reorg, id);
}
