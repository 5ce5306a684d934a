/* The ways of hashing there are. The quickest that this machine runs and that agrees with libsodium is chosen
 * once, by crypto_start. */
#ifndef TALLY_CRYPTO_SHA256_PRIV_H
#define TALLY_CRYPTO_SHA256_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK_BYTES 64
#define SHA256_WORDS       8

/* What a search for a nonce goes by; see pow_scan. */
struct scan {
	const uint8_t *header; /* 80 bytes; the nonce stands in the last four */
	const uint8_t *target; /* 32 bytes, little-endian */
	uint32_t first;
	uint64_t count; /* at least 1, first + count at most 2^32 */
};

struct sha256_engine {
	const char *name;
	/* Takes n blocks of 64 bytes into the state. NULL: libsodium hashes from end to end. */
	void (*transform)(uint32_t state[SHA256_WORDS], const uint8_t *blocks, size_t n);
	/* Tries the scan's nonces in order and returns how many it tried; *found where the last of them
	 * does it. */
	uint64_t (*scan)(const struct scan *s, bool *found);
};

extern const struct sha256_engine sha256_sodium; /* runs everywhere */
const struct sha256_engine *sha256_ni(void);     /* NULL: this machine can't */

/* The one in use; libsodium's until sha256_choose. */
const struct sha256_engine *sha256_engine(void);
/* Before any thread is there. */
void sha256_choose(void);

/* SHA-256's first state. Source: FIPS 180-4, 5.3.3. */
extern const uint32_t sha256_start[SHA256_WORDS];

/* The end of a message of `count` bytes, of which those behind the last whole block stand at `rest`; then
 * the hash. Of an engine with a transform. */
void sha256_finish(const struct sha256_engine *en, uint32_t state[SHA256_WORDS],
		   const uint8_t *rest, uint64_t count, uint8_t out[32]);

/* hash <= target, both as little-endian numbers of 32 bytes. */
bool scan_meets(const uint8_t hash[32], const uint8_t target[32]);
/* sha256d of the scan's header with that nonce meets its target; by libsodium. */
bool scan_try(const struct scan *s, uint32_t nonce);

#endif
