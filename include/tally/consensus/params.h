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
/* Header, count and coinbase of a block we make take less than this. */
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

/* The table's defaults for this spacing, halving on; genesis_bits is pow_limit, all else that
 * genesis has is zero. */
void params_default(struct chain_params *p, uint32_t spacing);
/* Bounds of the table; ERR_INVALID "bad-params-…" with the field, its value and its range. A
 * reward of 0 is within them. */
bool params_check(const struct chain_params *p, struct err *e);
void params_encode(uint8_t out[PARAMS_RECORD_BYTES], const struct chain_params *p);
/* Sets the record's fields alone, and none where it fails: as params_check, and
 * "bad-params-magic", "bad-params-version". */
bool params_decode(struct chain_params *p, const uint8_t in[PARAMS_RECORD_BYTES], struct err *e);
/* A memo as people read it: sanitised UTF-8, cut to fit; of a parameter record, that it is one. */
void params_memo_text(char *out, size_t size, struct span memo);

/* Reads and checks a genesis block: shape, record, bounds, proof of work, all block rules
 * of genesis; not against the clock (header_check_clock). *p is set only where it passes.
 * ERR_INVALID "genesis-…", "bad-params-…", "high-hash" or as the block rules have it, with the
 * reason; ERR_MUTATED as block_check_bytes. */
bool genesis_read(struct chain_params *p, const struct block *b, struct err *e);
/* Makes one from p's fields, name, creator, genesis_bits and genesis_time: looks for the nonce
 * (well under a second at the default pow_limit; moves the time on where 2^32 nonces are not
 * enough, and takes as long as it takes where pow_limit is hard). Fills in p->genesis_hash and
 * p->genesis_time. ERR_INVALID as params_check, "genesis-name", "genesis-bits". */
bool genesis_make(struct block **out, struct chain_params *p, struct err *e);

/* The largest transaction our blocks have room for; a larger one would wait for ever. */
size_t params_max_tx_bytes(const struct chain_params *p);

/* reward >> (height / halving), 0 from the 64th halving on. Source: tally-protocol(7), BLOCKS. */
int64_t subsidy(const struct chain_params *p, uint32_t height);

/* The bits a block must have whose parent is at height parent_height with these bits and
 * time and whose grandparent has that time (ignored where parent_height is 0).
 * Source: tally-protocol(7), DIFFICULTY. */
uint32_t next_bits(const struct chain_params *p, uint32_t parent_height, uint32_t parent_bits,
		   uint32_t parent_time, uint32_t grandparent_time);

#endif
