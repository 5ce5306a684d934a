/* What waits to be checked. Transactions are taken in turns from the origins' queues into a
 * batch; the signatures of a batch are one job of the signature pool; with its
 * verdict everything else is checked once more, since the tip may have moved. */
#include <stdlib.h>

#include <tally/base/mem.h>

#include "mempool/mempool_priv.h"

static struct origin_queue *find_queue(const struct mempool *m, uint64_t origin)
{
	struct origin_queue **at = map_get(&m->origins, &origin);

	return at ? *at : NULL;
}

static struct origin_queue *make_queue(struct mempool *m, uint64_t origin)
{
	bool added;
	struct origin_queue **at = map_put(&m->origins, &origin, &added);

	if (added) {
		*at = NEW(struct origin_queue);
		(*at)->origin = origin;
		list_init(&(*at)->txs);
		list_init(&(*at)->turn);
	}
	if (list_empty(&(*at)->turn))
		list_add(&m->turns, &(*at)->turn);
	return *at;
}

bool queue_has(const struct mempool *m, const struct txid *id)
{
	return map_get(&m->queued, id);
}

static struct queued *new_queued(struct mempool *m, struct tx *take_tx, uint64_t origin)
{
	struct queued *q = NEW(struct queued);
	uint64_t *count = map_put(&m->queued, &take_tx->id, NULL);

	(*count)++;
	q->tx = take_tx;
	q->origin = origin;
	list_init(&q->link);
	return q;
}

static void forget_queued(struct mempool *m, struct queued *q)
{
	uint64_t *count = map_get(&m->queued, &q->tx->id);

	if (--*count == 0)
		map_del(&m->queued, &q->tx->id);
	tx_unref(q->tx);
	free(q);
}

static void count_in(struct mempool *m, struct origin_queue *oq, const struct tx *tx)
{
	oq->n++;
	oq->bytes += tx->raw.len;
	m->n_queued++;
	m->queued_bytes += tx->raw.len;
}

/* Takes the first of an origin; the origin's next turn is after the others'. */
static struct queued *take_first(struct mempool *m, struct origin_queue *oq)
{
	struct queued *q = list_first(&oq->txs, struct queued, link);

	list_del(&q->link);
	oq->n--;
	oq->bytes -= q->tx->raw.len;
	m->n_queued--;
	m->queued_bytes -= q->tx->raw.len;
	list_del(&oq->turn);
	if (oq->n) {
		list_add(&m->turns, &oq->turn);
	} else {
		map_del(&m->origins, &oq->origin);
		free(oq);
	}
	return q;
}

bool mempool_queue_full(const struct mempool *m, uint64_t origin)
{
	const struct origin_queue *oq = find_queue(m, origin);

	return oq && (oq->n >= QUEUE_MAX || oq->bytes >= QUEUE_ORIGIN_BYTES_MAX ||
		      m->queued_bytes >= QUEUE_BYTES_MAX);
}

bool mempool_submit_since(struct mempool *m, struct tx *tx, uint64_t origin, int64_t since,
			  struct err *e)
{
	if (mempool_queue_full(m, origin))
		return err_set(e, ERR_BUSY, "mempool-queue-full",
			       "too many transactions wait to be checked: try again later");
	struct origin_queue *oq = make_queue(m, origin);
	struct queued *q = new_queued(m, tx_ref(tx), origin);
	q->since = since;
	list_add(&oq->txs, &q->link);
	count_in(m, oq, tx);
	return true;
}

bool mempool_submit(struct mempool *m, struct tx *tx, uint64_t origin, struct err *e)
{
	return mempool_submit_since(m, tx, origin, 0, e);
}

static void queue_again(struct mempool *m, struct queued *q)
{
	struct origin_queue *oq = make_queue(m, q->origin);

	list_add(oq->txs.next, &q->link);
	count_in(m, oq, q->tx);
}

void queue_retry(struct mempool *m, struct tx *take_tx, uint64_t origin)
{
	struct queued *q = new_queued(m, take_tx, origin);

	q->retry = true;
	queue_again(m, q);
}

static bool depends_on_batch(const struct batch *b, const struct tx *tx)
{
	for (uint32_t i = 0; i < tx->n_in; i++)
		if (map_get(&b->ids, &tx->in[i].prev.txid))
			return true;
	return false;
}

static void no_done(void *arg, struct sigjob *job)
{
	(void)arg;
	(void)job; /* mempool_work looks itself */
}

static void job_add(struct mempool *m, struct batch_item *item)
{
	struct batch *b = &m->batch;

	if (!b->job)
		b->job = sigjob_new(m->o.sigpool, no_done, NULL);
	item->job_at = sigjob_count(b->job);
	sigjob_add(b->job, b->checks + item->first_check, item->n_checks);
}

/* All checks but signatures now; these begin at once. */
static void batch_add(struct mempool *m, struct queued *q)
{
	struct batch *b = &m->batch;
	struct batch_item *item = &b->items[b->n++];
	struct candidate c;

	*item = (struct batch_item){.q = q, .first_check = b->n_checks};
	map_put(&b->ids, &q->tx->id, NULL);
	if (mempool_verified(m, &q->tx->id)) {
		item->state = ITEM_VERIFIED;
		return;
	}
	mem_reserve(&b->checks, &b->cap_checks, b->n_checks + q->tx->n_in, sizeof(*b->checks));
	if (!accept_check(m, q->tx, &c, b->checks + b->n_checks, &item->err)) {
		item->state = ITEM_DECIDED;
		return;
	}
	item->state = ITEM_CHECKING;
	item->n_checks = q->tx->n_in;
	b->n_checks += item->n_checks;
	job_add(m, item);
}

static void batch_start(struct mempool *m, int64_t deadline)
{
	struct batch *b = &m->batch;
	struct list stalled;

	list_init(&stalled);
	while (b->n < BATCH_TXS_MAX && b->n_checks < BATCH_CHECKS_MAX && !list_empty(&m->turns)) {
		struct origin_queue *oq = list_first(&m->turns, struct origin_queue, turn);
		if (depends_on_batch(b, list_first(&oq->txs, struct queued, link)->tx)) {
			list_del(&oq->turn);
			list_add(&stalled, &oq->turn);
			continue;
		}
		batch_add(m, take_first(m, oq));
		if (clock_mono_us(m->o.clock) >= deadline)
			break;
	}
	/* Whoever waits for this batch has the first turn in the next. */
	while (!list_empty(&stalled)) {
		struct origin_queue *oq = list_entry(stalled.prev, struct origin_queue, turn);
		list_del(&oq->turn);
		list_add(m->turns.next, &oq->turn);
	}
	if (b->job)
		sigjob_close(b->job);
}

/* Reads the verdict. Where one signature is wrong, those behind it have not been looked at for
 * certain: they go into another job. */
static void batch_verdict(struct mempool *m)
{
	struct batch *b = &m->batch;
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
			item->state = ITEM_DECIDED;
			err_set(&item->err, ERR_INVALID, "mandatory-script-verify-flag-failed",
				"the signature of input %zu is wrong", bad - item->job_at);
		} else if (item->q) {
			job_add(m, item);
		} else {
			item->state = ITEM_DECIDED; /* nobody asks */
		}
	}
	if (b->job)
		sigjob_close(b->job);
}

static void tell(struct mempool *m, struct batch_item *item)
{
	struct queued *q = item->q;
	struct tx *tx = tx_ref(q->tx);
	uint64_t origin = q->origin;
	bool later = origin == MEMPOOL_FILE_ORIGIN && reorg_later(m, tx, &item->err);
	bool orphan = item->err.cls == ERR_ORPHAN && !later;
	bool told = q->retry && orphan;

	item->q = NULL;
	if (orphan)
		orphans_add(m, tx, origin);
	forget_queued(m, q);
	if (!told && m->o.events && m->o.events->verdict)
		m->o.events->verdict(m->o.events_arg, tx, origin, &item->err);
	tx_unref(tx);
}

/* What a batch's orphan waits for may have come by another way since: then it is checked again. */
static bool no_longer_orphan(struct mempool *m, struct batch_item *item)
{
	struct candidate c;
	struct err e = {.cls = ERR_NONE};

	if (item->err.cls != ERR_ORPHAN)
		return false;
	accept_check(m, item->q->tx, &c, NULL, &e);
	if (e.cls == ERR_ORPHAN)
		return false;
	queue_again(m, item->q);
	item->q = NULL;
	return true;
}

static void batch_clear(struct batch *b)
{
	map_clear(&b->ids);
	b->n = b->n_checks = 0;
}

static void batch_finish(struct mempool *m)
{
	struct batch *b = &m->batch;

	for (size_t i = 0; i < b->n; i++) {
		struct batch_item *item = &b->items[i];
		if (!item->q)
			continue; /* its origin is gone; what follows may have made it go */
		if (item->state == ITEM_VERIFIED) {
			verified_add(m, &item->q->tx->id);
			err_clear(&item->err);
			accept_verified(m, item->q->tx, item->q->since, &item->err);
		}
		if (!no_longer_orphan(m, item))
			tell(m, item);
	}
	batch_clear(b);
}

/* Returns whether the batch is done with. */
static bool batch_go_on(struct mempool *m)
{
	struct batch *b = &m->batch;

	while (b->job) {
		if (!sigjob_finished(b->job))
			return false;
		batch_verdict(m);
	}
	batch_finish(m);
	return true;
}

bool mempool_settled(const struct mempool *m)
{
	return !m->reorg;
}

bool mempool_idle(const struct mempool *m)
{
	return !m->batch.n && list_empty(&m->turns) && !m->reorg;
}

bool mempool_work(struct mempool *m, int64_t budget_us)
{
	int64_t deadline = clock_mono_us(m->o.clock) + budget_us;
	bool more = false;

	if (m->working)
		return false;
	m->working = true;
	while (chain_at_best(m->o.chain)) {
		if (m->reorg)
			reorg_give_back(m, deadline);
		if (m->reorg) {
			more = true;
			break;
		}
		if (!m->batch.n && list_empty(&m->turns))
			break;
		if (!m->batch.n)
			batch_start(m, deadline);
		if (!batch_go_on(m))
			break;
		if (clock_mono_us(m->o.clock) >= deadline) {
			more = !list_empty(&m->turns);
			break;
		}
	}
	m->working = false;
	return more;
}

static void drop_queue(struct mempool *m, struct origin_queue *oq)
{
	for (size_t n = oq->n; n > 0; n--)
		forget_queued(m, take_first(m, oq));
}

void mempool_forget_origin(struct mempool *m, uint64_t origin)
{
	struct origin_queue *oq = find_queue(m, origin);

	if (oq)
		drop_queue(m, oq);
	for (size_t i = 0; i < m->batch.n; i++) {
		struct batch_item *item = &m->batch.items[i];
		if (item->q && item->q->origin == origin) {
			forget_queued(m, item->q);
			item->q = NULL;
		}
	}
	orphans_forget(m, origin);
}

void queue_free(struct mempool *m)
{
	struct batch *b = &m->batch;

	if (b->job)
		sigjob_free(b->job);
	for (size_t i = 0; i < b->n; i++)
		if (b->items[i].q)
			forget_queued(m, b->items[i].q);
	batch_clear(b);
	free(b->checks);
	while (!list_empty(&m->turns))
		drop_queue(m, list_first(&m->turns, struct origin_queue, turn));
	map_clear(&m->origins);
	map_clear(&m->queued);
}
