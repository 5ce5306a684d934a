/* SHA-256's compression, and looking for nonces with it: several ways, of which the quickest that
 * this machine has and that agrees with libsodium is chosen once, at start. */
#ifndef TALLY_CRYPTO_SHA256_PRIV_H
#define TALLY_CRYPTO_SHA256_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SHA256_BLOCK_BYTES 64
#define SHA256_WORDS       8

/* First words and round constants: FIPS 180-4, sections 5.3.3 and 4.2.2. Here, so that the compiler sees them. */
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

/* Takes n whole blocks into the state. */
typedef void sha256_blocks_fn(uint32_t state[SHA256_WORDS], const uint8_t *blocks, size_t n);

/* A header whose nonce is wanted. */
struct sha256_scan {
	uint32_t mid[SHA256_WORDS]; /* the state after its first block */
	uint32_t tail[3];           /* the words between that and the nonce */
	uint32_t top;               /* most significant 32 bits of the target */
};
/* How many of the n nonces from `first` on come before one whose hash has at most `top` for its most
 * significant 32 bits; n where none has. (Of 2^32 headers one in some thousand millions gets so far
 * and still misses the target: the caller looks.) */
typedef uint64_t sha256_scan_fn(const struct sha256_scan *s, uint32_t first, uint64_t n);

/* One way; what it cannot do is NULL. */
struct sha256_engine {
	const char *name;
	bool (*usable)(void); /* on this machine */
	sha256_blocks_fn *blocks;
	sha256_scan_fn *scan;
};

/* Quickest first; the last one, on libsodium, can do both everywhere. */
extern const struct sha256_engine *const sha256_engines[];
extern const size_t sha256_n_engines;
/* Does it agree with libsodium? */
bool sha256_engine_right(const struct sha256_engine *en);

/* Chooses. Before that libsodium's is in use. Not while other threads hash. */
void sha256_start(void);
sha256_blocks_fn *sha256_blocks(void);
sha256_scan_fn *sha256_scan(void);

/* The engines. */
extern const struct sha256_engine sha256_sodium;
#if defined(__x86_64__)
extern const struct sha256_engine sha256_avx512, sha256_avx2, sha256_ni;
#endif

#endif
