/* Following the chain and the mempool. Nothing is on disk before wallet_commit, which the node
 * calls after the chain's commit, so that the wallet is never ahead of the chain. */
#ifndef TALLY_WALLET_CHAIN_SYNC_H
#define TALLY_WALLET_CHAIN_SYNC_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/chain/chain_state.h>
#include <tally/primitives/tx.h>

struct wallet;

/* Before any other call of this header. c is borrowed; NULL: there is no chain yet. */
void wallet_set_chain(struct wallet *w, const struct chain *c);
/* Moves from the last block that the wallet has processed towards the tip, for about budget_us. It
 * first disconnects blocks that are no longer on the best chain. *more: call again. ERR_INTERNAL,
 * or the errors of chain and database. */
bool wallet_catch_up(struct wallet *w, int64_t budget_us, bool *more, struct err *e);

/* From the chain's events, in order. Ignored while the wallet is behind: wallet_catch_up processes
 * the block then. */
void wallet_block_connected(struct wallet *w, const struct chain_entry *at, const struct block *b);
void wallet_block_disconnected(struct wallet *w, const struct chain_entry *at,
			       const struct block *b);

/* From the mempool's events. reason: as in mempool_events. */
void wallet_mempool_added(struct wallet *w, const struct tx *tx);
void wallet_mempool_removed(struct wallet *w, const struct tx *tx, const char *reason);

/* Abandons an own transaction that is neither in a block nor in the mempool, so that its coins can
 * be spent again. A miner that knows the transaction may still put it into a block. ERR_NOTFOUND
 * "no-such-tx", ERR_USAGE "not-abandonable". */
bool wallet_abandon(struct wallet *w, const struct txid *id, struct err *e);

#endif
