/* Chain parameters and the subsidy: tally-protocol(7), BLOCKS and GENESIS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>
#include <tally/consensus/params.h>
#include <tally/primitives/amount.h>

static struct chain_params p;
static struct err e;

static void start(void)
{
	params_default(&p, 10);
}

static void check(const char *token)
{
	bool ok = params_check(&p, &e);

	if (!token && !ok)
		fail_msg("refused: %s: %s", e.token, e.detail);
	if (token) {
		assert_false(ok);
		assert_int_equal(e.cls, ERR_INVALID);
		assert_string_equal(e.token, token);
	}
}

static void defaults_are_those_of_the_protocol(void **state)
{
	(void)state;
	params_default(&p, 10);
	check(NULL);
	assert_int_equal(p.spacing, 10);
	assert_int_equal(p.pow_limit, 0x1f00ffff);
	assert_int_equal(p.reward, 5000000000);
	assert_int_equal(p.halving, 210000);
	assert_int_equal(p.maturity, 5);
	assert_int_equal(p.max_block_bytes, 1000000);
	params_default(&p, 0);
	check(NULL);
	assert_int_equal(p.spacing, 0);
	assert_int_equal(p.pow_limit, 0x1f0fffff);
	assert_int_equal(p.genesis_bits, 0x1f0fffff);
	p.halving = 0;
	p.reward = REWARD_DEFAULT_UNHALVED;
	check(NULL);
}

static void spacing_is_a_day_at_most(void **state)
{
	(void)state;
	start();
	p.spacing = 86400;
	check(NULL);
	p.spacing = 86401;
	check("bad-params-spacing");
	p.spacing = UINT32_MAX;
	check("bad-params-spacing");
	p.spacing = 0;
	check(NULL);
}

static void pow_limit_is_canonical_and_in_range(void **state)
{
	static const struct {
		uint32_t bits;
		bool ok;
	} cases[] = {
		{0x1a010000, true},  /* 2^200 */
		{0x1a00ffff, false}, /* the next smaller one */
		{0x1f100000, true},  /* 2^244 */
		{0x1f100001, false}, /* the next greater one */
		{0x20001000, false}, /* 2^244, not canonical */
		{0x1b000100, false}, /* 2^200, not canonical */
		{0x1d00ffff, true},  {0x1f7fffff, false},
		{0x00000000, false}, {0x1d80ffff, false}, /* negative */
		{0xff123456, false},                      /* overflows */
	};

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		p.pow_limit = cases[i].bits;
		check(cases[i].ok ? NULL : "bad-params-pow-limit");
	}
}

static void reward_without_halving_is_a_millionth_of_all_money(void **state)
{
	(void)state;
	start();
	p.halving = 0;
	p.reward = 2100000000;
	check(NULL);
	p.reward++;
	check("bad-params-reward");
	p.reward = 0;
	check(NULL);
	p.reward = -1;
	check("bad-params-reward");
}

static void reward_with_halving_never_adds_up_to_more_than_all_money(void **state)
{
	/* floor(2,100,000,000,000,000 / (2 * halving)), computed with Python. */
	static const struct {
		uint32_t halving;
		int64_t most;
	} cases[] = {
		{1, 1050000000000000}, {2, 525000000000000}, {3, 350000000000000},
		{7, 150000000000000},  {11, 95454545454545}, {210000, 5000000000},
		{1000000, 1050000000}, {4294967295, 244472},
	};

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		p.halving = cases[i].halving;
		p.reward = cases[i].most;
		check(NULL);
		p.reward++;
		check("bad-params-reward");
		p.reward = 0;
		check(NULL);
		p.reward = INT64_MAX;
		check("bad-params-reward");
	}
}

static void maturity_is_1_to_1000(void **state)
{
	(void)state;
	start();
	p.maturity = 1;
	check(NULL);
	p.maturity = 0;
	check("bad-params-maturity");
	p.maturity = 1000;
	check(NULL);
	p.maturity = 1001;
	check("bad-params-maturity");
}

static void max_block_bytes_is_10000_to_4000000(void **state)
{
	(void)state;
	start();
	p.max_block_bytes = 10000;
	check(NULL);
	p.max_block_bytes = 9999;
	check("bad-params-max-block-bytes");
	p.max_block_bytes = 4000000;
	check(NULL);
	p.max_block_bytes = 4000001;
	check("bad-params-max-block-bytes");
}

/* Typed by hand from the table in tally-protocol(7), GENESIS. */
static const uint8_t record[PARAMS_RECORD_BYTES] = {
	'T',  'L',  'Y',  1,                /* magic, version */
	10,   0,    0,    0,                /* spacing */
	0xff, 0xff, 0x00, 0x1f,             /* pow_limit */
	0x00, 0xf2, 0x05, 0x2a, 1, 0, 0, 0, /* reward */
	0x50, 0x34, 0x03, 0,                /* halving */
	5,    0,                            /* maturity */
	0x40, 0x42, 0x0f, 0,                /* max_block_bytes */
};

static void record_has_the_bytes_of_the_protocol(void **state)
{
	uint8_t out[PARAMS_RECORD_BYTES];

	(void)state;
	start();
	params_encode(out, &p);
	assert_memory_equal(out, record, sizeof record);

	struct chain_params got = {.genesis_time = 7, .name = "kept"};
	assert_true(params_decode(&got, record, &e));
	assert_int_equal(got.spacing, 10);
	assert_int_equal(got.pow_limit, 0x1f00ffff);
	assert_int_equal(got.reward, 5000000000);
	assert_int_equal(got.halving, 210000);
	assert_int_equal(got.maturity, 5);
	assert_int_equal(got.max_block_bytes, 1000000);
	assert_int_equal(got.genesis_time, 7);
	assert_string_equal(got.name, "kept");
}

static void a_memo_is_text_and_a_record_is_named(void **state)
{
	uint8_t other[PARAMS_RECORD_BYTES];
	char text[76];

	(void)state;
	params_memo_text(text, sizeof(text), (struct span){record, sizeof(record)});
	assert_string_equal(text, "the chain's parameters");
	memcpy(other, record, sizeof(record));
	other[3]++; /* an unknown version */
	params_memo_text(text, sizeof(text), (struct span){other, sizeof(other)});
	assert_memory_equal(text, "TLY", 3);
	params_memo_text(text, sizeof(text), (struct span){(const uint8_t *)"a\x01z", 3});
	assert_string_equal(text, "a?z");
	params_memo_text(text, 3, (struct span){(const uint8_t *)"hello", 5});
	assert_string_equal(text, "he");
}

static void every_field_round_trips(void **state)
{
	uint8_t out[PARAMS_RECORD_BYTES], again[PARAMS_RECORD_BYTES];
	struct chain_params got = {0};

	(void)state;
	p = (struct chain_params){.spacing = 0x00010203,
				  .pow_limit = 0x1c040506,
				  .reward = 0x070809,
				  .halving = 0x0a0b0c0d,
				  .maturity = 0x0102,
				  .max_block_bytes = 0x00111213};
	params_encode(out, &p);
	if (!params_decode(&got, out, &e))
		fail_msg("%s: %s", e.token, e.detail);
	params_encode(again, &got);
	assert_memory_equal(again, out, sizeof out);
}

/* The record with one byte changed is refused with this token, and nothing is set. */
static void refuse_byte(size_t at, uint8_t value, const char *token)
{
	uint8_t bad[PARAMS_RECORD_BYTES];
	struct chain_params got, before;

	memcpy(bad, record, sizeof bad);
	bad[at] = value;
	memset(&got, 0x5a, sizeof got);
	before = got;
	assert_false(params_decode(&got, bad, &e));
	assert_int_equal(e.cls, ERR_INVALID);
	assert_string_equal(e.token, token);
	assert_memory_equal(&got, &before, sizeof got);
}

static void invalid_records_are_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < 3; i++)
		refuse_byte(i, 't', "bad-params-magic");
	refuse_byte(3, 0, "bad-params-version");
	refuse_byte(3, 2, "bad-params-version");
	refuse_byte(7, 1, "bad-params-spacing");
	refuse_byte(11, 0x20, "bad-params-pow-limit");
	refuse_byte(12, 0x01, "bad-params-reward");
	refuse_byte(19, 0x80, "bad-params-reward"); /* at least 2^63 */
	refuse_byte(19, 0xff, "bad-params-reward");
	refuse_byte(22, 0x04, "bad-params-reward"); /* too much for this halving */
	refuse_byte(24, 0, "bad-params-maturity");
	refuse_byte(25, 4, "bad-params-maturity");
	refuse_byte(29, 1, "bad-params-max-block-bytes");
}

static void subsidy_halves(void **state)
{
	(void)state;
	start();
	assert_int_equal(subsidy(&p, 0), 50 * COIN);
	assert_int_equal(subsidy(&p, 209999), 50 * COIN);
	assert_int_equal(subsidy(&p, 210000), 25 * COIN);
	assert_int_equal(subsidy(&p, 419999), 25 * COIN);
	assert_int_equal(subsidy(&p, 420000), 1250000000);
	/* Bitcoin's schedule: 1 unit after the 32nd halving, then nothing. */
	assert_int_equal(subsidy(&p, 32 * 210000), 1);
	assert_int_equal(subsidy(&p, 33 * 210000), 0);
}

static void subsidy_ends_with_the_64th_halving(void **state)
{
	(void)state;
	start();
	/* More than the bounds allow, so that the reward is not yet 0 after 63 halvings. */
	p.reward = INT64_MAX;
	p.halving = 10;
	assert_int_equal(subsidy(&p, 61 * 10), 3);
	assert_int_equal(subsidy(&p, 62 * 10 + 9), 1);
	assert_int_equal(subsidy(&p, 63 * 10), 0);
	assert_int_equal(subsidy(&p, 63 * 10 + 9), 0);
	assert_int_equal(subsidy(&p, 64 * 10), 0);
	assert_int_equal(subsidy(&p, 128 * 10), 0);
	assert_int_equal(subsidy(&p, UINT32_MAX), 0);
}

static void halving_0_never_halves(void **state)
{
	(void)state;
	start();
	p.halving = 0;
	p.reward = 10 * COIN;
	assert_int_equal(subsidy(&p, 0), 10 * COIN);
	assert_int_equal(subsidy(&p, UINT32_MAX), 10 * COIN);
	/* The other extreme: a halving after each block. */
	p.halving = 1;
	assert_int_equal(subsidy(&p, 1), 5 * COIN);
	assert_int_equal(subsidy(&p, 64), 0);
}

static void all_subsidies_together_are_max_money_at_most(void **state)
{
	static const uint32_t halvings[] = {1, 2, 3, 11, 210000, 1000000, 50000000};

	(void)state;
	start();
	for (size_t i = 0; i < ARRAY_LEN(halvings); i++) {
		int64_t sum = 0;

		p.halving = halvings[i];
		p.reward = MAX_MONEY / (2 * (int64_t)p.halving);
		check(NULL);
		for (uint32_t era = 0; era < 64 && era <= UINT32_MAX / p.halving; era++)
			sum += subsidy(&p, era * p.halving) * (int64_t)p.halving;
		assert_true(sum > MAX_MONEY / 10 * 9);
		assert_true(sum <= MAX_MONEY);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(defaults_are_those_of_the_protocol),
		cmocka_unit_test(spacing_is_a_day_at_most),
		cmocka_unit_test(pow_limit_is_canonical_and_in_range),
		cmocka_unit_test(reward_without_halving_is_a_millionth_of_all_money),
		cmocka_unit_test(reward_with_halving_never_adds_up_to_more_than_all_money),
		cmocka_unit_test(maturity_is_1_to_1000),
		cmocka_unit_test(max_block_bytes_is_10000_to_4000000),
		cmocka_unit_test(record_has_the_bytes_of_the_protocol),
		cmocka_unit_test(a_memo_is_text_and_a_record_is_named),
		cmocka_unit_test(every_field_round_trips),
		cmocka_unit_test(invalid_records_are_refused),
		cmocka_unit_test(subsidy_halves),
		cmocka_unit_test(subsidy_ends_with_the_64th_halving),
		cmocka_unit_test(halving_0_never_halves),
		cmocka_unit_test(all_subsidies_together_are_max_money_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
