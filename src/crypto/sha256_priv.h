/* Engines: implementations of SHA-256's compression function and of the search for a nonce. The
 * program chooses one at start: the fastest that this machine has and that agrees with libsodium. */
#ifndef TALLY_CRYPTO_SHA256_PRIV_H
#define TALLY_CRYPTO_SHA256_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK_BYTES 64
#define SHA256_WORDS       8

/* Initial state and round constants. Source: FIPS 180-4, sections 5.3.3 and 4.2.2. They are in this
 * header so that the compiler can fold them into the unrolled rounds of each engine. */
static const uint32_t sha256_iv[SHA256_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
						 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

static const uint32_t sha256_k[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2};

/* Compresses n blocks of 64 bytes into the state. */
typedef void sha256_blocks_fn(uint32_t state[SHA256_WORDS], const uint8_t *blocks, size_t n);

/* The search for the nonce of a header. */
struct sha256_scan {
	uint32_t mid[SHA256_WORDS]; /* midstate: the state after the header's first 64 bytes */
	uint32_t tail[3];           /* the three words between the midstate and the nonce */
	uint32_t top;               /* most significant 32 bits of the target */
};
/* Tries the n nonces from `first` on. Returns the number of nonces before the first one whose hash has
 * most significant 32 bits of at most `top`; n if there is none. The caller compares the whole hash
 * with the whole target, because equal top bits do not decide. */
typedef uint64_t sha256_scan_fn(const struct sha256_scan *s, uint32_t first, uint64_t n);

/* A function that an engine does not offer is NULL. */
struct sha256_engine {
	const char *name;
	bool (*usable)(void); /* does this processor have the instructions? */
	sha256_blocks_fn *blocks;
	sha256_scan_fn *scan;
};

/* Fastest first. The last one, libsodium's, offers both functions on every machine. */
extern const struct sha256_engine *const sha256_engines[];
extern const size_t sha256_n_engines;
/* Compares an engine with libsodium on a few blocks and nonces. */
bool sha256_engine_right(const struct sha256_engine *en);

/* Chooses the engines; before this call libsodium's is used. No other thread may hash meanwhile. */
void sha256_start(void);
sha256_blocks_fn *sha256_blocks(void);
sha256_scan_fn *sha256_scan(void);

extern const struct sha256_engine sha256_sodium;
/* Its compression function, and the most significant 32 bits of the hash with this nonce: what the
 * other engines are compared with. */
void sha256_sodium_blocks(uint32_t state[SHA256_WORDS], const uint8_t *blocks, size_t n);
uint32_t sha256_sodium_top(const struct sha256_scan *s, uint32_t nonce);
#if defined(__x86_64__)
extern const struct sha256_engine sha256_avx512, sha256_avx2, sha256_ni;
#endif

#endif
