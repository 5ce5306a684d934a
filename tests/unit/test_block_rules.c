/* The rules for headers and blocks: tally-protocol(7), BLOCKS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tally/consensus/target.h>

#include "consensus_build.h"

#define TIME UINT32_C(1700000000)

static struct build b;
static struct tx *txs[8];
static struct err e;

/* Sets txs[0] to a coinbase of this height. */
static void take_coinbase(uint32_t height)
{
	build_coinbase(&b, height, 1000);
	txs[0] = build_tx(&b);
}

/* Sets txs[at] to a payment that differs from all others. */
static void take_payment(size_t at)
{
	build_payment(&b);
	b.in[0].prev.index = (uint32_t)at;
	txs[at] = build_tx(&b);
}

static void drop(size_t n)
{
	for (size_t i = 0; i < n; i++)
		tx_unref(txs[i]);
}

static struct block *block_of(size_t n)
{
	return build_block((struct block_header){.version = 1, .time = TIME, .bits = 0x1f100000},
			   txs, n);
}

static struct chain_params chain(void)
{
	struct chain_params p;

	params_default(&p, 10);
	return p;
}

/* Runs block_check on a block of txs[0 .. n-1]. token: the expected error; NULL: it must pass. */
static void check_txs(size_t n, uint32_t height, const char *token)
{
	struct chain_params p = chain();
	struct block *blk = block_of(n);
	bool ok = block_check(blk, &p, height, TIME, &e);

	if (token)
		assert_refused(ok, &e, ERR_INVALID, token);
	else
		assert_passes(ok, &e);
	block_unref(blk);
}

static void valid_header_passes(void **state)
{
	struct chain_params p = chain();
	struct block_header h = {.version = 1, .time = TIME + 10, .bits = 0x1d00ffff};
	struct header_parent parent = {
		.height = 5, .bits = 0x1d00ffff, .time = TIME, .grandparent_time = TIME - 10};
	struct block_hash hash;
	struct u256 target, one = u256_from_u64(1);

	(void)state;
	/* The hash equals the target, and exceeds it by one. */
	assert_true(target_from_bits(&target, h.bits));
	u256_to_le(hash.h.b, &target);
	assert_passes(header_check(&h, &hash, &p, &parent, &e), &e);
	target = u256_add(&target, &one);
	u256_to_le(hash.h.b, &target);
	assert_refused(header_check(&h, &hash, &p, &parent, &e), &e, ERR_INVALID, "high-hash");
}

static void header_has_the_required_bits(void **state)
{
	struct chain_params p = chain();
	struct block_header h = {.version = 1, .time = TIME + 10, .bits = 0x1d00ffff};
	struct header_parent parent = {
		.height = 5, .bits = 0x1d00ffff, .time = TIME, .grandparent_time = TIME - 11};
	struct block_hash hash = {0};

	(void)state;
	assert_refused(header_check(&h, &hash, &p, &parent, &e), &e, ERR_INVALID, "bad-diffbits");
	h.bits = next_bits(&p, 5, 0x1d00ffff, TIME, TIME - 11);
	assert_passes(header_check(&h, &hash, &p, &parent, &e), &e);
	/* The same target in non-canonical form and harder bits are both refused. */
	h.bits = 0x1e00010d;
	assert_refused(header_check(&h, &hash, &p, &parent, &e), &e, ERR_INVALID, "bad-diffbits");
	h.bits = 0x1c00ffff;
	assert_refused(header_check(&h, &hash, &p, &parent, &e), &e, ERR_INVALID, "bad-diffbits");
	h.bits = 0; /* not a target: no hash meets it */
	assert_refused(header_check(&h, &hash, &p, &parent, &e), &e, ERR_INVALID, "high-hash");
	/* If the parent is genesis, the grandparent is ignored. */
	parent.height = 0;
	h.bits = 0x1d00ffff;
	assert_passes(header_check(&h, &hash, &p, &parent, &e), &e);
}

static void time_never_goes_back(void **state)
{
	struct chain_params p = chain();
	struct block_header h = {.version = 1, .time = TIME, .bits = 0x1d00ffff};
	struct header_parent parent = {
		.height = 5, .bits = 0x1d00ffff, .time = TIME, .grandparent_time = TIME - 10};
	struct block_hash hash = {0};

	(void)state;
	assert_passes(header_check(&h, &hash, &p, &parent, &e), &e);
	h.time = TIME - 1;
	assert_refused(header_check(&h, &hash, &p, &parent, &e), &e, ERR_INVALID, "time-too-old");
	h.time = UINT32_MAX; /* this rule ignores the clock */
	assert_passes(header_check(&h, &hash, &p, &parent, &e), &e);
}

static void header_version_is_one(void **state)
{
	static const int32_t others[] = {0, 2, -1, 0x20000000};
	struct chain_params p = chain();
	struct block_header h = {.time = TIME, .bits = 0x1d00ffff};
	struct header_parent parent = {.height = 0, .bits = 0x1d00ffff, .time = TIME};
	struct block_hash hash = {0};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(others); i++) {
		h.version = others[i];
		assert_refused(header_check(&h, &hash, &p, &parent, &e), &e, ERR_INVALID,
			       "bad-version");
	}
	h.version = 1;
	assert_passes(header_check(&h, &hash, &p, &parent, &e), &e);
}

static void time_is_120_seconds_ahead_at_most(void **state)
{
	struct block_header h = {.time = TIME + 120};

	(void)state;
	assert_passes(header_check_clock(&h, TIME, &e), &e);
	assert_refused(header_check_clock(&h, TIME - 1, &e), &e, ERR_FUTURE, "time-too-new");
	assert_passes(header_check_clock(&h, TIME + 1000000, &e), &e);
	h.time = UINT32_MAX;
	assert_passes(header_check_clock(&h, (int64_t)UINT32_MAX - 120, &e), &e);
	assert_refused(header_check_clock(&h, (int64_t)UINT32_MAX - 121, &e), &e, ERR_FUTURE,
		       "time-too-new");
	assert_refused(header_check_clock(&h, -1, &e), &e, ERR_FUTURE, "time-too-new");
}

static void block_without_transactions_is_mutated(void **state)
{
	struct block_header h = {.version = 1};
	struct block *blk = build_block_raw(&h, NULL, 0);

	(void)state;
	assert_refused(block_check_bytes(blk, &e), &e, ERR_MUTATED, "bad-blk-length");
	block_unref(blk);
}

static void merkle_root_is_that_of_the_transactions(void **state)
{
	(void)state;
	take_coinbase(1);
	for (size_t i = 1; i < 4; i++)
		take_payment(i);
	for (size_t n = 1; n <= 4; n++) {
		struct block *blk = block_of(n);
		struct block_header h = blk->header;

		assert_passes(block_check_bytes(blk, &e), &e);
		block_unref(blk);
		h.merkle_root.b[31] ^= 1;
		blk = build_block_raw(&h, txs, n);
		assert_refused(block_check_bytes(blk, &e), &e, ERR_MUTATED, "bad-txnmrklroot");
		block_unref(blk);
	}
	drop(4);
}

/* CVE-2012-2459: three transactions, and the same with the third repeated, have the same root. */
static void repeated_transactions_are_a_mutation(void **state)
{
	(void)state;
	take_coinbase(1);
	take_payment(1);
	take_payment(2);
	struct block *honest = block_of(3);
	assert_passes(block_check_bytes(honest, &e), &e);

	txs[3] = tx_ref(txs[2]);
	struct block *mutant = build_block_raw(&honest->header, txs, 4);
	assert_memory_equal(&mutant->hash, &honest->hash, sizeof honest->hash);
	assert_refused(block_check_bytes(mutant, &e), &e, ERR_MUTATED, "bad-txns-duplicate");
	block_unref(mutant);
	block_unref(honest);
	drop(4);
}

static void transaction_of_64_bytes_is_a_mutation(void **state)
{
	(void)state;
	take_coinbase(1);
	for (size_t script = 0; script < 3; script++) {
		build_clear(&b);
		build_in(&b, build_outpoint(5, 0));
		b.in[0].script.len = script;
		build_memo(&b, 0, 1);
		txs[1] = build_tx(&b);
		assert_int_equal(txs[1]->raw.len, 63 + script);
		struct block *blk = block_of(2);
		bool ok = block_check_bytes(blk, &e);

		if (script == 1)
			assert_refused(ok, &e, ERR_MUTATED, "bad-txns-64byte");
		else
			assert_passes(ok, &e);
		block_unref(blk);
		tx_unref(txs[1]);
	}
	drop(1);
}

static void block_is_as_large_as_the_chain_allows(void **state)
{
	struct chain_params p = chain();

	(void)state;
	take_coinbase(1);
	take_payment(1);
	struct block *blk = block_of(2);
	p.max_block_bytes = (uint32_t)blk->raw.len;
	assert_int_equal(blk->raw.len, HEADER_BYTES + 1 + txs[0]->raw.len + txs[1]->raw.len);
	assert_passes(block_check(blk, &p, 1, TIME, &e), &e);
	p.max_block_bytes--;
	assert_refused(block_check(blk, &p, 1, TIME, &e), &e, ERR_INVALID, "bad-blk-length");
	block_unref(blk);
	drop(2);
}

static void only_the_first_transaction_is_a_coinbase(void **state)
{
	(void)state;
	take_coinbase(1);
	take_payment(1);
	take_payment(2);
	check_txs(1, 1, NULL);
	check_txs(3, 1, NULL);

	struct tx *coinbase = txs[0];
	txs[0] = txs[1];
	txs[1] = coinbase;
	check_txs(3, 1, "bad-cb-missing");
	txs[1] = txs[0];
	txs[0] = coinbase;
	tx_unref(txs[2]);
	build_coinbase(&b, 1, 7);
	txs[2] = build_tx(&b);
	check_txs(3, 1, "bad-cb-multiple");
	drop(3);
}

/* The pushes are BIP 34's, typed by hand. */
static void coinbase_begins_with_the_height(void **state)
{
	static const struct {
		uint32_t height;
		size_t n;
		uint8_t push[SCRIPT_HEIGHT_MAX];
	} cases[] = {
		{0, 1, {0x00}},
		{1, 1, {0x51}},
		{16, 1, {0x60}},
		{17, 2, {0x01, 0x11}},
		{127, 2, {0x01, 0x7f}},
		{128, 3, {0x02, 0x80, 0x00}},
		{255, 3, {0x02, 0xff, 0x00}},
		{256, 3, {0x02, 0x00, 0x01}},
		{32767, 3, {0x02, 0xff, 0x7f}},
		{32768, 4, {0x03, 0x00, 0x80, 0x00}},
		{227931, 4, {0x03, 0x5b, 0x7a, 0x03}},
		{0x7fffffff, 5, {0x04, 0xff, 0xff, 0xff, 0x7f}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint32_t height = cases[i].height;
		uint8_t script[SCRIPT_HEIGHT_MAX + 1] = {0};

		memcpy(script, cases[i].push, cases[i].n);
		build_coinbase(&b, height, 1000);
		/* One byte after it: enough for the least length. */
		build_cb_script(&b, script, cases[i].n + 1);
		txs[0] = build_tx(&b);
		check_txs(1, height, NULL);
		check_txs(1, height + 1, "bad-cb-height");
		if (height)
			check_txs(1, height - 1, "bad-cb-height");
		drop(1);
		/* No byte after it, if the length is sufficient. */
		if (cases[i].n >= SCRIPT_COINBASE_MIN) {
			build_cb_script(&b, script, cases[i].n);
			txs[0] = build_tx(&b);
			check_txs(1, height, NULL);
			drop(1);
		}
		/* Cut short, or with its last byte changed. */
		if (cases[i].n >= 3) {
			build_cb_script(&b, script, cases[i].n - 1);
			txs[0] = build_tx(&b);
			check_txs(1, height, "bad-cb-height");
			drop(1);
		}
		script[cases[i].n - 1] ^= 1;
		build_cb_script(&b, script, cases[i].n + 1);
		txs[0] = build_tx(&b);
		check_txs(1, height, "bad-cb-height");
		drop(1);
	}
}

static void height_is_pushed_in_its_shortest_form(void **state)
{
	static const uint8_t longer[] = {0x01, 0x10, 0x00}, longest[] = {0x02, 0x11, 0x00};

	(void)state;
	build_coinbase(&b, 16, 1000);
	build_cb_script(&b, longer, sizeof longer);
	txs[0] = build_tx(&b);
	check_txs(1, 16, "bad-cb-height");
	drop(1);
	build_cb_script(&b, longest, sizeof longest);
	txs[0] = build_tx(&b);
	check_txs(1, 17, "bad-cb-height");
	drop(1);
}

static void every_transaction_is_checked(void **state)
{
	(void)state;
	take_coinbase(1);
	take_payment(1);
	build_payment(&b);
	b.out[0].value = -1;
	txs[2] = build_tx(&b);
	check_txs(2, 1, NULL);
	check_txs(3, 1, "bad-txns-vout-negative");
	assert_non_null(strstr(e.detail, "transaction 2"));
	drop(3);

	static const uint8_t one_byte[] = {0x51};
	build_coinbase(&b, 1, 1000);
	build_cb_script(&b, one_byte, sizeof one_byte);
	txs[0] = build_tx(&b);
	check_txs(1, 1, "bad-cb-length");
	drop(1);
}

static void every_transaction_is_final(void **state)
{
	(void)state;
	for (size_t at = 0; at < 2; at++) { /* coinbases too */
		for (uint32_t lock = 9; lock <= 10; lock++) {
			take_coinbase(10);
			take_payment(1);
			tx_unref(txs[at]);
			if (at == 0)
				build_coinbase(&b, 10, 1000);
			else
				build_payment(&b);
			b.in[0].sequence = 0;
			b.lock_time = lock;
			txs[at] = build_tx(&b);
			check_txs(2, 10, lock < 10 ? NULL : "bad-txns-nonfinal");
			tx_unref(txs[at]);
			b.lock_time =
				TIME - 10 + lock; /* check_txs uses TIME as the parent's time */
			txs[at] = build_tx(&b);
			check_txs(2, 10, lock < 10 ? NULL : "bad-txns-nonfinal");
			drop(2);
		}
	}
}

/* A block whose coinbase pays this in two outputs, against p. */
static bool reward_ok(const struct chain_params *p, uint32_t height, int64_t paid, int64_t fees)
{
	build_coinbase(&b, height, paid / 2);
	build_pay(&b, paid - paid / 2);
	build_memo(&b, 0, 5);
	txs[0] = build_tx(&b);
	struct block *blk = block_of(1);
	bool ok = block_check_reward(blk, p, height, fees, &e);
	block_unref(blk);
	drop(1);
	return ok;
}

static void coinbase_pays_subsidy_and_fees_at_most(void **state)
{
	struct chain_params p = chain();

	(void)state;
	assert_passes(reward_ok(&p, 1, 50 * COIN, 0), &e);
	assert_passes(reward_ok(&p, 1, 0, 0), &e); /* less than allowed is valid */
	assert_refused(reward_ok(&p, 1, 50 * COIN + 1, 0), &e, ERR_INVALID, "bad-cb-amount");
	assert_passes(reward_ok(&p, 1, 50 * COIN + 1, 1), &e);
	assert_refused(reward_ok(&p, 1, 50 * COIN + 2, 1), &e, ERR_INVALID, "bad-cb-amount");
	/* After a halving. */
	assert_passes(reward_ok(&p, 209999, 50 * COIN, 0), &e);
	assert_passes(reward_ok(&p, 210000, 25 * COIN, 0), &e);
	assert_refused(reward_ok(&p, 210000, 25 * COIN + 1, 0), &e, ERR_INVALID, "bad-cb-amount");
}

static void fees_are_max_money_at_most(void **state)
{
	struct chain_params p = chain();

	(void)state;
	assert_passes(reward_ok(&p, 1, MAX_MONEY, MAX_MONEY), &e);
	assert_refused(reward_ok(&p, 1, 1, MAX_MONEY + 1), &e, ERR_INVALID,
		       "bad-txns-accumulated-fee-outofrange");
	assert_refused(reward_ok(&p, 1, 1, -1), &e, ERR_INVALID,
		       "bad-txns-accumulated-fee-outofrange");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_header_passes),
		cmocka_unit_test(header_has_the_required_bits),
		cmocka_unit_test(time_never_goes_back),
		cmocka_unit_test(header_version_is_one),
		cmocka_unit_test(time_is_120_seconds_ahead_at_most),
		cmocka_unit_test(block_without_transactions_is_mutated),
		cmocka_unit_test(merkle_root_is_that_of_the_transactions),
		cmocka_unit_test(repeated_transactions_are_a_mutation),
		cmocka_unit_test(transaction_of_64_bytes_is_a_mutation),
		cmocka_unit_test(block_is_as_large_as_the_chain_allows),
		cmocka_unit_test(only_the_first_transaction_is_a_coinbase),
		cmocka_unit_test(coinbase_begins_with_the_height),
		cmocka_unit_test(height_is_pushed_in_its_shortest_form),
		cmocka_unit_test(every_transaction_is_checked),
		cmocka_unit_test(every_transaction_is_final),
		cmocka_unit_test(coinbase_pays_subsidy_and_fees_at_most),
		cmocka_unit_test(fees_are_max_money_at_most),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
