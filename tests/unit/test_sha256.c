/* Each SHA-256 engine of this machine agrees with libsodium. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <sodium.h>

#include <tally/base/bytes.h>
#include <tally/base/rng.h>
#include <tally/crypto/hash.h>
#include <tally/crypto/key.h>
#include <tally/crypto/pow.h>

#include "crypto/sha256_priv.h"

static void sodiums_sha256d(struct hash256 *out, const uint8_t *bytes, size_t n)
{
	crypto_hash_sha256(out->b, bytes, n);
	crypto_hash_sha256(out->b, out->b, HASH_BYTES);
}

typedef void engine_test(const struct sha256_engine *en, const struct rng *rng);

static void each_engine(engine_test *test)
{
	struct rng_seeded rng;

	for (size_t i = 0; i < sha256_n_engines; i++) {
		rng_seeded_init(&rng, i + 1);
		if (sha256_engines[i]->usable())
			test(sha256_engines[i], &rng.rng);
	}
}

static void blocks_agree(const struct sha256_engine *en, const struct rng *rng)
{
	uint8_t bytes[8 * SHA256_BLOCK_BYTES + 1];

	for (int round = 0; en->blocks != NULL && round < 500; round++) {
		crypto_hash_sha256_state want;
		uint32_t got[SHA256_WORDS];
		size_t n = (size_t)rng_below(rng, 9), at = (size_t)rng_below(rng, 2);

		rng_fill(rng, bytes, sizeof(bytes));
		rng_fill(rng, got, sizeof(got));
		crypto_hash_sha256_init(&want);
		memcpy(want.state, got, sizeof(got));
		crypto_hash_sha256_update(&want, bytes + at, n * SHA256_BLOCK_BYTES);
		en->blocks(got, bytes + at, n);
		assert_memory_equal(got, want.state, sizeof(got));
	}
}

static void every_engine_compresses_as_libsodium_does(void **state)
{
	(void)state;
	each_engine(blocks_agree);
}

/* The index of the first nonce whose hash, computed by libsodium, is at most the bound. */
static uint64_t sodiums_place(const uint8_t header[POW_HEADER_BYTES], uint32_t top, uint32_t first,
			      uint64_t n)
{
	uint8_t bytes[POW_HEADER_BYTES];
	struct hash256 h;

	memcpy(bytes, header, sizeof(bytes));
	for (uint64_t i = 0; i < n; i++) {
		set_le32(bytes + 76, (uint32_t)(first + i));
		sodiums_sha256d(&h, bytes, sizeof(bytes));
		if (le32(h.b + 28) <= top)
			return i;
	}
	return n;
}

static void scans_agree(const struct sha256_engine *en, const struct rng *rng)
{
	for (int round = 0; en->scan != NULL && round < 300; round++) {
		uint8_t header[POW_HEADER_BYTES];
		struct sha256_scan s;
		uint64_t n = rng_below(rng, 70);
		uint32_t first = (uint32_t)rng_u64(rng);

		if (first > UINT32_MAX - n)
			first = (uint32_t)(UINT32_MAX - n);
		rng_fill(rng, header, sizeof(header));
		memcpy(s.mid, sha256_iv, sizeof(s.mid));
		sha256_sodium.blocks(s.mid, header, 1);
		for (size_t i = 0; i < 3; i++)
			s.tail[i] = be32(header + 64 + 4 * i);
		/* Met by every hash to one hash in 256. */
		s.top = UINT32_MAX >> rng_below(rng, 9);
		assert_int_equal(en->scan(&s, first, n), sodiums_place(header, s.top, first, n));
	}
}

static void every_engine_finds_the_nonces_that_libsodium_finds(void **state)
{
	(void)state;
	each_engine(scans_agree);
}

static void one_is_right(const struct sha256_engine *en, const struct rng *rng)
{
	(void)rng;
	assert_true(sha256_engine_right(en));
}

static void wrong_blocks(uint32_t state[SHA256_WORDS], const uint8_t *blocks, size_t n)
{
	sha256_sodium.blocks(state, blocks, n);
	state[7] ^= n > 4; /* an error in the fifth block only */
}

static uint64_t late_scan(const struct sha256_scan *s, uint32_t first, uint64_t n)
{
	uint64_t at = sha256_sodium.scan(s, first, n);

	return at < n && at > 0 ? at - 1 : at;
}

static uint64_t eager_scan(const struct sha256_scan *s, uint32_t first, uint64_t n)
{
	struct sha256_scan other = *s;

	other.top++;
	return sha256_sodium.scan(&other, first, n);
}

static void the_selftest_accepts_correct_engines_only(void **state)
{
	struct sha256_engine en = sha256_sodium;

	(void)state;
	each_engine(one_is_right);
	en.blocks = wrong_blocks;
	assert_false(sha256_engine_right(&en));
	en = sha256_sodium;
	en.scan = late_scan;
	assert_false(sha256_engine_right(&en));
	en.scan = eager_scan;
	assert_false(sha256_engine_right(&en));
}

static void the_fastest_engine_that_can_scan_is_chosen_for_mining(void **state)
{
	(void)state;
	for (size_t i = 0; i < sha256_n_engines; i++) {
		if (sha256_engines[i]->usable() && sha256_engines[i]->scan != NULL) {
			assert_string_equal(pow_engine(), sha256_engines[i]->name);
			break;
		}
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_engine_compresses_as_libsodium_does),
		cmocka_unit_test(every_engine_finds_the_nonces_that_libsodium_finds),
		cmocka_unit_test(the_selftest_accepts_correct_engines_only),
		cmocka_unit_test(the_fastest_engine_that_can_scan_is_chosen_for_mining),
	};

	return crypto_start(NULL) ? cmocka_run_group_tests_name("sha256", tests, NULL, NULL) : 1;
}
