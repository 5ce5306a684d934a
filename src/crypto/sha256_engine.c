/* Chooses the engine that hashes: the fastest one that this machine has and that agrees with
 * libsodium. */
#include "crypto/sha256_priv.h"

#include <string.h>

#include <tally/crypto/hash.h>
#include <tally/crypto/pow.h>

const struct sha256_engine *const sha256_engines[] = {
#if defined(__x86_64__)
	&sha256_avx512,
	&sha256_ni,
	&sha256_avx2,
#endif
	&sha256_sodium,
};
const size_t sha256_n_engines = sizeof(sha256_engines) / sizeof(sha256_engines[0]);

/* Set once, before any thread is started, so that reading them needs no lock. */
static const struct sha256_engine *for_blocks = &sha256_sodium, *for_scans = &sha256_sodium;

sha256_blocks_fn *sha256_blocks(void)
{
	return for_blocks->blocks;
}

sha256_scan_fn *sha256_scan(void)
{
	return for_scans->scan;
}

const char *sha256d_engine(void)
{
	return for_blocks->name;
}

const char *pow_engine(void)
{
	return for_scans->name;
}

#define TRIED_BLOCKS 5
#define TRIED_NONCES 50

/* Pseudo-random bytes, the same in every run (xorshift32). */
static void fill(uint8_t *out, size_t n)
{
	uint32_t x = 2463534242;

	for (size_t i = 0; i < n; i++) {
		x ^= x << 13;
		x ^= x >> 17;
		x ^= x << 5;
		out[i] = (uint8_t)x;
	}
}

static bool blocks_right(sha256_blocks_fn *fn)
{
	uint8_t bytes[TRIED_BLOCKS * SHA256_BLOCK_BYTES];
	uint32_t want[SHA256_WORDS], got[SHA256_WORDS];

	fill(bytes, sizeof(bytes));
	for (size_t n = 0; n <= TRIED_BLOCKS; n++) {
		memcpy(want, sha256_iv, sizeof(want));
		memcpy(got, sha256_iv, sizeof(got));
		sha256_sodium_blocks(want, bytes, n);
		fn(got, bytes, n);
		if (memcmp(want, got, sizeof(want)) != 0)
			return false;
	}
	return true;
}

/* The scan must find the nonce with the smallest hash, and nothing if the bound is one smaller. */
static bool scan_right(sha256_scan_fn *fn)
{
	struct sha256_scan s;
	uint32_t first = 0xfffffff0U - TRIED_NONCES, best = 0;

	fill((uint8_t *)&s, sizeof(s));
	s.top = UINT32_MAX;
	for (uint32_t i = 0; i < TRIED_NONCES; i++) {
		uint32_t top = sha256_sodium_top(&s, first + i);

		if (top < s.top) {
			s.top = top;
			best = i;
		}
	}
	if (fn(&s, first, TRIED_NONCES) != best || fn(&s, first, best) != best)
		return false;
	s.top--;
	return fn(&s, first, TRIED_NONCES) == TRIED_NONCES;
}

bool sha256_engine_right(const struct sha256_engine *en)
{
	return (en->blocks == NULL || blocks_right(en->blocks)) &&
	       (en->scan == NULL || scan_right(en->scan));
}

void sha256_start(void)
{
	for_blocks = for_scans = &sha256_sodium;
	for (size_t i = sha256_n_engines; i-- > 0;) {
		const struct sha256_engine *en = sha256_engines[i];

		if (!en->usable() || !sha256_engine_right(en))
			continue;
		if (en->blocks != NULL)
			for_blocks = en;
		if (en->scan != NULL)
			for_scans = en;
	}
}
