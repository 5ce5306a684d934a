/* Which engine hashes; and the one that runs everywhere. */
#include "crypto/sha256_priv.h"

#include <string.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/crypto/hash.h>
#include <tally/crypto/pow.h>

/* --- libsodium's ------------------------------------------------------------------- */

static bool always(void)
{
	return true;
}

static void sodium_blocks(uint32_t state[SHA256_WORDS], const uint8_t *blocks, size_t n)
{
	crypto_hash_sha256_state s;

	crypto_hash_sha256_init(&s);
	memcpy(s.state, state, sizeof(s.state));
	crypto_hash_sha256_update(&s, blocks, n * SHA256_BLOCK_BYTES);
	memcpy(state, s.state, sizeof(s.state));
}

/* The most significant 32 bits of the hash with this nonce. */
static uint32_t sodium_top(const struct sha256_scan *s, uint32_t nonce)
{
	uint8_t block[SHA256_BLOCK_BYTES] = {[16] = 0x80, [62] = 640 >> 8, [63] = 640 & 255};
	uint32_t state[SHA256_WORDS];

	for (size_t i = 0; i < 3; i++)
		set_be32(block + 4 * i, s->tail[i]);
	set_le32(block + 12, nonce);
	memcpy(state, s->mid, sizeof(state));
	sodium_blocks(state, block, 1);
	memset(block, 0, sizeof(block));
	for (size_t i = 0; i < SHA256_WORDS; i++)
		set_be32(block + 4 * i, state[i]);
	block[32] = 0x80;
	block[62] = 256 >> 8;
	memcpy(state, sha256_iv, sizeof(state));
	sodium_blocks(state, block, 1);
	return __builtin_bswap32(state[7]);
}

static uint64_t sodium_scan(const struct sha256_scan *s, uint32_t first, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		if (sodium_top(s, (uint32_t)(first + i)) <= s->top)
			return i;
	}
	return n;
}

const struct sha256_engine sha256_sodium = {"libsodium", always, sodium_blocks, sodium_scan};

/* --- the choice ---------------------------------------------------------------------- */

const struct sha256_engine *const sha256_engines[] = {
#if defined(__x86_64__)
	&sha256_avx512,
	&sha256_ni,
	&sha256_avx2,
#endif
	&sha256_sodium,
};
const size_t sha256_n_engines = sizeof(sha256_engines) / sizeof(sha256_engines[0]);

/* Set once, before there are threads: the machine does not change. */
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

/* Bytes that look random, always the same. */
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
		sodium_blocks(want, bytes, n);
		fn(got, bytes, n);
		if (memcmp(want, got, sizeof(want)) != 0)
			return false;
	}
	return true;
}

/* The least of all hashes must be found, at its place, and none below it. */
static bool scan_right(sha256_scan_fn *fn)
{
	struct sha256_scan s;
	uint32_t first = 0xfffffff0U - TRIED_NONCES, best = 0;

	fill((uint8_t *)&s, sizeof(s));
	s.top = UINT32_MAX;
	for (uint32_t i = 0; i < TRIED_NONCES; i++) {
		uint32_t top = sodium_top(&s, first + i);

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
