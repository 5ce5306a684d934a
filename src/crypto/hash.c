#include <tally/crypto/hash.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/text.h>

#include "crypto/sha256_priv.h"

#define ZEROS_SHOWN 2 /* leading zeros of a short hash */

/* Hashes the last bytes (less than a block) of a message of `total` bytes, and its padding. Source:
 * FIPS 180-4, section 5.1.1. */
static void finish(uint32_t state[SHA256_WORDS], const uint8_t *rest, uint64_t total,
		   uint8_t out[HASH_BYTES])
{
	uint8_t last[2 * SHA256_BLOCK_BYTES] = {0};
	size_t n = (size_t)(total % SHA256_BLOCK_BYTES);
	size_t blocks = n < SHA256_BLOCK_BYTES - 8 ? 1 : 2;
	uint8_t *bits = last + blocks * SHA256_BLOCK_BYTES - 8;

	if (n > 0)
		memcpy(last, rest, n);
	last[n] = 0x80;
	set_be32(bits, (uint32_t)(total >> 29));
	set_be32(bits + 4, (uint32_t)(total << 3));
	sha256_blocks()(state, last, blocks);
	for (size_t i = 0; i < SHA256_WORDS; i++)
		set_be32(out + 4 * i, state[i]);
}

static void hash_again(struct hash256 *h)
{
	uint32_t state[SHA256_WORDS];

	memcpy(state, sha256_iv, sizeof(state));
	finish(state, h->b, HASH_BYTES, h->b);
}

void sha256d(struct hash256 *out, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t whole = n - n % SHA256_BLOCK_BYTES;
	uint32_t state[SHA256_WORDS];

	memcpy(state, sha256_iv, sizeof(state));
	if (whole > 0)
		sha256_blocks()(state, p, whole / SHA256_BLOCK_BYTES);
	finish(state, whole < n ? p + whole : NULL, n, out->b);
	hash_again(out);
}

void sha256d_pair(struct hash256 *out, const struct hash256 *left, const struct hash256 *right)
{
	uint8_t both[2 * HASH_BYTES];

	memcpy(both, left->b, HASH_BYTES);
	memcpy(both + HASH_BYTES, right->b, HASH_BYTES);
	sha256d(out, both, sizeof(both));
}

void sha256d_init(struct sha256d *s)
{
	memcpy(s->state, sha256_iv, sizeof(s->state));
	s->total = 0;
}

void sha256d_update(struct sha256d *s, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t held = (size_t)(s->total % SHA256_BLOCK_BYTES), some;

	if (n == 0)
		return;
	s->total += n;
	if (held > 0) {
		some = MIN(n, SHA256_BLOCK_BYTES - held);
		memcpy(s->held + held, p, some);
		p += some;
		n -= some;
		if (held + some < SHA256_BLOCK_BYTES)
			return;
		sha256_blocks()(s->state, s->held, 1);
	}
	some = n - n % SHA256_BLOCK_BYTES;
	if (some > 0)
		sha256_blocks()(s->state, p, some / SHA256_BLOCK_BYTES);
	if (some < n)
		memcpy(s->held, p + some, n - some);
}

void sha256d_final(struct sha256d *s, struct hash256 *out)
{
	finish(s->state, s->held, s->total, out->b);
	hash_again(out);
}

bool hash256_is_zero(const struct hash256 *h)
{
	static const struct hash256 zero;

	return hash256_equal(h, &zero);
}

bool hash256_equal(const struct hash256 *a, const struct hash256 *b)
{
	return memcmp(a->b, b->b, HASH_BYTES) == 0;
}

static struct hash256 reversed(const struct hash256 *h)
{
	struct hash256 r;

	for (int i = 0; i < HASH_BYTES; i++)
		r.b[i] = h->b[HASH_BYTES - 1 - i];
	return r;
}

void hash256_hex(char out[HASH_HEX_CHARS + 1], const struct hash256 *h)
{
	struct hash256 shown = reversed(h);

	hex_encode(out, shown.b, HASH_BYTES);
}

bool hash256_parse(struct hash256 *out, const char *hex)
{
	struct hash256 shown;

	if (!hex_decode(shown.b, HASH_BYTES, hex))
		return false;
	*out = reversed(&shown);
	return true;
}

void hash256_short(char out[HASH_SHORT_CHARS + 1], const struct hash256 *h)
{
	char hex[HASH_HEX_CHARS + 1];
	size_t zeros;

	hash256_hex(hex, h);
	zeros = strspn(hex, "0");
	zeros = zeros > ZEROS_SHOWN ? MIN(zeros - ZEROS_SHOWN, (size_t)HASH_HEX_CHARS - 8) : 0;
	snprintf(out, HASH_SHORT_CHARS + 1, "%.6s..%s", hex + zeros, hex + HASH_HEX_CHARS - 2);
}

uint64_t short_hash(const uint8_t key[SHORT_HASH_KEY_BYTES], const void *bytes, size_t n)
{
	uint8_t out[crypto_shorthash_BYTES];

	crypto_shorthash(out, bytes, n, key);
	return le64(out);
}
