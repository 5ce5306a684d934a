/* The engine that runs on every machine: libsodium's SHA-256. */
#include "crypto/sha256_priv.h"

#include <string.h>

#include <sodium.h>

#include <tally/base/bytes.h>

static bool always(void)
{
	return true;
}

void sha256_sodium_blocks(uint32_t state[SHA256_WORDS], const uint8_t *blocks, size_t n)
{
	crypto_hash_sha256_state s;

	crypto_hash_sha256_init(&s);
	memcpy(s.state, state, sizeof(s.state));
	crypto_hash_sha256_update(&s, blocks, n * SHA256_BLOCK_BYTES);
	memcpy(state, s.state, sizeof(s.state));
}

uint32_t sha256_sodium_top(const struct sha256_scan *s, uint32_t nonce)
{
	uint8_t block[SHA256_BLOCK_BYTES] = {[16] = 0x80, [62] = 640 >> 8, [63] = 640 & 255};
	uint32_t state[SHA256_WORDS];

	for (size_t i = 0; i < 3; i++)
		set_be32(block + 4 * i, s->tail[i]);
	set_le32(block + 12, nonce);
	memcpy(state, s->mid, sizeof(state));
	sha256_sodium_blocks(state, block, 1);
	memset(block, 0, sizeof(block));
	for (size_t i = 0; i < SHA256_WORDS; i++)
		set_be32(block + 4 * i, state[i]);
	block[32] = 0x80;
	block[62] = 256 >> 8;
	memcpy(state, sha256_iv, sizeof(state));
	sha256_sodium_blocks(state, block, 1);
	return __builtin_bswap32(state[7]);
}

static uint64_t sodium_scan(const struct sha256_scan *s, uint32_t first, uint64_t n)
{
	for (uint64_t i = 0; i < n; i++) {
		if (sha256_sodium_top(s, (uint32_t)(first + i)) <= s->top)
			return i;
	}
	return n;
}

const struct sha256_engine sha256_sodium = {"libsodium", always, sha256_sodium_blocks, sodium_scan};
