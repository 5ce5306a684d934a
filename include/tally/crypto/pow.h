/* Hashing block headers for proof of work. */
#ifndef TALLY_CRYPTO_POW_H
#define TALLY_CRYPTO_POW_H

#include <stdbool.h>
#include <stdint.h>

#define POW_HEADER_BYTES 80

/* Tries the nonces first .. first + count - 1, but none from 2^32 on, in the last four bytes of the
 * header. True: with *nonce, sha256d(header), read as a little-endian number, is at most `target` (32
 * bytes, little-endian). *tried is the number of nonces tried. The first 64 bytes of the header are
 * hashed only once (midstate). */
bool pow_scan(const uint8_t header[POW_HEADER_BYTES], const uint8_t target[32], uint32_t first,
	      uint64_t count, uint32_t *nonce, uint64_t *tried);
/* The engine that crypto_start chose for this machine: "avx512", "sha-ni", "avx2" or "libsodium". */
const char *pow_engine(void);

#endif
