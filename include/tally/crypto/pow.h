/* Hashing block headers for proof of work. */
#ifndef TALLY_CRYPTO_POW_H
#define TALLY_CRYPTO_POW_H

#include <stdbool.h>
#include <stdint.h>

#define POW_HEADER_BYTES 80

/* Tries nonces first .. first + count - 1 (no wrap: stops at 2^32) in the last
 * four bytes of the header. True: *nonce makes sha256d(header), read as a
 * little-endian number, at most `target` (32 bytes little-endian). The first 64
 * bytes are hashed once (midstate). *tried counts hashes made. */
bool pow_scan(const uint8_t header[POW_HEADER_BYTES], const uint8_t target[32], uint32_t first,
	      uint64_t count, uint32_t *nonce, uint64_t *tried);
/* How it is done on this machine: "avx512", "sha-ni", "avx2", "libsodium". Chosen by crypto_start. */
const char *pow_engine(void);

#endif
