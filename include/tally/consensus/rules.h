/* The rules for transactions and blocks, over an abstract view of coins. Pure: no
 * I/O, no clock. Source: protocol sections 2 and 3. Every failure names a stable
 * token, Bitcoin Core's where it has one ("bad-txns-inputs-missingorspent"). */
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
	uint32_t height; /* of the block that made it; MEMPOOL_HEIGHT where unconfirmed */
	bool coinbase;
};
#define MEMPOOL_HEIGHT UINT32_C(0x7fffffff)

/* A view of coins. get: true and *out where the coin is there and unspent; false where not
 * (err->cls stays ERR_NONE) or where reading failed (err set). */
struct coin_view {
	bool (*get)(void *ctx, const struct outpoint *o, struct coin *out, struct err *e);
	void *ctx;
};

/* What can be said of a transaction alone: version, sizes, ranges, scripts, an outpoint twice,
 * null outpoints. For a coinbase its own form (not the height). ERR_INVALID "bad-txns-…",
 * "bad-cb-length". */
bool tx_check(const struct tx *tx, struct err *e);

/* lock_time against the block's height and its parent's time. */
bool tx_final(const struct tx *tx, uint32_t height, uint32_t parent_time);

/* May the coinbase of height `made` be spent in a block at `height`? Genesis' at once. */
bool coinbase_mature(const struct chain_params *p, uint32_t made, uint32_t height);

/* Sums of a transaction's hashes, made once, so that signing and checking n inputs is linear. */
struct sighash {
	struct hash256 genesis, outpoints, sequences, outputs;
	const struct tx *tx;
};
/* Needs a transaction with its bytes (decoded); borrows it. What the input scripts hold does not
 * matter. */
void sighash_init(struct sighash *s, const struct tx *tx, const struct block_hash *genesis);
/* The digest that input i signs, which spends `spent`. Source: tally-protocol(7), TRANSACTIONS (BIP 143's shape). */
void sighash_input(struct hash256 *digest, const struct sighash *s, size_t i,
		   const struct coin *spent);

/* Everything but signatures, given the coins its inputs spend (coins[i] for input i, all
 * there), in a block at `height` whose parent's time is parent_time: maturity, sums, key
 * hashes, finality. *fee gets inputs - outputs. Then checks[0 .. n_in-1] holds the signatures
 * still to be checked (checks may be NULL). tx_check must have passed; not for coinbases.
 * ERR_INVALID "bad-txns-nonfinal", "bad-txns-premature-spend-of-coinbase",
 * "bad-txns-inputvalues-outofrange", "bad-txns-in-belowout", "bad-txns-vin-keyhash". The caller
 * names a coin that is not there ("bad-txns-inputs-missingorspent") and a signature that fails
 * ("mandatory-script-verify-flag-failed"). */
bool tx_check_coins(const struct tx *tx, const struct coin *coins, const struct chain_params *p,
		    uint32_t height, uint32_t parent_time, int64_t *fee, struct sigcheck *checks,
		    struct err *e);
/* Does output i make a coin, and which? */
bool tx_coin(const struct tx *tx, size_t i, uint32_t height, struct coin *out);

/* A header in its place: proof of work, bits, time against its parent, version. Not against
 * the clock. ERR_INVALID "high-hash", "bad-diffbits", "time-too-old", "bad-version". */
struct header_parent {
	uint32_t height, bits, time;
	uint32_t grandparent_time; /* ignored where height is 0 */
};
bool header_check(const struct block_header *h, const struct block_hash *hash,
		  const struct chain_params *p, const struct header_parent *parent, struct err *e);
/* ERR_FUTURE "time-too-new" where time > now + MAX_FUTURE_SECONDS. */
bool header_check_clock(const struct block_header *h, int64_t now, struct err *e);

/* Blamed on the sender alone: not empty, merkle root, mutation, no 64-byte transaction.
 * ERR_MUTATED "bad-blk-length", "bad-txnmrklroot", "bad-txns-duplicate", "bad-txns-64byte". */
bool block_check_bytes(const struct block *b, struct err *e);
/* What can be said of a block of this height without coins: size, coinbase first and only,
 * height in it, every tx_check, finality. ERR_INVALID "bad-blk-length", "bad-cb-missing",
 * "bad-cb-multiple", "bad-cb-height", "bad-txns-nonfinal" and as tx_check. block_check_bytes must
 * have passed. That no transaction is there twice needs no rule: the second one's coins are spent. */
bool block_check(const struct block *b, const struct chain_params *p, uint32_t height,
		 uint32_t parent_time, struct err *e);
/* The coinbase against subsidy + fees. ERR_INVALID "bad-cb-amount";
 * "bad-txns-accumulated-fee-outofrange" where fees is over MAX_MONEY (a caller whose amount_add
 * fails while summing passes MAX_MONEY + 1). */
bool block_check_reward(const struct block *b, const struct chain_params *p, uint32_t height,
			int64_t fees, struct err *e);

#endif
