/* Which entry is evicted first. */
#ifndef TALLY_MEMPOOL_EVICTION_HEAP_PRIV_H
#define TALLY_MEMPOOL_EVICTION_HEAP_PRIV_H

#include "mempool/mempool_priv.h"

void eviction_heap_insert(struct eviction *ev, struct pool_entry *en);
void eviction_heap_erase(struct eviction *ev, struct pool_entry *en);
/* The entry's descendant sums have changed. */
void eviction_heap_update(struct eviction *ev, struct pool_entry *en);

#endif
