/* Choosing how to hash, and libsodium's way. */
#include "crypto/sha256_priv.h"

#include <string.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>

/* The first block of a header, 64 bytes, is the same for every nonce. */
#define HEADER_BYTES   80
#define MIDSTATE_BYTES 64
#define NONCE_AT       76

#define CHECK_BYTES 200 /* inputs of 0 to so many bytes are tried before an engine is taken */

const uint32_t sha256_start[SHA256_WORDS] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
					     0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

/* Set once, at the start. */
static const struct sha256_engine *chosen = &sha256_sodium;

const struct sha256_engine *sha256_engine(void)
{
	return chosen;
}

/* The last limb decides as good as always. */
bool scan_meets(const uint8_t hash[32], const uint8_t target[32])
{
	for (int limb = 3; limb >= 0; limb--) {
		uint64_t a = le64(hash + 8 * limb), b = le64(target + 8 * limb);

		if (a != b)
			return a < b;
	}
	return true;
}

bool scan_try(const struct scan *s, uint32_t nonce)
{
	uint8_t bytes[HEADER_BYTES], hash[crypto_hash_sha256_BYTES];

	memcpy(bytes, s->header, NONCE_AT);
	set_le32(bytes + NONCE_AT, nonce);
	crypto_hash_sha256(hash, bytes, sizeof(bytes));
	crypto_hash_sha256(hash, hash, sizeof(hash));
	return scan_meets(hash, s->target);
}

static uint64_t scan_sodium(const struct scan *s, bool *found)
{
	crypto_hash_sha256_state mid, state;
	uint8_t tail[HEADER_BYTES - MIDSTATE_BYTES], hash[crypto_hash_sha256_BYTES];

	crypto_hash_sha256_init(&mid);
	crypto_hash_sha256_update(&mid, s->header, MIDSTATE_BYTES);
	memcpy(tail, s->header + MIDSTATE_BYTES, sizeof(tail));
	for (uint64_t i = 0; i < s->count; i++) {
		set_le32(tail + NONCE_AT - MIDSTATE_BYTES, (uint32_t)(s->first + i));
		state = mid;
		crypto_hash_sha256_update(&state, tail, sizeof(tail));
		crypto_hash_sha256_final(&state, hash);
		crypto_hash_sha256(hash, hash, sizeof(hash));
		if (scan_meets(hash, s->target)) {
			*found = true;
			return i + 1;
		}
	}
	return s->count;
}

const struct sha256_engine sha256_sodium = {.name = "libsodium", .scan = scan_sodium};

void sha256_finish(const struct sha256_engine *en, uint32_t state[SHA256_WORDS],
		   const uint8_t *rest, uint64_t count, uint8_t out[32])
{
	uint8_t last[2 * SHA256_BLOCK_BYTES] = {0};
	size_t n = count % SHA256_BLOCK_BYTES;
	size_t blocks = n < SHA256_BLOCK_BYTES - 8 ? 1 : 2;

	if (n > 0)
		memcpy(last, rest, n);
	last[n] = 0x80;
	set_be64(last + blocks * SHA256_BLOCK_BYTES - 8, count * 8);
	en->transform(state, last, blocks);
	for (int i = 0; i < SHA256_WORDS; i++)
		set_be32(out + 4 * i, state[i]);
}

/* Does it hash as libsodium does, and find the nonces libsodium finds? */
static bool agrees(const struct sha256_engine *en)
{
	uint8_t bytes[CHECK_BYTES], want[crypto_hash_sha256_BYTES], got[crypto_hash_sha256_BYTES];
	uint8_t target[32];
	uint32_t state[SHA256_WORDS];
	struct scan s = {.header = bytes, .target = target, .first = 7, .count = 1000};

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 151 + 17);
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		crypto_hash_sha256(want, bytes, n);
		memcpy(state, sha256_start, sizeof(state));
		en->transform(state, bytes, n / SHA256_BLOCK_BYTES);
		sha256_finish(en, state, bytes + n / SHA256_BLOCK_BYTES * SHA256_BLOCK_BYTES, n,
			      got);
		if (memcmp(want, got, sizeof(want)) != 0)
			return false;
	}
	memset(target, 0xff, sizeof(target));
	target[31] = 0; /* one in 256 does it */
	for (int i = 0; i < 8; i++, s.first++) {
		bool found[2] = {false, false};

		if (sha256_sodium.scan(&s, &found[0]) != en->scan(&s, &found[1]) ||
		    found[0] != found[1])
			return false;
	}
	return true;
}

void sha256_choose(void)
{
	const struct sha256_engine *en = sha256_ni();

	chosen = en != NULL && agrees(en) ? en : &sha256_sodium;
}
