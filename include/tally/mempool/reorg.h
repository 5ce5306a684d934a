/* Deferred transactions: not in the pool now, but tried again without being submitted again. They
 * come from disconnected blocks, or spend outputs of these, or have too many unconfirmed
 * ancestors. */
#ifndef TALLY_MEMPOOL_REORG_H
#define TALLY_MEMPOOL_REORG_H

#include <stddef.h>

#include <tally/primitives/tx.h>

struct mempool;

/* Deferred transactions from number *from on, in the order in which they are tried. *from moves
 * behind the last one written. Returns how many were written; they are borrowed. */
size_t mempool_deferred(const struct mempool *m, size_t *from, struct tx **out, size_t max);

#endif
