/* The wallet's transactions on disk. */
#ifndef TALLY_WALLET_TX_DB_H
#define TALLY_WALLET_TX_DB_H

#include <stdbool.h>

#include <tally/base/err.h>
#include <tally/primitives/tx.h>

struct wallet;

/* Writes all changes. It waits for the disk only if the chain could not restore one of them. */
bool wallet_commit(struct wallet *w, struct err *e);
/* A transaction of the history in full, with a reference. NULL: not in the history, or
 * unreadable. */
struct tx *wallet_own_tx(const struct wallet *w, const struct txid *id);

#endif
