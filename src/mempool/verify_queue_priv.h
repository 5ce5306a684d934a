/* Queued transactions, first in first out for each origin. Origins take turns. */
#ifndef TALLY_MEMPOOL_VERIFY_QUEUE_PRIV_H
#define TALLY_MEMPOOL_VERIFY_QUEUE_PRIV_H

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/mempool/verify_queue.h>

struct queued_tx {
	struct list link;
	struct tx *tx;
	uint64_t origin;
	int64_t since; /* unix seconds of an earlier entry; 0: none */
	bool retry;    /* was an orphan, so its first verdict has been reported */
};

struct origin_queue {
	struct list turn; /* in verify_queue.turns if it has transactions */
	struct list txs;  /* struct queued_tx */
	uint64_t origin;
	size_t n;
	uint64_t bytes;
};

struct verify_queue {
	struct map origins; /* origin -> struct origin_queue * */
	struct list turns;  /* origins that have transactions; the first is next */
	struct map ids;     /* txid -> uint64_t, how often it is in the queue or the batch */
	uint64_t bytes;     /* of all origins */
};

void queue_init(struct verify_queue *q);
void queue_clear(struct verify_queue *q);
bool queue_has(const struct verify_queue *q, const struct txid *id);
bool queue_empty(const struct verify_queue *q);
/* Puts an orphan whose parent has arrived at the head of its origin's queue, whatever the
 * bounds. */
void queue_retry(struct verify_queue *q, struct tx *take_tx, uint64_t origin);
/* Puts a transaction back to the head of its origin's queue. */
void queue_put_back(struct verify_queue *q, struct queued_tx *qt);
/* Takes the first transaction of an origin; the origin's next turn is after all others. */
struct queued_tx *queue_take(struct verify_queue *q, struct origin_queue *oq);
/* A taken transaction is done with. */
void queue_release(struct verify_queue *q, struct queued_tx *qt);
void queue_forget_origin(struct verify_queue *q, uint64_t origin);

#endif
