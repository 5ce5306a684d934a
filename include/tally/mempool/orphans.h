/* Orphan transactions: their parents are unknown. */
#ifndef TALLY_MEMPOOL_ORPHANS_H
#define TALLY_MEMPOOL_ORPHANS_H

#include <stddef.h>
#include <stdint.h>

#include <tally/primitives/tx.h>

#define MEMPOOL_ORPHANS_MAX      100
#define MEMPOOL_ORPHAN_BYTES_MAX (UINT64_C(5) << 20)

struct mempool;

size_t mempool_orphan_count(const struct mempool *m);
/* Another peer has announced this transaction. If it is an orphan, that peer becomes its origin
 * when the first one disconnects. */
void mempool_orphan_announced(struct mempool *m, const struct txid *id, uint64_t origin);

#endif
