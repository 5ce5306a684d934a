/* Choosing the transactions of a new block. */
#ifndef TALLY_MEMPOOL_ASSEMBLE_H
#define TALLY_MEMPOOL_ASSEMBLE_H

#include <stddef.h>
#include <stdint.h>

#include <tally/primitives/tx.h>

struct mempool;

/* Transactions for the next block, by the fee rate of a transaction with its unconfirmed ancestors;
 * parents stand before children. At most max_bytes altogether. Only transactions that are valid at
 * the next height. *txs is mem_alloc'ed; each has one reference for the caller. */
void mempool_assemble(struct mempool *m, size_t max_bytes, struct tx ***txs, size_t *n,
		      int64_t *fees);

#endif
