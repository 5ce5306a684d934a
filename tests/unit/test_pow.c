/* The search for a nonce. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/rng.h>
#include <tally/base/text.h>
#include <tally/crypto/hash.h>
#include <tally/crypto/key.h>
#include <tally/crypto/pow.h>

/* Bitcoin's genesis header; its nonce is 2083236893, its target 0x1d00ffff. */
static void bitcoins_genesis(uint8_t header[80], uint8_t target[32])
{
	assert_true(hex_decode(header, 80,
			       "0100000000000000000000000000000000000000000000000000000000000000"
			       "000000003ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa"
			       "4b1e5e4a29ab5f49ffff001d1dac2b7c"));
	memset(target, 0, 32);
	target[27] = target[26] = 0xff;
}

static void bitcoins_genesis_nonce_is_found(void **state)
{
	uint8_t header[80], target[32];
	uint64_t tried = 0;
	uint32_t nonce = 0;

	(void)state;
	bitcoins_genesis(header, target);
	memset(header + 76, 0, 4); /* pow_scan ignores the nonce in the header */
	assert_true(pow_scan(header, target, 2083236893 - 1000, 5000, &nonce, &tried));
	assert_int_equal(nonce, 2083236893);
	assert_int_equal(tried, 1001);
	assert_false(pow_scan(header, target, 2083236893 - 1000, 1000, &nonce, &tried));
	assert_int_equal(tried, 1000);
	assert_true(pow_scan(header, target, 2083236893, 1, &nonce, &tried));
	assert_int_equal(tried, 1);
	assert_false(pow_scan(header, target, 2083236893, 0, &nonce, &tried));
	assert_int_equal(tried, 0);
}

static struct hash256 hash_of(const uint8_t header[80], uint32_t nonce)
{
	struct hash256 h;
	uint8_t b[80];

	memcpy(b, header, 76);
	set_le32(b + 76, nonce);
	sha256d(&h, b, 80);
	return h;
}

static void the_target_itself_is_met_and_one_less_is_not(void **state)
{
	struct rng_seeded rng;
	uint8_t header[80];

	(void)state;
	rng_seeded_init(&rng, 6);
	for (int i = 0; i < 200; i++) {
		struct hash256 h;
		uint32_t nonce, at = (uint32_t)rng_u64(&rng.rng);
		uint64_t tried;

		rng_fill(&rng.rng, header, sizeof(header));
		h = hash_of(header, at);
		assert_true(pow_scan(header, h.b, at, 1, &nonce, &tried));
		for (int b = 0; b < 32; b++) /* one less, with borrow */
			if (h.b[b]--)
				break;
		assert_false(pow_scan(header, h.b, at, 1, &nonce, &tried));
	}
}

/* A limb decides if all more significant limbs are equal. */
static void each_limb_is_compared_after_those_above_it(void **state)
{
	uint8_t header[80] = {1};
	struct hash256 h = hash_of(header, 5), t;
	uint64_t tried;
	uint32_t nonce;

	(void)state;
	for (int limb = 0; limb < 4; limb++) {
		uint64_t v = le64(h.b + 8 * limb);

		assert_true(v > 0 && v < UINT64_MAX);
		t = h;
		memset(t.b, 0, (size_t)limb * 8);
		set_le64(t.b + 8 * limb, v + 1);
		assert_true(pow_scan(header, t.b, 5, 1, &nonce, &tried));
		memset(t.b, 0xff, (size_t)limb * 8);
		set_le64(t.b + 8 * limb, v - 1);
		assert_false(pow_scan(header, t.b, 5, 1, &nonce, &tried));
	}
}

static void the_first_valid_nonce_is_found(void **state)
{
	uint8_t header[80] = {2}, target[32];
	uint32_t nonce = 0, want = 100;
	uint64_t tried;

	(void)state;
	memset(target, 0xff, 32);
	target[31] = 0;
	target[30] = 0x0f; /* met by one hash in 4,096 */
	while (hash_of(header, want).b[31] || hash_of(header, want).b[30] > 0x0f)
		want++;
	assert_true(pow_scan(header, target, 100, UINT64_MAX, &nonce, &tried));
	assert_int_equal(nonce, want);
	assert_int_equal(tried, want - 100 + 1);
}

static void the_scan_ends_with_the_last_nonce(void **state)
{
	uint8_t header[80] = {3}, target[32] = {0};
	uint64_t tried = 0;
	uint32_t nonce = 1;

	(void)state;
	assert_false(pow_scan(header, target, UINT32_MAX - 9, 1000, &nonce, &tried));
	assert_int_equal(tried, 10);
	assert_int_equal(nonce, 1);
	memset(target, 0xff, 32);
	assert_true(pow_scan(header, target, UINT32_MAX, UINT64_MAX, &nonce, &tried));
	assert_int_equal(nonce, UINT32_MAX);
	assert_int_equal(tried, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bitcoins_genesis_nonce_is_found),
		cmocka_unit_test(the_target_itself_is_met_and_one_less_is_not),
		cmocka_unit_test(each_limb_is_compared_after_those_above_it),
		cmocka_unit_test(the_first_valid_nonce_is_found),
		cmocka_unit_test(the_scan_ends_with_the_last_nonce),
	};

	return crypto_start(NULL) ? cmocka_run_group_tests_name("pow", tests, NULL, NULL) : 1;
}
