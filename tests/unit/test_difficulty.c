/* Retargeting: tally-protocol(7), DIFFICULTY. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tally/base/mem.h>
#include <tally/consensus/params.h>
#include <tally/consensus/target.h>

#define TIME UINT32_C(1700000000)

static struct chain_params chain_of(uint32_t spacing, uint32_t pow_limit)
{
	struct chain_params p = {.spacing = spacing, .pow_limit = pow_limit};

	return p;
}

static uint32_t after(const struct chain_params *p, uint32_t bits, uint32_t seconds)
{
	return next_bits(p, 1, bits, TIME + seconds, TIME);
}

/* Computed with Python's integers from the formula of the protocol, from seeded random inputs and
 * inputs next to each bound. */
static const struct {
	uint32_t spacing, pow_limit, bits, seconds, next;
} cases[] = {
	{10, 0x1f100000, 0x1c00d348, 5u, 0x1c00cfc2},
	{2, 0x1f00ffff, 0x1b02895c, 2u, 0x1b02895c},
	{1, 0x1f0fffff, 0x1b0214d3, 1u, 0x1b0214d3},
	{10, 0x1f00ffff, 0x1d0217fe, 26u, 0x1d023494},
	{10, 0x1f100000, 0x1e00c614, 10u, 0x1e00c614},
	{60, 0x1f00ffff, 0x1c06c21a, 120u, 0x1c06fbc5},
	{86400, 0x1f0fffff, 0x1d05b074, 86400u, 0x1d05b074},
	{2, 0x1d00ffff, 0x1a1ae4f7, 2u, 0x1a1ae4f7},
	{86400, 0x1f100000, 0x1b0d9196, 172800u, 0x1b0e055f},
	{600, 0x1d00ffff, 0x190938ed, 300u, 0x19091193},
	{10, 0x1f100000, 0x1f0109e3, 0u, 0x1f010106},
	{3600, 0x1f100000, 0x1b021353, 212400u, 0x1b06168d},
	{60, 0x1f0fffff, 0x1e00ff4d, 120u, 0x1e0107cf},
	{10, 0x1a010000, 0x1808d77d, 20u, 0x180922f0},
	{86400, 0x1f100000, 0x1b0144d4, 86401u, 0x1b0144d4},
	{2, 0x1f00ffff, 0x1d02d525, 122u, 0x1d086743},
	{86400, 0x1f0fffff, 0x1c0fa275, 86400u, 0x1c0fa275},
	{3600, 0x1f00ffff, 0x1b2bd688, 1u, 0x1b2a608d},
	{10, 0x1f100000, 0x1c04a7f1, 11u, 0x1c04abea},
	{10, 0x1a010000, 0x190dc82f, 610u, 0x1928e2f1},
	{10, 0x1a010000, 0x184ac035, 20u, 0x184d3e14},
	{86400, 0x1f0fffff, 0x1f054d08, 0u, 0x1f051fcc},
	{3600, 0x1f0fffff, 0x1c0bafa4, 219600u, 0x1c22ab33},
	{2, 0x1a010000, 0x1807da9f, 1u, 0x1807b91c},
	{2, 0x1f00ffff, 0x1e01fd9c, 1u, 0x1e01f51d},
	{86400, 0x1f0fffff, 0x1f026d12, 5097600u, 0x1f071dce},
	{86400, 0x1f0fffff, 0x1f014925, 5184000u, 0x1f03d076},
	{10, 0x1a010000, 0x180a6d00, 9u, 0x180a641a},
	{10, 0x1f00ffff, 0x01010000, 0, 0x01010000},
	{10, 0x1f00ffff, 0x01010000, 10, 0x01010000},
	{10, 0x1f00ffff, 0x01010000, 600, 0x01020000},
	{86400, 0x1f00ffff, 0x01010000, 0, 0x01010000},
	{86400, 0x1f00ffff, 0x01010000, 5184000, 0x01020000},
	{10, 0x1f00ffff, 0x01020000, 0, 0x01010000},
	{10, 0x1f00ffff, 0x01020000, 10, 0x01020000},
	{10, 0x1f00ffff, 0x01020000, 600, 0x01050000},
	{86400, 0x1f00ffff, 0x01020000, 0, 0x01010000},
	{86400, 0x1f00ffff, 0x01020000, 5184000, 0x01050000},
	{10, 0x1f00ffff, 0x011d0000, 0, 0x011c0000},
	{10, 0x1f00ffff, 0x011d0000, 10, 0x011d0000},
	{10, 0x1f00ffff, 0x011d0000, 600, 0x01560000},
	{86400, 0x1f00ffff, 0x011d0000, 0, 0x011c0000},
	{86400, 0x1f00ffff, 0x011d0000, 5184000, 0x01560000},
	{10, 0x1f00ffff, 0x011e0000, 0, 0x011d0000},
	{10, 0x1f00ffff, 0x011e0000, 10, 0x011e0000},
	{10, 0x1f00ffff, 0x011e0000, 600, 0x01590000},
	{86400, 0x1f00ffff, 0x011e0000, 0, 0x011d0000},
	{86400, 0x1f00ffff, 0x011e0000, 5184000, 0x01590000},
	{10, 0x1f00ffff, 0x011f0000, 0, 0x011d0000},
	{10, 0x1f00ffff, 0x011f0000, 10, 0x011f0000},
	{10, 0x1f00ffff, 0x011f0000, 600, 0x015b0000},
	{86400, 0x1f00ffff, 0x011f0000, 0, 0x011d0000},
	{86400, 0x1f00ffff, 0x011f0000, 5184000, 0x015b0000},
	{10, 0x1f00ffff, 0x02008000, 0, 0x017b0000},
	{10, 0x1f00ffff, 0x02008000, 10, 0x02008000},
	{10, 0x1f00ffff, 0x02008000, 600, 0x02017b00},
	{86400, 0x1f00ffff, 0x02008000, 0, 0x017b0000},
	{86400, 0x1f00ffff, 0x02008000, 5184000, 0x02017b00},
};

static void retarget_is_exact(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct chain_params p = chain_of(cases[i].spacing, cases[i].pow_limit);

		assert_int_equal(after(&p, cases[i].bits, cases[i].seconds), cases[i].next);
	}
}

/* 3,000 retargets in a row, each from the one before, with block times from a generator that is as
 * short in Python: the last bits and a checksum over all of them were computed there. */
static void long_walk_is_exact(void **state)
{
	static const struct {
		uint32_t spacing, pow_limit, bits, last, checksum;
	} walks[] = {
		{10, 0x1f00ffff, 0x1d00ffff, 0x1d00e600, 0x5fe64fab},
		{86400, 0x1f0fffff, 0x1c00ffff, 0x1b48b7e7, 0xe8df3bc9},
		{1, 0x1f00ffff, 0x1e00ffff, 0x1d4bc763, 0x3d49891c},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(walks); i++) {
		struct chain_params p = chain_of(walks[i].spacing, walks[i].pow_limit);
		uint32_t bits = walks[i].bits, checksum = 0, x = 1;

		for (int k = 0; k < 3000; k++) {
			x = (x * 1103515245 + 12345) & 0x7fffffff;
			bits = after(&p, bits, (x >> 8) % (2 * p.spacing + 1));
			checksum = checksum * 31 + bits;
		}
		assert_int_equal(bits, walks[i].last);
		assert_int_equal(checksum, walks[i].checksum);
	}
}

static void a_block_in_time_keeps_the_target(void **state)
{
	static const uint32_t spacings[] = {1, 10, 600, 86400};
	static const uint32_t bits[] = {0x1f00ffff, 0x1d00ffff, 0x1a7fffff, 0x04123456, 0x01010000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(spacings); i++) {
		struct chain_params p = chain_of(spacings[i], 0x1f00ffff);

		for (size_t k = 0; k < ARRAY_LEN(bits); k++)
			assert_int_equal(after(&p, bits[k], spacings[i]), bits[k]);
	}
}

static void later_blocks_never_make_it_harder(void **state)
{
	struct chain_params p = chain_of(10, 0x1f00ffff);
	struct u256 last = u256_from_u64(0);

	(void)state;
	for (uint32_t t = 0; t <= 700; t++) {
		struct u256 target;

		assert_true(target_from_bits(&target, after(&p, 0x1c345678, t)));
		assert_true(u256_cmp(&last, &target) <= 0);
		last = target;
	}
}

static void one_block_counts_for_sixty_spacings_at_most(void **state)
{
	struct chain_params p = chain_of(10, 0x1f00ffff);
	uint32_t most = after(&p, 0x1c00ffff, 600);

	(void)state;
	assert_int_not_equal(after(&p, 0x1c00ffff, 599), most);
	assert_int_equal(after(&p, 0x1c00ffff, 601), most);
	assert_int_equal(next_bits(&p, 1, 0x1c00ffff, UINT32_MAX, 0), most);
}

static void target_stops_at_pow_limit(void **state)
{
	struct chain_params p = chain_of(10, 0x1f00ffff);

	(void)state;
	/* 11 s instead of 10 s: the target grows by 301/300. */
	assert_int_equal(after(&p, 0x1f00ff00, 10), 0x1f00ff00);
	assert_int_equal(after(&p, 0x1f00ff00, 11), 0x1f00ffd9);
	assert_int_equal(after(&p, 0x1f00ff00, 12), 0x1f00ffff);
	assert_int_equal(after(&p, 0x1f00ffff, 11), 0x1f00ffff);
	assert_int_equal(after(&p, 0x1f00ffff, 600), 0x1f00ffff);
}

static void target_stops_at_one(void **state)
{
	struct chain_params p = chain_of(10, 0x1f00ffff);

	(void)state;
	assert_int_equal(after(&p, 0x01020000, 0), 0x01010000); /* floor(2 * 29 / 30) */
	assert_int_equal(after(&p, 0x01010000, 0), 0x01010000); /* not 0 */
	assert_int_equal(after(&p, 0x01010000, 600), 0x01020000);
}

static void first_block_has_genesis_bits(void **state)
{
	struct chain_params p = chain_of(10, 0x1f00ffff);

	(void)state;
	assert_int_equal(next_bits(&p, 0, 0x1d00ffff, TIME, 0), 0x1d00ffff);
	assert_int_equal(next_bits(&p, 0, 0x1d00ffff, TIME, TIME), 0x1d00ffff);
	assert_int_not_equal(next_bits(&p, 1, 0x1d00ffff, TIME, TIME), 0x1d00ffff);
}

static void instant_chain_always_has_pow_limit(void **state)
{
	struct chain_params p = chain_of(0, 0x1f0fffff);

	(void)state;
	assert_int_equal(next_bits(&p, 0, 0x1f0fffff, TIME, 0), 0x1f0fffff);
	assert_int_equal(next_bits(&p, 1, 0x1f0fffff, TIME, TIME), 0x1f0fffff);
	assert_int_equal(next_bits(&p, 1000, 0x1f0fffff, TIME + 86400, TIME), 0x1f0fffff);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(retarget_is_exact),
		cmocka_unit_test(long_walk_is_exact),
		cmocka_unit_test(a_block_in_time_keeps_the_target),
		cmocka_unit_test(later_blocks_never_make_it_harder),
		cmocka_unit_test(one_block_counts_for_sixty_spacings_at_most),
		cmocka_unit_test(target_stops_at_pow_limit),
		cmocka_unit_test(target_stops_at_one),
		cmocka_unit_test(first_block_has_genesis_bits),
		cmocka_unit_test(instant_chain_always_has_pow_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
