/* The wallet: keys and labels, the coins they own, payments and their history. It follows the chain
 * and the mempool, which the node reports to it. It knows no peers and sends nothing itself.
 * Amounts are in units.
 *
 * This header includes the whole public interface. The parts:
 *
 *     key_store.h     addresses and labels
 *     balance.h       balances and coins
 *     history.h       transactions
 *     create_tx.h     create payments
 *     drafts.h        payments that a user was shown and has not yet sent
 *     chain_sync.h    follow the chain and the mempool
 *     tx_db.h         commit, read a transaction
 *     receiver.h      resolve the name of a receiver */
#ifndef TALLY_WALLET_WALLET_H
#define TALLY_WALLET_WALLET_H

#include <tally/base/clock.h>
#include <tally/base/rng.h>
#include <tally/store/wallet_db.h>
#include <tally/wallet/balance.h>
#include <tally/wallet/chain_sync.h>
#include <tally/wallet/create_tx.h>
#include <tally/wallet/drafts.h>
#include <tally/wallet/history.h>
#include <tally/wallet/key_store.h>
#include <tally/wallet/receiver.h>
#include <tally/wallet/tx_db.h>

struct wallet_options {
	struct wallet_db *db; /* borrowed */
	const struct clock *clock;
	const struct rng *rng; /* makes keys: must be the system's, except in tests */
};

/* ERR_CORRUPT "wallet-key" or "wallet-record" if a record is damaged; else the database's
 * errors. */
bool wallet_open(struct wallet **out, const struct wallet_options *o, struct err *e);
void wallet_close(struct wallet *w); /* commits nothing; NULL is harmless */

#endif
