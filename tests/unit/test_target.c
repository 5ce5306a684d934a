/* 256-bit targets, their compact form, work. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/consensus/target.h>

static const struct u256 all_ones = {{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};

static void assert_u256(const struct u256 *a, const char *hex)
{
	char got[65];

	u256_hex(got, a);
	assert_string_equal(got, hex);
}

/* Bitcoin Core, src/test/arith_uint256_tests.cpp, bignum_SetCompact. hex NULL: the number is zero,
 * negative or too large and so not a target. */
static const struct {
	uint32_t bits;
	const char *hex;
	uint32_t again;
} compact_cases[] = {
	{0x00000000, NULL, 0},
	{0x00123456, NULL, 0},
	{0x01003456, NULL, 0},
	{0x02000056, NULL, 0},
	{0x03000000, NULL, 0},
	{0x04000000, NULL, 0},
	{0x00923456, NULL, 0},
	{0x01803456, NULL, 0},
	{0x02800056, NULL, 0},
	{0x03800000, NULL, 0},
	{0x04800000, NULL, 0},
	{0x01123456, "0000000000000000000000000000000000000000000000000000000000000012",
	 0x01120000},
	{0x01fedcba, NULL, 0},
	{0x02123456, "0000000000000000000000000000000000000000000000000000000000001234",
	 0x02123400},
	{0x03123456, "0000000000000000000000000000000000000000000000000000000000123456",
	 0x03123456},
	{0x04123456, "0000000000000000000000000000000000000000000000000000000012345600",
	 0x04123456},
	{0x04923456, NULL, 0},
	{0x05009234, "0000000000000000000000000000000000000000000000000000000092340000",
	 0x05009234},
	{0x20123456, "1234560000000000000000000000000000000000000000000000000000000000",
	 0x20123456},
	{0xff123456, NULL, 0},
};

static void compact_form_agrees_with_bitcoin_core(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(compact_cases); i++) {
		struct u256 target;
		bool ok = target_from_bits(&target, compact_cases[i].bits);

		assert_int_equal(ok, compact_cases[i].hex != NULL);
		if (!ok)
			continue;
		assert_u256(&target, compact_cases[i].hex);
		assert_int_equal(target_to_bits(&target), compact_cases[i].again);
	}
}

static void compact_form_never_sets_the_sign(void **state)
{
	struct u256 n = u256_from_u64(0x80);

	(void)state;
	/* Bitcoin Core, from the same test. */
	assert_int_equal(target_to_bits(&n), 0x02008000);
	n = u256_from_u64(0x7f);
	assert_int_equal(target_to_bits(&n), 0x017f0000);
	n = u256_from_u64(0x800000);
	assert_int_equal(target_to_bits(&n), 0x04008000);
	n = u256_from_u64(0);
	assert_int_equal(target_to_bits(&n), 0);
	assert_int_equal(target_to_bits(&all_ones), 0x2100ffff);
}

static void compact_form_truncates(void **state)
{
	struct u256 n = u256_from_u64(0x123456ff);

	(void)state;
	assert_int_equal(target_to_bits(&n), 0x04123456);
	n = u256_from_u64(0x1234567fffffff);
	assert_int_equal(target_to_bits(&n), 0x07123456);
}

static void compact_form_of_every_size_round_trips(void **state)
{
	static const uint32_t words[] = {0x008000, 0x123456, 0x7fffff};

	(void)state;
	for (uint32_t size = 3; size <= 32; size++) {
		for (size_t i = 0; i < ARRAY_LEN(words); i++) {
			uint32_t bits = size << 24 | words[i];
			struct u256 target, one = u256_from_u64(1), below;

			assert_true(target_from_bits(&target, bits));
			assert_int_equal(target_to_bits(&target), bits);
			/* One less: all bytes below the top three are ff and are cut off. */
			below = u256_sub(&target, &one);
			if (words[i] != 0x008000)
				assert_int_equal(target_to_bits(&below), bits - 1);
		}
	}
}

static void compact_overflow_begins_above_256_bits(void **state)
{
	static const struct {
		uint32_t bits;
		bool fits;
	} cases[] = {
		{0x207fffff, true},  {0x2100ffff, true},  {0x21010000, false}, {0x220000ff, true},
		{0x22000100, false}, {0x23000001, false}, {0x227fffff, false}, {0x20800000, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct u256 target;

		assert_int_equal(target_from_bits(&target, cases[i].bits), cases[i].fits);
		assert_int_equal(u256_is_zero(&target), !cases[i].fits);
	}
}

/* The first is Bitcoin's genesis block (chainwork of block 0: 0x100010001); the others were
 * computed with Python's integers: 2**256 // (target + 1). */
static const struct {
	uint32_t bits;
	const char *work;
} work_cases[] = {
	{0x1d00ffff, "0000000000000000000000000000000000000000000000000000000100010001"},
	{0x1b0404cb, "00000000000000000000000000000000000000000000000000003fb3ab764c00"},
	{0x1f00ffff, "0000000000000000000000000000000000000000000000000000000000010001"},
	{0x1f0fffff, "0000000000000000000000000000000000000000000000000000000000001000"},
	{0x1f100000, "0000000000000000000000000000000000000000000000000000000000000fff"},
	{0x1a010000, "00000000000000000000000000000000000000000000000000ffffffffffffff"},
	{0x207fffff, "0000000000000000000000000000000000000000000000000000000000000002"},
	{0x01010000, "8000000000000000000000000000000000000000000000000000000000000000"},
	{0x02008000, "01fc07f01fc07f01fc07f01fc07f01fc07f01fc07f01fc07f01fc07f01fc07f0"},
	{0x03123456, "00000e0fff97690309e2f96677e115e465ed2d49ebff2a34c636177dcdb14856"},
	{0x170331db, "000000000000000000000000000000000000000000005021ab2578ee9fc3005e"},
	{0x21000100, "00000000000000000000000000000000000000000000000000000000000000ff"},
	{0x090f691e, "0000000000000000109ca744e064905598217403dce73f2d4b8191fea39c2b1f"},
	{0x02702900, "0002484976bc9dd7187b6403a335153c9b8ecf04a765cc1c99d897eb99ef6aca"},
	{0x0f071d49, "000000000000000000000000000023fbbef0c1116caca2e70da706ccd121afa6"},
	{0x0f0601b8, "00000000000000000000000000002a9e754667d4ec56f7168d8a1f19badc1014"},
	{0x02096d00, "001b25f7178aec466a78e51054d6a42992225c0cb9cbd3091ec101e8ab5fa7c4"},
	{0x0a010d3e, "000000000000000000f368bb21f45e0aae8baee1773575b53f3662294047968e"},
};

static void work_is_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(work_cases); i++) {
		struct u256 work = work_of_bits(work_cases[i].bits);

		assert_u256(&work, work_cases[i].work);
	}
}

static void invalid_bits_have_no_work(void **state)
{
	static const uint32_t bits[] = {0, 0x04923456, 0xff123456, 0x01003456};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bits); i++) {
		struct u256 work = work_of_bits(bits[i]);

		assert_true(u256_is_zero(&work));
	}
}

static void hash_may_equal_its_target_but_not_exceed_it(void **state)
{
	struct block_hash hash;
	struct u256 target, one = u256_from_u64(1), over;

	(void)state;
	assert_true(target_from_bits(&target, 0x1f00ffff));
	u256_to_le(hash.h.b, &target);
	assert_true(pow_ok(&hash, 0x1f00ffff));
	over = u256_add(&target, &one);
	u256_to_le(hash.h.b, &over);
	assert_false(pow_ok(&hash, 0x1f00ffff));
	/* If bits is not a target, not even a hash of zero meets it. */
	memset(&hash, 0, sizeof hash);
	assert_true(pow_ok(&hash, 0x01010000));
	assert_false(pow_ok(&hash, 0));
	assert_false(pow_ok(&hash, 0x1f80ffff));
	assert_false(pow_ok(&hash, 0xff123456));
}

static void hash_of_bitcoins_genesis_meets_its_bits(void **state)
{
	/* 000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f */
	static const struct block_hash hash = {
		{{0x6f, 0xe2, 0x8c, 0x0a, 0xb6, 0xf1, 0xb3, 0x72, 0xc1, 0xa6, 0xa2,
		  0x46, 0xae, 0x63, 0xf7, 0x4f, 0x93, 0x1e, 0x83, 0x65, 0xe1, 0x5a,
		  0x08, 0x9c, 0x68, 0xd6, 0x19, 0x00, 0x00, 0x00, 0x00, 0x00}}};

	(void)state;
	assert_true(pow_ok(&hash, 0x1d00ffff));
	assert_true(pow_ok(&hash, 0x1b19d668 + 1));
	assert_false(pow_ok(&hash, 0x1b19d668));
}

static void sums_carry_and_saturate(void **state)
{
	struct u256 a = {{UINT64_MAX, UINT64_MAX, 0, 0}}, one = u256_from_u64(1);
	struct u256 sum = u256_add(&a, &one);

	(void)state;
	assert_u256(&sum, "0000000000000000000000000000000100000000000000000000000000000000");
	sum = u256_sub(&sum, &one);
	assert_int_equal(u256_cmp(&sum, &a), 0);
	/* A carry into a limb of all ones. */
	a = (struct u256){{1, UINT64_MAX, 5, 0}};
	struct u256 b = {{UINT64_MAX, UINT64_MAX, 6, 0}};
	sum = u256_add(&a, &b);
	assert_u256(&sum, "0000000000000000000000000000000cffffffffffffffff0000000000000000");
	sum = u256_sub(&sum, &b);
	assert_int_equal(u256_cmp(&sum, &a), 0);

	sum = u256_add(&all_ones, &one);
	assert_int_equal(u256_cmp(&sum, &all_ones), 0);
	sum = u256_sub(&all_ones, &one);
	sum = u256_add(&sum, &one);
	assert_int_equal(u256_cmp(&sum, &all_ones), 0);
	sum = u256_sub(&one, &all_ones);
	assert_true(u256_is_zero(&sum));
	sum = u256_sub(&one, &one);
	assert_true(u256_is_zero(&sum));
}

static void comparison_begins_at_the_top(void **state)
{
	struct u256 a = {{0, 0, 0, 2}}, b = {{9, 9, 9, 1}}, c = {{8, 9, 9, 1}};

	(void)state;
	assert_true(u256_cmp(&a, &b) > 0);
	assert_true(u256_cmp(&b, &a) < 0);
	assert_true(u256_cmp(&c, &b) < 0);
	assert_true(u256_cmp(&b, &b) == 0);
	assert_false(u256_is_zero(&a));
}

static void bytes_are_little_endian(void **state)
{
	uint8_t le[32];
	struct u256 a;

	(void)state;
	for (int i = 0; i < 32; i++)
		le[i] = (uint8_t)(i + 1);
	a = u256_from_le(le);
	assert_u256(&a, "201f1e1d1c1b1a191817161514131211100f0e0d0c0b0a090807060504030201");
	uint8_t back[32];
	u256_to_le(back, &a);
	assert_memory_equal(back, le, sizeof le);
}

static void logarithm_and_double_are_those_of_powers_of_two(void **state)
{
	(void)state;
	for (int i = 0; i < 256; i++) {
		struct u256 a = {{0}};

		a.w[i / 64] = UINT64_C(1) << (i % 64);
		assert_true(u256_log2(&a) == i);
		assert_true(u256_double(&a) == ldexp(1, i));
	}
	struct u256 zero = u256_from_u64(0), three = u256_from_u64(3);
	assert_true(u256_log2(&zero) == 0);
	assert_true(fabs(u256_log2(&three) - 1.5849625007211562) < 1e-12);
	assert_true(u256_double(&three) == 3);
}

static void difficulty_is_relative_to_the_limit(void **state)
{
	(void)state;
	assert_true(difficulty_of_bits(0x1d00ffff, 0x1d00ffff) == 1);
	/* Bitcoin wiki, "Difficulty": 0x1b0404cb is 16307.420938523983. */
	assert_true(fabs(difficulty_of_bits(0x1b0404cb, 0x1d00ffff) - 16307.420938523983) < 1e-9);
	assert_true(difficulty_of_bits(0, 0x1d00ffff) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compact_form_agrees_with_bitcoin_core),
		cmocka_unit_test(compact_form_never_sets_the_sign),
		cmocka_unit_test(compact_form_truncates),
		cmocka_unit_test(compact_form_of_every_size_round_trips),
		cmocka_unit_test(compact_overflow_begins_above_256_bits),
		cmocka_unit_test(work_is_exact),
		cmocka_unit_test(invalid_bits_have_no_work),
		cmocka_unit_test(hash_may_equal_its_target_but_not_exceed_it),
		cmocka_unit_test(hash_of_bitcoins_genesis_meets_its_bits),
		cmocka_unit_test(sums_carry_and_saturate),
		cmocka_unit_test(comparison_begins_at_the_top),
		cmocka_unit_test(bytes_are_little_endian),
		cmocka_unit_test(logarithm_and_double_are_those_of_powers_of_two),
		cmocka_unit_test(difficulty_is_relative_to_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
