/* Everything but signatures is checked when a transaction enters the batch, and once more when the
 * verdict on its signatures arrives, since the tip or the pool may have changed in between. */
#include "mempool/verify_batch_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

#include "mempool/mempool_priv.h"
#include "mempool/tx_accept_priv.h"

#define BATCH_CHECKS_MAX 512 /* a batch with this many signatures takes no more transactions */

void batch_init(struct verify_batch *b)
{
	map_init(&b->ids, sizeof(struct txid), 0);
}

static bool depends_on_batch(const struct verify_batch *b, const struct tx *tx)
{
	for (uint32_t i = 0; i < tx->n_in; i++)
		if (map_get(&b->ids, &tx->in[i].prev.txid))
			return true;
	return false;
}

/* batch_continue polls the job. */
static void ignore_done(void *arg, struct sigjob *job)
{
	(void)arg;
	(void)job;
}

static void job_add(struct mempool *m, struct batch_item *item)
{
	struct verify_batch *b = &m->batch;

	if (!b->job)
		b->job = sigjob_new(m->o.sigpool, ignore_done, NULL);
	item->job_at = sigjob_count(b->job);
	sigjob_add(b->job, b->checks + item->first_check, item->n_checks);
}

static void batch_add(struct mempool *m, struct queued_tx *qt)
{
	struct verify_batch *b = &m->batch;
	struct batch_item *item = &b->items[b->n++];
	struct candidate c;

	*item = (struct batch_item){.qt = qt, .first_check = b->n_checks};
	map_put(&b->ids, &qt->tx->id, NULL);
	if (mempool_verified(m, &qt->tx->id)) {
		item->state = ITEM_VERIFIED;
		return;
	}
	mem_reserve(&b->checks, &b->cap_checks, b->n_checks + qt->tx->n_in, sizeof(*b->checks));
	if (!accept_check(m, qt->tx, &c, b->checks + b->n_checks, &item->err)) {
		item->state = ITEM_REJECTED;
		return;
	}
	item->state = ITEM_CHECKING;
	item->n_checks = qt->tx->n_in;
	b->n_checks += item->n_checks;
	job_add(m, item);
}

static void add_turn_first(struct list *turns, struct origin_queue *oq)
{
	list_del(&oq->turn);
	list_add(turns->next, &oq->turn);
}

void batch_start(struct mempool *m, int64_t deadline)
{
	struct verify_batch *b = &m->batch;
	struct list *turns = &m->queue.turns;
	struct list stalled;

	list_init(&stalled);
	while (b->n < BATCH_TXS_MAX && b->n_checks < BATCH_CHECKS_MAX && !list_empty(turns)) {
		struct origin_queue *oq = list_first(turns, struct origin_queue, turn);
		if (depends_on_batch(b, list_first(&oq->txs, struct queued_tx, link)->tx)) {
			list_del(&oq->turn);
			list_add(&stalled, &oq->turn);
			continue;
		}
		batch_add(m, queue_take(&m->queue, oq));
		if (clock_mono_us(m->o.clock) >= deadline)
			break;
	}
	/* Origins whose next transaction depends on this batch have the first turns in the next. */
	while (!list_empty(&stalled))
		add_turn_first(turns, list_entry(stalled.prev, struct origin_queue, turn));
	if (b->job)
		sigjob_close(b->job);
}

/* Reads the result of a finished job. After the first bad signature the pool may have skipped
 * checks, so the transactions behind it get another job. */
static void read_job(struct mempool *m)
{
	struct verify_batch *b = &m->batch;
	const size_t bad = sigjob_first_bad(b->job);

	sigjob_free(b->job);
	b->job = NULL;
	for (size_t i = 0; i < b->n; i++) {
		struct batch_item *item = &b->items[i];
		if (item->state != ITEM_CHECKING)
			continue;
		if (item->job_at + item->n_checks <= bad) {
			item->state = ITEM_VERIFIED;
		} else if (item->job_at <= bad) {
			item->state = ITEM_REJECTED;
			err_set(&item->err, ERR_INVALID, "mandatory-script-verify-flag-failed",
				"the signature of input %zu is invalid", bad - item->job_at);
		} else if (item->qt) {
			job_add(m, item);
		} else {
			item->state = ITEM_REJECTED; /* its origin was forgotten */
		}
	}
	if (b->job)
		sigjob_close(b->job);
}

static void report_verdict(struct mempool *m, struct batch_item *item)
{
	struct queued_tx *qt = item->qt;
	struct tx *tx = tx_ref(qt->tx);
	uint64_t origin = qt->origin;
	bool deferred = origin == MEMPOOL_FILE_ORIGIN && reorg_defer(&m->reorg, tx, &item->err);
	bool orphan = item->err.cls == ERR_ORPHAN && !deferred;
	bool reported = qt->retry && orphan;

	item->qt = NULL;
	if (orphan)
		orphans_add(m, tx, origin);
	queue_release(&m->queue, qt);
	if (!reported && m->o.events && m->o.events->verdict)
		m->o.events->verdict(m->o.events_arg, tx, origin, &item->err);
	tx_unref(tx);
}

/* The missing parent of an orphan may have arrived in the meantime; then it is checked again. */
static bool no_longer_orphan(struct mempool *m, struct batch_item *item)
{
	struct candidate c;
	struct err e = {.cls = ERR_NONE};

	if (item->err.cls != ERR_ORPHAN)
		return false;
	accept_check(m, item->qt->tx, &c, NULL, &e);
	if (e.cls == ERR_ORPHAN)
		return false;
	queue_put_back(&m->queue, item->qt);
	item->qt = NULL;
	return true;
}

static void batch_clear(struct verify_batch *b)
{
	map_clear(&b->ids);
	b->n = b->n_checks = 0;
}

static void batch_finish(struct mempool *m)
{
	struct verify_batch *b = &m->batch;

	for (size_t i = 0; i < b->n; i++) {
		struct batch_item *item = &b->items[i];
		/* An event may have called mempool_forget_origin in the meantime. */
		if (!item->qt)
			continue;
		if (item->state == ITEM_VERIFIED) {
			sig_cache_add(&m->sig_cache, &item->qt->tx->id);
			err_clear(&item->err);
			accept_verified(m, item->qt->tx, item->qt->since, &item->err);
		}
		if (!no_longer_orphan(m, item))
			report_verdict(m, item);
	}
	batch_clear(b);
}

bool batch_continue(struct mempool *m)
{
	struct verify_batch *b = &m->batch;

	while (b->job) {
		if (!sigjob_finished(b->job))
			return false;
		read_job(m);
	}
	batch_finish(m);
	return true;
}

void batch_forget_origin(struct mempool *m, uint64_t origin)
{
	for (size_t i = 0; i < m->batch.n; i++) {
		struct batch_item *item = &m->batch.items[i];
		if (item->qt && item->qt->origin == origin) {
			queue_release(&m->queue, item->qt);
			item->qt = NULL;
		}
	}
}

void batch_free(struct mempool *m)
{
	struct verify_batch *b = &m->batch;

	if (b->job)
		sigjob_free(b->job);
	for (size_t i = 0; i < b->n; i++)
		if (b->items[i].qt)
			queue_release(&m->queue, b->items[i].qt);
	batch_clear(b);
	free(b->checks);
}
