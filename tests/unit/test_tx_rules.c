/* The rules for a transaction without its coins, and finality: tally-protocol(7), TRANSACTIONS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "consensus_build.h"

static struct build b;

static void payment_and_coinbase_pass(void **state)
{
	(void)state;
	build_payment(&b);
	check_built(&b, NULL);
	build_coinbase(&b, 1, 1000);
	check_built(&b, NULL);
}

static void transaction_needs_an_input_and_an_output(void **state)
{
	struct err e = {0};

	(void)state;
	build_payment(&b);
	struct tx *tx = build_tx(&b), bare = *tx;
	assert_passes(tx_check(&bare, &e), &e);
	bare.n_in = 0;
	assert_refused(tx_check(&bare, &e), &e, ERR_INVALID, "bad-txns-vin-empty");
	bare = *tx;
	bare.n_out = 0;
	assert_refused(tx_check(&bare, &e), &e, ERR_INVALID, "bad-txns-vout-empty");
	tx_unref(tx);
}

static void only_version_one_is_known(void **state)
{
	static const int32_t others[] = {0, 2, -1, INT32_MIN, INT32_MAX};

	(void)state;
	build_payment(&b);
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		b.version = others[i];
		check_built(&b, "bad-txns-version");
	}
}

/* A payment of exactly this size: inputs of 139 bytes, then a memo that fills the rest. */
static void build_sized(size_t bytes)
{
	build_clear(&b);
	size_t fixed = 4 + 3 + 1 + 31 + 9 + 2 + 4; /* without inputs and memo bytes */
	size_t inputs = (bytes - fixed - 1) / 139;
	size_t memo = bytes - fixed - inputs * 139;

	for (; memo > SCRIPT_MEMO_MAX; memo -= 31)
		build_pay(&b, 1);
	for (size_t i = 0; i < inputs; i++)
		build_in(&b, build_outpoint(1, (uint32_t)i));
	build_pay(&b, 1);
	build_memo(&b, 0, memo);
}

static void transaction_has_at_most_100000_bytes(void **state)
{
	(void)state;
	for (size_t bytes = 99990; bytes <= 100010; bytes++) {
		build_sized(bytes);
		struct tx *tx = build_tx(&b);
		assert_int_equal(tx->raw.len, bytes);
		tx_unref(tx);
		check_built(&b, bytes <= 100000 ? NULL : "bad-txns-oversize");
	}
}

static void transaction_of_64_bytes_is_refused(void **state)
{
	static const uint8_t script[3] = {0};
	/* A coinbase with a memo of one byte: 63 bytes and its script. */
	static const char *const tokens[] = {"bad-cb-length", "bad-txns-64byte", NULL, NULL};

	(void)state;
	for (size_t n = 0; n < ARRAY_LEN(tokens); n++) {
		build_clear(&b);
		build_in(&b, build_outpoint(0, OUTPOINT_NULL_INDEX));
		build_cb_script(&b, script, n);
		build_memo(&b, 0, 1);
		struct tx *tx = build_tx(&b);
		assert_int_equal(tx->raw.len, 63 + n);
		tx_unref(tx);
		check_built(&b, tokens[n]);
	}
}

static void values_are_in_range(void **state)
{
	static const struct {
		int64_t value;
		const char *token;
	} cases[] = {
		{0, NULL},
		{MAX_MONEY, NULL},
		{MAX_MONEY + 1, "bad-txns-vout-toolarge"},
		{INT64_MAX, "bad-txns-vout-toolarge"},
		{-1, "bad-txns-vout-negative"},
		{INT64_MIN, "bad-txns-vout-negative"},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		build_payment(&b);
		b.out[0].value = cases[i].value;
		check_built(&b, cases[i].token);
		build_coinbase(&b, 1, cases[i].value);
		check_built(&b, cases[i].token);
		/* Later ones are checked, too. */
		build_payment(&b);
		b.out[0].value = 0;
		build_pay(&b, cases[i].value);
		check_built(&b, cases[i].token);
	}
}

static void sum_of_outputs_is_in_range(void **state)
{
	(void)state;
	build_payment(&b);
	b.out[0].value = MAX_MONEY - 5;
	build_pay(&b, 5);
	check_built(&b, NULL);
	b.out[1].value = 6;
	check_built(&b, "bad-txns-txouttotal-toolarge");

	build_coinbase(&b, 1, MAX_MONEY);
	build_pay(&b, 0);
	check_built(&b, NULL);
	b.out[1].value = MAX_MONEY;
	check_built(&b, "bad-txns-txouttotal-toolarge");
}

static void no_outpoint_is_spent_twice(void **state)
{
	static const size_t counts[] = {2, 3, 8, 9, 10, 100, 700};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		size_t n = counts[i];

		/* Equal except for the index or one byte of the txid. */
		build_payment(&b);
		for (size_t k = 1; k < n; k++) {
			struct outpoint o = build_outpoint(1, (uint32_t)(k / 2));
			o.txid.h.b[31] = k % 2 ? 2 : 1;
			build_in(&b, o);
		}
		check_built(&b, NULL);
		for (size_t other = 0; other < n - 1; other += MAX(1, (n - 2) / 2)) {
			struct outpoint kept = b.in[n - 1].prev;

			b.in[n - 1].prev = b.in[other].prev;
			check_built(&b, "bad-txns-inputs-duplicate");
			b.in[n - 1].prev = kept;
		}
	}
}

static void null_outpoint_is_for_coinbases_only(void **state)
{
	(void)state;
	build_payment(&b);
	build_in(&b, build_outpoint(0, OUTPOINT_NULL_INDEX));
	check_built(&b, "bad-txns-prevout-null");
	/* Only the txid or only the index is null: not the null outpoint. */
	b.in[1].prev = build_outpoint(0, OUTPOINT_NULL_INDEX - 1);
	check_built(&b, NULL);
	b.in[1].prev = build_outpoint(1, OUTPOINT_NULL_INDEX);
	check_built(&b, NULL);
	/* A transaction with a second input is not a coinbase. */
	build_coinbase(&b, 1, 1);
	build_in(&b, build_outpoint(1, 0));
	check_built(&b, "bad-txns-prevout-null");
}

static void output_script_is_a_payment_or_a_memo(void **state)
{
	static const struct {
		uint8_t head[2];
		size_t bytes;
		bool ok;
	} cases[] = {
		{{0x00, 0x14}, 22, true},  {{0x00, 0x14}, 21, false}, {{0x00, 0x14}, 23, false},
		{{0x51, 0x14}, 22, false}, {{0x00, 0x13}, 22, false}, {{0x00, 0x15}, 22, false},
		{{0x00, 0x13}, 21, false}, {{0x00, 0x20}, 34, false}, {{0x00}, 0, false},
		{{0x00}, 1, false},        {{0x6a}, 1, false},        {{0x6a, 0}, 2, false},
		{{0x6a, 1}, 3, true},      {{0x6a, 75}, 77, true},    {{0x6a, 76}, 78, false},
		{{0x6a, 76}, 79, false},   {{0x6a, 5}, 6, false},     {{0x6a, 5}, 7, true},
		{{0x6a, 5}, 8, false},     {{0x6b, 5}, 7, false},
	};
	uint8_t script[BUILD_SCRIPT_MAX] = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		memcpy(script, cases[i].head, sizeof cases[i].head);
		build_payment(&b);
		build_out(&b, 0, script, cases[i].bytes);
		check_built(&b, cases[i].ok ? NULL : "bad-txns-vout-script");
		build_coinbase(&b, 1, 0);
		build_out(&b, 0, script, cases[i].bytes);
		check_built(&b, cases[i].ok ? NULL : "bad-txns-vout-script");
	}
}

static void memo_has_no_value(void **state)
{
	(void)state;
	build_payment(&b);
	build_memo(&b, 0, 10);
	check_built(&b, NULL);
	b.out[1].value = 1;
	check_built(&b, "bad-txns-memo-value");
}

static void transaction_has_one_memo_at_most(void **state)
{
	(void)state;
	build_payment(&b);
	build_memo(&b, 0, 10);
	build_pay(&b, 1);
	check_built(&b, NULL);
	build_memo(&b, 0, 11);
	check_built(&b, "bad-txns-memo-multiple");
	/* A transaction may have a memo as its only output. */
	build_clear(&b);
	build_in(&b, build_outpoint(1, 0));
	build_memo(&b, 0, 1);
	check_built(&b, NULL);
}

static void input_script_is_signature_and_key(void **state)
{
	uint8_t script[SCRIPT_INPUT_BYTES + 1];

	(void)state;
	build_payment(&b);
	memcpy(script, build_input_script().p, SCRIPT_INPUT_BYTES);
	script[SCRIPT_INPUT_BYTES] = 0;
	for (size_t n = 0; n <= sizeof script; n++) {
		b.in[0].script = (struct span){script, n};
		check_built(&b, n == SCRIPT_INPUT_BYTES ? NULL : "bad-txns-vin-script");
	}
	b.in[0].script.len = SCRIPT_INPUT_BYTES;
	script[0] = 0x41;
	check_built(&b, "bad-txns-vin-script");
	script[0] = 0x40;
	script[65] = 0x21;
	check_built(&b, "bad-txns-vin-script");
	script[65] = 0x20;
	check_built(&b, NULL);
	/* Later ones are checked, too. */
	build_in(&b, build_outpoint(2, 0));
	b.in[1].script.len--;
	check_built(&b, "bad-txns-vin-script");
}

static void coinbase_script_has_2_to_100_bytes(void **state)
{
	static const uint8_t script[BUILD_SCRIPT_MAX] = {0x51};

	(void)state;
	for (size_t n = 0; n <= 110; n++) {
		build_coinbase(&b, 1, 1000);
		build_cb_script(&b, script, n);
		check_built(&b, n >= 2 && n <= 100 ? NULL : "bad-cb-length");
	}
}

/* A transaction of two inputs in a block of this height: is it final? */
static bool final_at(uint32_t lock_time, uint32_t sequence_0, uint32_t sequence_1, uint32_t height,
		     uint32_t parent_time)
{
	build_payment(&b);
	build_in(&b, build_outpoint(2, 0));
	b.lock_time = lock_time;
	b.in[0].sequence = sequence_0;
	b.in[1].sequence = sequence_1;
	struct tx *tx = build_tx(&b);
	bool is_final = tx_final(tx, height, parent_time);
	tx_unref(tx);
	return is_final;
}

static void lock_time_is_below_the_height(void **state)
{
	(void)state;
	assert_true(final_at(0, 0, 0, 0, 0)); /* unlocked */
	assert_true(final_at(99, 0, 0, 100, 0));
	assert_false(final_at(100, 0, 0, 100, 0));
	assert_false(final_at(100, 0, 0, 100, UINT32_MAX)); /* the time is ignored */
	assert_false(final_at(1, 0, 0, 1, 0));
	assert_true(final_at(1, 0, 0, 2, 0));
}

static void lock_time_is_below_the_parents_time(void **state)
{
	const uint32_t t = 1700000000;

	(void)state;
	assert_true(final_at(t - 1, 0, 0, 100, t));
	assert_false(final_at(t, 0, 0, 100, t));
	assert_false(final_at(t, 0, 0, UINT32_MAX, t)); /* the height is ignored */
}

static void lock_times_from_500000000_on_are_times(void **state)
{
	(void)state;
	assert_false(final_at(499999999, 0, 0, 499999999, UINT32_MAX));
	assert_true(final_at(499999999, 0, 0, 500000000, 0));
	assert_false(final_at(500000000, 0, 0, UINT32_MAX, 500000000));
	assert_true(final_at(500000000, 0, 0, 0, 500000001));
}

static void final_sequences_lift_every_lock(void **state)
{
	(void)state;
	assert_true(final_at(100, SEQUENCE_FINAL, SEQUENCE_FINAL, 100, 0));
	assert_true(final_at(UINT32_MAX, SEQUENCE_FINAL, SEQUENCE_FINAL, 0, 0));
	assert_false(final_at(100, SEQUENCE_FINAL, SEQUENCE_FINAL - 1, 100, 0));
	assert_false(final_at(100, SEQUENCE_FINAL - 1, SEQUENCE_FINAL, 100, 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(payment_and_coinbase_pass),
		cmocka_unit_test(transaction_needs_an_input_and_an_output),
		cmocka_unit_test(only_version_one_is_known),
		cmocka_unit_test(transaction_has_at_most_100000_bytes),
		cmocka_unit_test(transaction_of_64_bytes_is_refused),
		cmocka_unit_test(values_are_in_range),
		cmocka_unit_test(sum_of_outputs_is_in_range),
		cmocka_unit_test(no_outpoint_is_spent_twice),
		cmocka_unit_test(null_outpoint_is_for_coinbases_only),
		cmocka_unit_test(output_script_is_a_payment_or_a_memo),
		cmocka_unit_test(memo_has_no_value),
		cmocka_unit_test(transaction_has_one_memo_at_most),
		cmocka_unit_test(input_script_is_signature_and_key),
		cmocka_unit_test(coinbase_script_has_2_to_100_bytes),
		cmocka_unit_test(lock_time_is_below_the_height),
		cmocka_unit_test(lock_time_is_below_the_parents_time),
		cmocka_unit_test(lock_times_from_500000000_on_are_times),
		cmocka_unit_test(final_sequences_lift_every_lock),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
