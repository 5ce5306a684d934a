/* A chain's parameters and its genesis block. Source: tally-protocol(7), GENESIS. */
#ifndef TALLY_CONSENSUS_PARAMS_H
#define TALLY_CONSENSUS_PARAMS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/crypto/key.h>
#include <tally/primitives/block.h>

#define PARAMS_RECORD_BYTES 30
#define CHAIN_NAME_MAX      40

#define SPACING_DEFAULT         10
#define SPACING_MAX             86400
#define POW_LIMIT_BITS_DEFAULT  UINT32_C(0x1f00ffff)
#define POW_LIMIT_BITS_INSTANT  UINT32_C(0x1f0fffff)
#define REWARD_DEFAULT          (50 * COIN)
#define REWARD_DEFAULT_UNHALVED (10 * COIN)
#define HALVING_DEFAULT         210000
#define MATURITY_DEFAULT        5
#define MATURITY_MAX            1000
#define MAX_BLOCK_BYTES_MIN     10000
#define MAX_BLOCK_BYTES_DEFAULT 1000000
/* Header, transaction count and coinbase of a block that this node makes take less than this. */
#define BLOCK_RESERVE_BYTES 400

struct chain_params {
	uint32_t spacing;   /* seconds between blocks; 0: instant */
	uint32_t pow_limit; /* compact */
	int64_t reward;     /* units */
	uint32_t halving;   /* blocks; 0: never */
	uint16_t maturity;  /* blocks */
	uint32_t max_block_bytes;
	/* From the genesis block: */
	char name[CHAIN_NAME_MAX + 1];
	struct block_hash genesis_hash;
	uint32_t genesis_bits;
	uint32_t genesis_time;
	struct key_hash creator;
};

/* The defaults for this spacing, with halving. genesis_bits is set to pow_limit; the other fields that
 * come from the genesis block are zero. */
void params_default(struct chain_params *p, uint32_t spacing);
/* Checks the bounds of all fields. A reward of 0 is allowed. ERR_INVALID "bad-params-…" names the
 * field, its value and its range. */
bool params_check(const struct chain_params *p, struct err *e);
void params_encode(uint8_t out[PARAMS_RECORD_BYTES], const struct chain_params *p);
/* Sets the fields of the record only, and none of them on failure: "bad-params-magic",
 * "bad-params-version", or as params_check. */
bool params_decode(struct chain_params *p, const uint8_t in[PARAMS_RECORD_BYTES], struct err *e);
/* A memo as a person reads it: sanitised UTF-8, cut to fit. A parameter record is shown as "the chain's
 * parameters". */
void params_memo_text(char *out, size_t size, struct span memo);

/* Reads and checks a genesis block: form, parameter record, bounds, proof of work and all block rules
 * that apply to it. The time is not compared with the clock: header_check_clock does that. *p is set
 * only on success. ERR_INVALID "genesis-…", "bad-params-…", "high-hash" or a token of the block rules;
 * ERR_MUTATED as block_check_bytes. Source: tally-protocol(7), GENESIS. */
bool genesis_read(struct chain_params *p, const struct block *b, struct err *e);
/* Makes a genesis block from the fields of p and sets p->genesis_hash and p->genesis_time. The search
 * for a nonce takes less than a second at the default pow_limit and may take very long at a hard one.
 * If no nonce of 2^32 meets the target, the time is increased by a second. ERR_INVALID as
 * params_check, "genesis-name", "genesis-bits". */
bool genesis_make(struct block **out, struct chain_params *p, struct err *e);

/* The size of the largest transaction that fits into a block made by this node. A larger one could
 * never confirm. */
size_t params_max_tx_bytes(const struct chain_params *p);

/* reward >> (height / halving), 0 from the 64th halving on. Source: tally-protocol(7), BLOCKS. */
int64_t subsidy(const struct chain_params *p, uint32_t height);

/* The bits that a block must have. They follow from its parent's height, bits and time and its
 * grandparent's time, which is ignored if parent_height is 0. Source: tally-protocol(7), DIFFICULTY. */
uint32_t next_bits(const struct chain_params *p, uint32_t parent_height, uint32_t parent_bits,
		   uint32_t parent_time, uint32_t grandparent_time);

#endif
