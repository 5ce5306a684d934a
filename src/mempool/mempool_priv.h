/* The mempool's state. */
#ifndef TALLY_MEMPOOL_PRIV_H
#define TALLY_MEMPOOL_PRIV_H

#include <tally/base/map.h>
#include <tally/mempool/mempool.h>

#include "mempool/eviction_priv.h"
#include "mempool/orphans_priv.h"
#include "mempool/pool_priv.h"
#include "mempool/reorg_priv.h"
#include "mempool/sig_cache_priv.h"
#include "mempool/verify_batch_priv.h"
#include "mempool/verify_queue_priv.h"

struct mempool {
	struct mempool_options o;

	struct map by_id;        /* txid -> struct pool_entry * */
	struct map by_spent;     /* packed outpoint -> struct pool_entry * */
	struct seq_slot *by_seq; /* entries in order of seq */
	size_t n_by_seq, cap_by_seq;
	uint64_t next_seq, next_mark;
	uint64_t bytes, memory;
	int64_t fees;

	struct eviction eviction;
	struct sig_cache sig_cache;
	struct verify_queue queue;
	struct verify_batch batch;
	struct orphans orphans;
	struct reorg reorg;
	bool working; /* mempool_work is running: its callbacks may call mempool_work again */
};

/* For tests: the checks of mempool_accept, without adding the transaction. *fee (may be NULL) gets
 * its fee. */
bool mempool_test(struct mempool *m, struct tx *tx, int64_t *fee, struct err *e);

#endif
