#ifndef TALLY_MEMPOOL_ORPHANS_PRIV_H
#define TALLY_MEMPOOL_ORPHANS_PRIV_H

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/mempool/orphans.h>
#include <tally/mempool/verify_queue.h>
#include <tally/primitives/block.h>

/* The origin of an orphan whose peers have all disconnected. */
#define ORIGIN_GONE (UINT64_MAX - 1)
_Static_assert(ORIGIN_GONE != MEMPOOL_FILE_ORIGIN, "verdicts must tell them apart");

struct orphan {
	struct list link; /* by age */
	struct tx *tx;
	uint64_t origin, other; /* its sender and one more peer that has announced it */
	int64_t time;           /* monotonic seconds */
};

struct orphan_list {
	struct orphan **at;
	size_t n, cap;
};

struct orphans {
	struct list by_age;   /* the oldest first */
	struct map by_id;     /* txid -> struct orphan * */
	struct map by_parent; /* txid of an input -> struct orphan_list */
	uint64_t bytes;
};

void orphans_init(struct orphans *o);
void orphans_clear(struct orphans *o);
void orphans_add(struct mempool *m, struct tx *tx, uint64_t origin);
bool orphans_has(const struct orphans *o, const struct txid *id);
/* A transaction has arrived: queues the orphans that spend its outputs. */
void orphans_retry_children(struct mempool *m, const struct txid *id);
void orphans_block(struct mempool *m, const struct block *b);
void orphans_expire(struct mempool *m);
void orphans_forget_origin(struct orphans *o, uint64_t origin);

#endif
