/* The mempool follows the chain. Call these from the chain's events, in order. */
#ifndef TALLY_MEMPOOL_BLOCK_UPDATE_H
#define TALLY_MEMPOOL_BLOCK_UPDATE_H

#include <tally/primitives/block.h>

struct mempool;

void mempool_block_connected(struct mempool *m, const struct block *b);
void mempool_block_disconnected(struct mempool *m, const struct block *b);
/* After the last of these. mempool_work then readmits deferred transactions and removes those that
 * are no longer valid, before it checks anything that is queued. */
void mempool_tip_changed(struct mempool *m);

#endif
