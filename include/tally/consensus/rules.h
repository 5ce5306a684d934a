/* The rules for transactions and blocks: pure functions without I/O and clock. Each failure has a
 * stable token, Bitcoin Core's if it has one ("bad-txns-inputs-missingorspent"). Source:
 * tally-protocol(7), TRANSACTIONS and BLOCKS. */
#ifndef TALLY_CONSENSUS_RULES_H
#define TALLY_CONSENSUS_RULES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/consensus/params.h>
#include <tally/crypto/key.h>
#include <tally/crypto/sigpool.h>
#include <tally/primitives/amount.h>
#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>

#define MAX_FUTURE_SECONDS 120
#define LOCKTIME_THRESHOLD UINT32_C(500000000)

/* An unspent output that pays a key hash. */
struct coin {
	int64_t value;
	struct key_hash owner;
	uint32_t height; /* of the block that created it; MEMPOOL_HEIGHT if unconfirmed */
	bool coinbase;
};
#define MEMPOOL_HEIGHT UINT32_C(0x7fffffff)

/* A view of unspent coins. get returns true and sets *out if the coin exists and is unspent. False
 * means that it is not (e->cls stays ERR_NONE) or that reading failed (e is set). */
struct coin_view {
	bool (*get)(void *ctx, const struct outpoint *o, struct coin *out, struct err *e);
	void *ctx;
};

/* The rules that need nothing but the transaction: version, sizes, ranges, scripts, duplicate and null
 * outpoints. Of a coinbase, its form without the height. ERR_INVALID "bad-txns-…", "bad-cb-length". */
bool tx_check(const struct tx *tx, struct err *e);

/* Does lock_time allow the transaction in a block of this height and this parent's time? */
bool tx_final(const struct tx *tx, uint32_t height, uint32_t parent_time);

/* May a block at `height` spend the coinbase of the block at height `made`? That of genesis can be
 * spent at once, because genesis can't be reorganised away. */
bool coinbase_mature(const struct chain_params *p, uint32_t made, uint32_t height);

/* The parts of a signature digest that all inputs share. They are computed once for a transaction, so
 * that the work for n inputs grows linearly. */
struct sighash {
	struct hash256 genesis, outpoints, sequences, outputs;
	const struct tx *tx;
};
/* Borrows a decoded transaction. Its input scripts are not part of the digest. */
void sighash_init(struct sighash *s, const struct tx *tx, const struct block_hash *genesis);
/* The digest that input i signs if it spends the coin `spent`. Source: tally-protocol(7), TRANSACTIONS
 * (in the form of BIP 143). */
void sighash_input(struct hash256 *digest, const struct sighash *s, size_t i,
		   const struct coin *spent);

/* The rules that need the spent coins, except the signatures: maturity, sums, key hashes, finality, in
 * a block at `height` whose parent has parent_time. coins[i] is the coin that input i spends. *fee is
 * set to inputs - outputs. checks[0 .. n_in-1] (may be NULL) are set to the signatures that remain to
 * be verified. tx_check must have passed; not for coinbases. ERR_INVALID "bad-txns-nonfinal",
 * "bad-txns-premature-spend-of-coinbase", "bad-txns-inputvalues-outofrange", "bad-txns-in-belowout",
 * "bad-txns-vin-keyhash". The caller reports a missing coin ("bad-txns-inputs-missingorspent") and an
 * invalid signature ("mandatory-script-verify-flag-failed"). */
bool tx_check_coins(const struct tx *tx, const struct coin *coins, const struct chain_params *p,
		    uint32_t height, uint32_t parent_time, int64_t *fee, struct sigcheck *checks,
		    struct err *e);
/* The coin that output i of a transaction at `height` creates; false if it is a memo. */
bool tx_coin(const struct tx *tx, size_t i, uint32_t height, struct coin *out);

/* Checks a header against its parent: proof of work, bits, time, version. The clock is not used.
 * ERR_INVALID "high-hash", "bad-diffbits", "time-too-old", "bad-version". */
struct header_parent {
	uint32_t height, bits, time;
	uint32_t grandparent_time; /* ignored if height is 0 */
};
bool header_check(const struct block_header *h, const struct block_hash *hash,
		  const struct chain_params *p, const struct header_parent *parent, struct err *e);
/* ERR_FUTURE "time-too-new" if the time is more than MAX_FUTURE_SECONDS after `now` (Unix seconds). */
bool header_check_clock(const struct block_header *h, int64_t now, struct err *e);

/* Checks that the bytes belong to the header: not empty, merkle root, no mutation, no transaction of
 * 64 bytes. A failure is the sender's fault and says nothing about the block hash, because anyone can
 * attach wrong transactions to a valid header. ERR_MUTATED "bad-blk-length", "bad-txnmrklroot",
 * "bad-txns-duplicate", "bad-txns-64byte". */
bool block_check_bytes(const struct block *b, struct err *e);
/* The rules that need no coins: size, exactly one coinbase and that first, its height, tx_check of each
 * transaction, finality. block_check_bytes must have passed. ERR_INVALID "bad-blk-length",
 * "bad-cb-missing", "bad-cb-multiple", "bad-cb-height", "bad-txns-nonfinal" and as tx_check. Duplicate
 * transactions need no rule: the coins of the second one are already spent. */
bool block_check(const struct block *b, const struct chain_params *p, uint32_t height,
		 uint32_t parent_time, struct err *e);
/* Checks that the coinbase pays at most subsidy + fees. ERR_INVALID "bad-cb-amount";
 * "bad-txns-accumulated-fee-outofrange" if fees is over MAX_MONEY. (If the sum of the fees overflows,
 * the caller passes MAX_MONEY + 1.) */
bool block_check_reward(const struct block *b, const struct chain_params *p, uint32_t height,
			int64_t fees, struct err *e);

#endif
