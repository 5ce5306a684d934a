/* Amounts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/primitives/amount.h>

static void the_range_is_0_to_21_million_coins(void **state)
{
	(void)state;
	assert_true(MAX_MONEY == 21000000 * COIN);
	assert_true(amount_valid(0));
	assert_true(amount_valid(MAX_MONEY));
	assert_false(amount_valid(-1));
	assert_false(amount_valid(MAX_MONEY + 1));
	assert_false(amount_valid(INT64_MIN));
	assert_false(amount_valid(INT64_MAX));
}

static void sums_say_whether_they_fit(void **state)
{
	static const struct {
		int64_t sum, a;
		bool fits;
	} cases[] = {
		{0, 0, true},
		{0, MAX_MONEY, true},
		{MAX_MONEY, 0, true},
		{MAX_MONEY - 5, 5, true},
		{MAX_MONEY - 5, 6, false},
		{MAX_MONEY, 1, false},
		{MAX_MONEY, MAX_MONEY, false},
		{5, -1, false},
		{-1, 5, false},
		{0, INT64_MAX, false},
		{INT64_MAX, INT64_MAX, false},
		{INT64_MIN, INT64_MIN, false},
		{0, INT64_MIN, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t sum = cases[i].sum;

		assert_int_equal(amount_add(&sum, cases[i].a), cases[i].fits);
		assert_true(sum == (cases[i].fits ? cases[i].sum + cases[i].a : cases[i].sum));
	}
}

static void decimal_coins_are_read(void **state)
{
	static const struct {
		const char *text;
		int64_t units;
	} cases[] = {
		{"1", COIN},
		{"12.5", 1250000000},
		{"0.00000001", 1},
		{"0.1", 10000000},
		{"0.10000000", 10000000},
		{"007", 7 * COIN},
		{"21000000", MAX_MONEY},
		{"21000000.00000000", MAX_MONEY},
		{"20999999.99999999", MAX_MONEY - 1},
		{"1.00000000", COIN},
		{"123456.78901234", INT64_C(12345678901234)},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t units = -7;

		assert_true(amount_parse(&units, cases[i].text, false, NULL));
		assert_true(units == cases[i].units);
	}
}

static void invalid_amounts_are_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text, *because;
	} cases[] = {
		{"", "empty"},
		{"0", "'0' is not an amount: give more than 0"},
		{"0.0", "give more than 0"},
		{"0.00000000", "give more than 0"},
		{"-1", "'-1' is negative: give more than 0"},
		{"-0.5", "negative"},
		{"0.000000001", "'0.000000001' has too many decimals: at most 8 places"},
		{"1.000000000", "too many decimals"},
		{"21000000.00000001", "more than all coins: at most 21000000"},
		{"21000001", "more than all coins"},
		{"99999999999999999999999999999999", "more than all coins"},
		{"184467440737.09551617", "more than all coins"},
		{"abc", "'abc' is not an amount: give coins"},
		{"+1", "not an amount"},
		{"-", "not an amount"},
		{"--1", "not an amount"},
		{" 1", "not an amount"},
		{"1 ", "not an amount"},
		{"1.", "not an amount"},
		{".5", "not an amount"},
		{".", "not an amount"},
		{"1,5", "not an amount"},
		{"1.5.5", "not an amount"},
		{"1.-5", "not an amount"},
		{"1e3", "not an amount"},
		{"0x10", "not an amount"},
		{"1\n", "not an amount"},
		{"inf", "not an amount"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int64_t units = -7;
		struct err e = {0};

		assert_false(amount_parse(&units, cases[i].text, false, &e));
		assert_true(units == -7);
		assert_int_equal(e.cls, ERR_USAGE);
		assert_string_equal(e.token, "bad-amount");
		if (!strstr(e.detail, cases[i].because))
			fail_msg("'%s': %s", cases[i].text, e.detail);
		assert_non_null(strstr(e.detail, ": "));
	}
}

static void zero_is_accepted_only_if_allowed(void **state)
{
	int64_t units = -7;

	(void)state;
	assert_true(amount_parse(&units, "0", true, NULL));
	assert_true(units == 0);
	assert_true(amount_parse(&units, "0.00000000", true, NULL));
	assert_false(amount_parse(&units, "-0.1", true, NULL));
}

static void amounts_are_shown_short_and_fixed(void **state)
{
	static const struct {
		int64_t units;
		const char *brief, *fixed;
	} cases[] = {
		{0, "0", "0.00000000"},
		{1, "0.00000001", "0.00000001"},
		{10, "0.0000001", "0.00000010"},
		{COIN, "1", "1.00000000"},
		{10 * COIN, "10", "10.00000000"},
		{1250000000, "12.5", "12.50000000"},
		{MAX_MONEY, "21000000", "21000000.00000000"},
		{-1, "-0.00000001", "-0.00000001"},
		{-1250000000, "-12.5", "-12.50000000"},
		{INT64_MAX, "92233720368.54775807", "92233720368.54775807"},
		{INT64_MIN, "-92233720368.54775808", "-92233720368.54775808"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char text[AMOUNT_CHARS + 1];

		amount_format(text, cases[i].units);
		assert_string_equal(text, cases[i].brief);
		amount_format_fixed(text, cases[i].units);
		assert_string_equal(text, cases[i].fixed);
	}
}

static void formatted_amounts_parse_back(void **state)
{
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 8);
	for (int i = 0; i < 5000; i++) {
		/* Amounts of every length. */
		uint64_t below = rng_below(&rng.rng, (uint64_t)MAX_MONEY + 1) + 1;
		int64_t units = (int64_t)rng_below(&rng.rng, i % 2 ? below : 1 + below % 1000000);
		char text[AMOUNT_CHARS + 1];
		int64_t back = -1;

		amount_format(text, units);
		assert_true(amount_parse(&back, text, true, NULL) && back == units);
		amount_format_fixed(text, units);
		assert_true(amount_parse(&back, text, true, NULL) && back == units);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_range_is_0_to_21_million_coins),
		cmocka_unit_test(sums_say_whether_they_fit),
		cmocka_unit_test(decimal_coins_are_read),
		cmocka_unit_test(invalid_amounts_are_refused_with_the_reason),
		cmocka_unit_test(zero_is_accepted_only_if_allowed),
		cmocka_unit_test(amounts_are_shown_short_and_fixed),
		cmocka_unit_test(formatted_amounts_parse_back),
	};

	return cmocka_run_group_tests_name("amount", tests, NULL, NULL);
}
