#ifndef TALLY_WALLET_TX_DB_PRIV_H
#define TALLY_WALLET_TX_DB_PRIV_H

#include "wallet/wallet_priv.h"

bool tx_db_load(struct wallet *w, struct err *e);
/* Deletes every transaction, since they belong to another chain. The next wallet_commit commits
 * it. */
bool tx_db_forget_all(struct wallet *w, struct err *e);
/* Is it confirmed in a block that is not on the best chain? */
bool tx_is_stale(const struct wallet *w, const struct own_tx *tx);
/* Reads the bytes of all stale transactions into own_tx.raw. */
bool tx_db_load_stale(struct wallet *w, struct err *e);

#endif
