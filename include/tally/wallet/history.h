/* The transactions that concern the wallet. */
#ifndef TALLY_WALLET_HISTORY_H
#define TALLY_WALLET_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/crypto/address.h>
#include <tally/primitives/script.h>
#include <tally/primitives/tx.h>

struct wallet;

struct wallet_tx {
	struct txid id;
	struct block_hash block; /* all zeros while unconfirmed */
	uint32_t height;         /* MEMPOOL_HEIGHT while unconfirmed */
	int64_t time;            /* of the block, or when it was first seen */
	int64_t received;        /* units paid to own addresses */
	int64_t sent;            /* units of own coins spent */
	int64_t fee;             /* -1: unknown, since not all inputs are own coins */
	bool coinbase;
	bool abandoned; /* conflicts with the best chain, or abandoned by the user */
	/* Abandoned because it spends an abandoned transaction, for example a coinbase whose block
	 * was reorganised away. */
	bool parent_abandoned;
	bool to_self;       /* a payment of this wallet to an own address */
	struct key_hash to; /* the first output to another wallet, or the first output */
	char memo[SCRIPT_MEMO_MAX + 1]; /* sanitised; "": none */
	uint64_t seq;                   /* order in which they were first seen: 1 upward */
};

/* Newest first, without the first `skip`; writes at most max. Returns how many exist. */
size_t wallet_history(const struct wallet *w, struct wallet_tx *out, size_t skip, size_t max);
bool wallet_find_tx(const struct wallet *w, const struct txid *id, struct wallet_tx *out);
bool wallet_has_tx(const struct wallet *w, const struct txid *id);
/* Own payments that are in no block, in order, each with a reference; at most max. Returns how
 * many. The node submits them to the mempool again. */
size_t wallet_unconfirmed(const struct wallet *w, struct tx **out, size_t max);
/* How many own payments have been abandoned since the wallet was opened. */
size_t wallet_abandoned_count(const struct wallet *w);

#endif
