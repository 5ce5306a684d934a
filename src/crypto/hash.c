#include <tally/crypto/hash.h>

#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/text.h>

#include "crypto/sha256_priv.h"

#define ZEROS_SHOWN 2 /* of those in front of a short hash */

/* struct sha256d's state: libsodium's where that hashes, else this. */
struct stream {
	uint32_t state[SHA256_WORDS];
	uint64_t count; /* bytes taken */
	uint8_t buf[SHA256_BLOCK_BYTES];
};

_Static_assert(sizeof(crypto_hash_sha256_state) <= sizeof(struct sha256d) &&
		       sizeof(struct stream) <= sizeof(struct sha256d),
	       "struct sha256d has room for either state");
_Static_assert(_Alignof(crypto_hash_sha256_state) <= _Alignof(struct sha256d) &&
		       _Alignof(struct stream) <= _Alignof(struct sha256d),
	       "struct sha256d is aligned as either state");

static void hash_again(const struct sha256_engine *en, uint8_t hash[HASH_BYTES])
{
	uint32_t state[SHA256_WORDS];

	memcpy(state, sha256_start, sizeof(state));
	sha256_finish(en, state, hash, HASH_BYTES, hash);
}

void sha256d(struct hash256 *out, const void *bytes, size_t n)
{
	const struct sha256_engine *en = sha256_engine();
	const size_t whole = n / SHA256_BLOCK_BYTES;
	uint32_t state[SHA256_WORDS];

	if (!en->transform) {
		crypto_hash_sha256(out->b, bytes, n);
		crypto_hash_sha256(out->b, out->b, HASH_BYTES);
		return;
	}
	memcpy(state, sha256_start, sizeof(state));
	if (whole > 0)
		en->transform(state, bytes, whole);
	sha256_finish(en, state, n > 0 ? (const uint8_t *)bytes + whole * SHA256_BLOCK_BYTES : NULL,
		      n, out->b);
	hash_again(en, out->b);
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

static struct stream *stream(struct sha256d *s)
{
	return (struct stream *)(void *)s->state;
}

void sha256d_init(struct sha256d *s)
{
	if (!sha256_engine()->transform) {
		crypto_hash_sha256_init(sodium_state(s));
		return;
	}
	memcpy(stream(s)->state, sha256_start, sizeof(stream(s)->state));
	stream(s)->count = 0;
}

static void take(struct stream *t, const struct sha256_engine *en, const uint8_t *p, size_t n)
{
	size_t used = t->count % SHA256_BLOCK_BYTES, whole;

	t->count += n;
	if (used > 0) {
		const size_t k = MIN(n, SHA256_BLOCK_BYTES - used);

		memcpy(t->buf + used, p, k);
		if (used + k < SHA256_BLOCK_BYTES)
			return;
		en->transform(t->state, t->buf, 1);
		p += k;
		n -= k;
	}
	whole = n / SHA256_BLOCK_BYTES;
	if (whole > 0)
		en->transform(t->state, p, whole);
	memcpy(t->buf, p + whole * SHA256_BLOCK_BYTES, n % SHA256_BLOCK_BYTES);
}

void sha256d_update(struct sha256d *s, const void *bytes, size_t n)
{
	const struct sha256_engine *en = sha256_engine();

	if (n == 0)
		return;
	if (en->transform)
		take(stream(s), en, bytes, n);
	else
		crypto_hash_sha256_update(sodium_state(s), bytes, n);
}

void sha256d_final(struct sha256d *s, struct hash256 *out)
{
	const struct sha256_engine *en = sha256_engine();

	if (!en->transform) {
		crypto_hash_sha256_final(sodium_state(s), out->b);
		crypto_hash_sha256(out->b, out->b, HASH_BYTES);
		return;
	}
	sha256_finish(en, stream(s)->state, stream(s)->buf, stream(s)->count, out->b);
	hash_again(en, out->b);
}

const char *sha256d_engine(void)
{
	return sha256_engine()->name;
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
