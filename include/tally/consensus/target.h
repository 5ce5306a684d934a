/* 256-bit targets and work. */
#ifndef TALLY_CONSENSUS_TARGET_H
#define TALLY_CONSENSUS_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/crypto/hash.h>

/* Little-endian 64-bit limbs. */
struct u256 {
	uint64_t w[4];
};

int u256_cmp(const struct u256 *a, const struct u256 *b);
bool u256_is_zero(const struct u256 *a);
struct u256 u256_from_u64(uint64_t v);
/* a + b; on overflow the largest number. */
struct u256 u256_add(const struct u256 *a, const struct u256 *b);
struct u256 u256_sub(const struct u256 *a, const struct u256 *b); /* 0 if b > a */
double u256_log2(const struct u256 *a);                           /* 0 for 0 */
double u256_double(const struct u256 *a);
void u256_hex(char out[65], const struct u256 *a); /* big-endian, 64 digits */
void u256_to_le(uint8_t out[32], const struct u256 *a);
struct u256 u256_from_le(const uint8_t in[32]);

/* Decodes Bitcoin's compact form. False for negative, zero and overflowing encodings.
 * Source: Bitcoin Core arith_uint256.cpp SetCompact, pow.cpp DeriveTarget. */
bool target_from_bits(struct u256 *out, uint32_t bits);
/* Encodes the compact form (GetCompact), which truncates. */
uint32_t target_to_bits(const struct u256 *target);
/* floor(2^256 / (target + 1)); 0 if bits is not a valid target. Source: Bitcoin Core chain.cpp
 * GetBlockProof. */
struct u256 work_of_bits(uint32_t bits);
/* True if the hash, as a little-endian number, is at most target(bits). */
bool pow_ok(const struct block_hash *hash, uint32_t bits);
/* How many times harder than pow_limit, for display. */
double difficulty_of_bits(uint32_t bits, uint32_t pow_limit_bits);

#endif
