#include "mempool/verify_queue_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

#include "mempool/mempool_priv.h"

/* Bounds on what is queued, so that no peer fills the memory. */
#define ORIGIN_TXS_MAX   1000
#define ORIGIN_BYTES_MAX (UINT64_C(5) << 20)
#define QUEUE_BYTES_MAX  (UINT64_C(32) << 20)

void queue_init(struct verify_queue *q)
{
	map_init(&q->origins, sizeof(uint64_t), sizeof(struct origin_queue *));
	list_init(&q->turns);
	map_init(&q->ids, sizeof(struct txid), sizeof(uint64_t));
	q->bytes = 0;
}

static struct origin_queue *find_queue(const struct verify_queue *q, uint64_t origin)
{
	struct origin_queue **at = map_get(&q->origins, &origin);

	return at ? *at : NULL;
}

static struct origin_queue *make_queue(struct verify_queue *q, uint64_t origin)
{
	bool added;
	struct origin_queue **at = map_put(&q->origins, &origin, &added);

	if (added) {
		*at = NEW(struct origin_queue);
		(*at)->origin = origin;
		list_init(&(*at)->txs);
		list_init(&(*at)->turn);
	}
	if (list_empty(&(*at)->turn))
		list_add(&q->turns, &(*at)->turn);
	return *at;
}

bool queue_has(const struct verify_queue *q, const struct txid *id)
{
	return map_get(&q->ids, id) != NULL;
}

bool queue_empty(const struct verify_queue *q)
{
	return list_empty(&q->turns);
}

static struct queued_tx *new_queued(struct verify_queue *q, struct tx *take_tx, uint64_t origin)
{
	struct queued_tx *qt = NEW(struct queued_tx);
	uint64_t *count = map_put(&q->ids, &take_tx->id, NULL);

	(*count)++;
	qt->tx = take_tx;
	qt->origin = origin;
	list_init(&qt->link);
	return qt;
}

void queue_release(struct verify_queue *q, struct queued_tx *qt)
{
	uint64_t *count = map_get(&q->ids, &qt->tx->id);

	if (--*count == 0)
		map_del(&q->ids, &qt->tx->id);
	tx_unref(qt->tx);
	free(qt);
}

static void count_in(struct verify_queue *q, struct origin_queue *oq, const struct tx *tx)
{
	oq->n++;
	oq->bytes += tx->raw.len;
	q->bytes += tx->raw.len;
}

struct queued_tx *queue_take(struct verify_queue *q, struct origin_queue *oq)
{
	struct queued_tx *qt = list_first(&oq->txs, struct queued_tx, link);

	list_del(&qt->link);
	oq->n--;
	oq->bytes -= qt->tx->raw.len;
	q->bytes -= qt->tx->raw.len;
	list_del(&oq->turn);
	if (oq->n) {
		list_add(&q->turns, &oq->turn);
	} else {
		map_del(&q->origins, &oq->origin);
		free(oq);
	}
	return qt;
}

bool mempool_queue_full(const struct mempool *m, uint64_t origin)
{
	const struct origin_queue *oq = find_queue(&m->queue, origin);

	/* An origin that has nothing queued may always queue one, so that others can't lock it
	 * out. */
	return oq && (oq->n >= ORIGIN_TXS_MAX || oq->bytes >= ORIGIN_BYTES_MAX ||
		      m->queue.bytes >= QUEUE_BYTES_MAX);
}

bool mempool_submit_since(struct mempool *m, struct tx *tx, uint64_t origin, int64_t since,
			  struct err *e)
{
	struct verify_queue *q = &m->queue;
	struct origin_queue *oq;
	struct queued_tx *qt;

	if (mempool_queue_full(m, origin))
		return err_set(e, ERR_BUSY, "mempool-queue-full",
			       "too many transactions are waiting to be checked: try again later");
	oq = make_queue(q, origin);
	qt = new_queued(q, tx_ref(tx), origin);
	qt->since = since;
	list_add(&oq->txs, &qt->link);
	count_in(q, oq, tx);
	return true;
}

bool mempool_submit(struct mempool *m, struct tx *tx, uint64_t origin, struct err *e)
{
	return mempool_submit_since(m, tx, origin, 0, e);
}

void queue_put_back(struct verify_queue *q, struct queued_tx *qt)
{
	struct origin_queue *oq = make_queue(q, qt->origin);

	list_add(oq->txs.next, &qt->link);
	count_in(q, oq, qt->tx);
}

void queue_retry(struct verify_queue *q, struct tx *take_tx, uint64_t origin)
{
	struct queued_tx *qt = new_queued(q, take_tx, origin);

	qt->retry = true;
	queue_put_back(q, qt);
}

static void drop_queue(struct verify_queue *q, struct origin_queue *oq)
{
	for (size_t n = oq->n; n > 0; n--)
		queue_release(q, queue_take(q, oq));
}

void queue_forget_origin(struct verify_queue *q, uint64_t origin)
{
	struct origin_queue *oq = find_queue(q, origin);

	if (oq)
		drop_queue(q, oq);
}

void queue_clear(struct verify_queue *q)
{
	while (!list_empty(&q->turns))
		drop_queue(q, list_first(&q->turns, struct origin_queue, turn));
	map_clear(&q->origins);
	map_clear(&q->ids);
}
