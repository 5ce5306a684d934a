/* Own transactions and coins in memory, and their states. */
#ifndef TALLY_WALLET_TX_STATE_PRIV_H
#define TALLY_WALLET_TX_STATE_PRIV_H

#include "wallet/wallet_priv.h"

void tx_state_init(struct wallet *w);
void tx_state_free(struct wallet *w);
void tx_state_clear(struct wallet *w); /* forgets every transaction */

/* NO_INDEX: not an own transaction, not an own coin. */
uint32_t tx_state_find(const struct wallet *w, const struct txid *id);
uint32_t tx_state_find_coin(const struct wallet *w, const struct outpoint *o);
/* Does it pay an own key or spend an own coin? */
bool tx_state_concerns(const struct wallet *w, const struct tx *tx);
bool tx_is_unconfirmed(const struct own_tx *tx); /* inactive or pending */
bool tx_is_own(const struct own_tx *tx);         /* are all inputs own coins? */

/* Adds an unknown transaction. The caller then sets its state. Returns its index. */
uint32_t tx_state_add(struct wallet *w, const struct tx *tx, int64_t first_seen);
/* Change the state of a transaction. raw may be NULL if the transaction is kept in memory. Pending
 * and confirmed: unconfirmed transactions that conflict with it are abandoned with their
 * descendants. */
void tx_state_set_pending(struct wallet *w, uint32_t t, const struct tx *raw);
void tx_state_set_inactive(struct wallet *w, uint32_t t, const struct tx *raw);
void tx_state_set_confirmed(struct wallet *w, uint32_t t, const struct tx *raw,
			    const struct chain_entry *at);
/* For loading: changes no other transaction. */
void tx_state_load_abandoned(struct wallet *w, uint32_t t, const struct tx *raw);
/* Abandons an unconfirmed transaction and its unconfirmed descendants. */
void tx_state_abandon(struct wallet *w, uint32_t t);
/* Abandons the unconfirmed transactions that spend a coin which tx spends. */
void tx_state_abandon_conflicts(struct wallet *w, const struct tx *tx);

#endif
