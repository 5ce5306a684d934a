#include <tally/crypto/hash.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include <tally/base/checked.h>
#include <tally/base/text.h>

#define ZEROS_SHOWN 2 /* of those in front of a short hash */

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct sha256d),
	       "struct sha256d has room for libsodium's state");
_Static_assert(_Alignof(crypto_hash_sha256_state) <= _Alignof(struct sha256d),
	       "struct sha256d is aligned as libsodium's state");

void sha256d(struct hash256 *out, const void *bytes, size_t n)
{
	crypto_hash_sha256(out->b, bytes, n);
	crypto_hash_sha256(out->b, out->b, HASH_BYTES);
}

void sha256d_pair(struct hash256 *out, const struct hash256 *left, const struct hash256 *right)
{
	uint8_t both[2 * HASH_BYTES];

	memcpy(both, left->b, HASH_BYTES);
	memcpy(both + HASH_BYTES, right->b, HASH_BYTES);
	sha256d(out, both, sizeof(both));
}

static crypto_hash_sha256_state *sodium_state(struct sha256d *s)
{
	return (crypto_hash_sha256_state *)(void *)s->state;
}

void sha256d_init(struct sha256d *s)
{
	crypto_hash_sha256_init(sodium_state(s));
}

void sha256d_update(struct sha256d *s, const void *bytes, size_t n)
{
	crypto_hash_sha256_update(sodium_state(s), bytes, n);
}

void sha256d_final(struct sha256d *s, struct hash256 *out)
{
	crypto_hash_sha256_final(sodium_state(s), out->b);
	crypto_hash_sha256(out->b, out->b, HASH_BYTES);
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
