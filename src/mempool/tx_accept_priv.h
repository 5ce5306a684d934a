/* The rules for entering the pool. In all of these the chain must be settled. */
#ifndef TALLY_MEMPOOL_TX_ACCEPT_PRIV_H
#define TALLY_MEMPOOL_TX_ACCEPT_PRIV_H

#include "mempool/mempool_priv.h"

/* Checks everything but signatures, and writes the signature checks that are left to `checks` (room
 * for n_in; may be NULL). */
bool accept_check(struct mempool *m, const struct tx *tx, struct candidate *c,
		  struct sigcheck *checks, struct err *e);
/* Checks the signatures in this thread, unless they are known to be valid. */
bool accept_check_signatures(struct mempool *m, const struct tx *tx, const struct sigcheck *checks,
			     struct err *e);
/* Adds a transaction that accept_check has just passed. ERR_POLICY "mempool-full" if the pool is
 * full of transactions that pay more. */
bool accept_add(struct mempool *m, struct tx *tx, const struct candidate *c, int64_t since,
		struct err *e);
/* accept_check and accept_add, for a transaction whose signatures are known to be valid. */
bool accept_verified(struct mempool *m, struct tx *tx, int64_t since, struct err *e);
/* All checks, then accept_add. */
bool accept_tx(struct mempool *m, struct tx *tx, struct err *e);

#endif
