/* Transactions against the coins they spend, and what their signatures sign: tally-protocol(7), TRANSACTIONS. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <tally/base/text.h>

#include "consensus_build.h"

#define HEIGHT      2000
#define PARENT_TIME UINT32_C(1700000000)
#define KEYS        3

static struct build b;
static struct chain_params params;
static struct key_seed seeds[KEYS];
static struct pubkey pubs[KEYS];
static struct key_hash owners[KEYS];
static struct coin coins[KEYS];
static uint8_t scripts[KEYS][SCRIPT_INPUT_BYTES];

static int start(void **state)
{
	(void)state;
	assert_true(crypto_start(NULL));
	for (size_t i = 0; i < KEYS; i++) {
		memset(seeds[i].b, (int)i + 1, SEED_BYTES);
		key_pubkey(&pubs[i], &seeds[i]);
		key_hash(&owners[i], &pubs[i]);
	}
	return 0;
}

/* A payment from n coins of 1,000 units each, with n * 1,000 units paid, unsigned. */
static void build_spend(size_t n)
{
	static const struct signature none = {{0}};

	params_default(&params, 10);
	memset(params.genesis_hash.h.b, 0x99, HASH_BYTES);
	build_clear(&b);
	for (size_t i = 0; i < n; i++) {
		build_in(&b, build_outpoint((uint8_t)(i + 1), (uint32_t)i));
		script_input(scripts[i], &none, &pubs[i]);
		b.in[i].script = (struct span){scripts[i], SCRIPT_INPUT_BYTES};
		coins[i] = (struct coin){.value = 1000, .owner = owners[i], .height = 10};
	}
	build_pay(&b, (int64_t)n * 1000);
}

/* Runs tx_check_coins on the built transaction. token: the expected error; NULL: it must pass with this
 * fee. */
static void check_spend(int64_t fee, const char *token)
{
	struct tx *tx = build_tx(&b);
	struct sigcheck checks[KEYS];
	struct err e = {0};
	int64_t got = -1;

	/* The result must not depend on whether the caller wants the signatures. */
	for (int with = 0; with < 2; with++) {
		bool ok = tx_check_coins(tx, coins, &params, HEIGHT, PARENT_TIME, &got,
					 with ? checks : NULL, &e);
		if (token) {
			assert_refused(ok, &e, ERR_INVALID, token);
		} else {
			assert_passes(ok, &e);
			assert_int_equal(got, fee);
		}
	}
	tx_unref(tx);
}

static void outputs_are_worth_no_more_than_inputs(void **state)
{
	(void)state;
	build_spend(2);
	check_spend(0, NULL);
	b.out[0].value = 1999;
	check_spend(1, NULL);
	b.out[0].value = 2001;
	check_spend(0, "bad-txns-in-belowout");
	/* All outputs are summed. */
	b.out[0].value = 2000;
	build_pay(&b, 1);
	check_spend(0, "bad-txns-in-belowout");
	b.out[0].value = 1999;
	check_spend(0, NULL);
	b.out[0].value = b.out[1].value = 0;
	check_spend(2000, NULL);
}

static void inputs_are_worth_max_money_at_most(void **state)
{
	(void)state;
	build_spend(2);
	coins[0].value = MAX_MONEY - 5;
	coins[1].value = 5;
	b.out[0].value = MAX_MONEY;
	check_spend(0, NULL);
	coins[1].value = 6;
	check_spend(0, "bad-txns-inputvalues-outofrange");
	coins[0].value = coins[1].value = MAX_MONEY;
	check_spend(0, "bad-txns-inputvalues-outofrange");
}

static void coinbase_is_spent_when_mature(void **state)
{
	static const uint16_t maturities[] = {1, 5, 1000};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(maturities); i++) {
		uint32_t m = maturities[i];

		build_spend(2);
		params.maturity = (uint16_t)m;
		coins[1].coinbase = true;
		coins[1].height = HEIGHT - m;
		check_spend(0, NULL);
		coins[1].height = HEIGHT - m + 1;
		check_spend(0, "bad-txns-premature-spend-of-coinbase");
		coins[1].height = HEIGHT;
		check_spend(0, "bad-txns-premature-spend-of-coinbase");
		/* Coins that are not coinbases can be spent at once, also in the same block and from the mempool. */
		coins[1].coinbase = false;
		check_spend(0, NULL);
		coins[1].height = MEMPOOL_HEIGHT;
		check_spend(0, NULL);
	}
}

static void genesis_coinbase_is_spent_at_once(void **state)
{
	struct err e = {0};
	int64_t fee;

	(void)state;
	build_spend(1);
	params.maturity = 1000;
	coins[0].coinbase = true;
	struct tx *tx = build_tx(&b);
	coins[0].height = 0;
	assert_passes(tx_check_coins(tx, coins, &params, 1, PARENT_TIME, &fee, NULL, &e), &e);
	coins[0].height = 1;
	assert_refused(tx_check_coins(tx, coins, &params, 1000, PARENT_TIME, &fee, NULL, &e), &e,
		       ERR_INVALID, "bad-txns-premature-spend-of-coinbase");
	assert_passes(tx_check_coins(tx, coins, &params, 1001, PARENT_TIME, &fee, NULL, &e), &e);
	tx_unref(tx);
}

static void public_key_is_the_owners(void **state)
{
	(void)state;
	build_spend(3);
	check_spend(0, NULL);
	coins[2].owner = owners[1];
	check_spend(0, "bad-txns-vin-keyhash");
	coins[2].owner = owners[2];
	coins[0].owner.b[KEY_HASH_BYTES - 1] ^= 1;
	check_spend(0, "bad-txns-vin-keyhash");
}

static void spend_must_be_final(void **state)
{
	(void)state;
	build_spend(1);
	b.in[0].sequence = 0;
	b.lock_time = HEIGHT - 1;
	check_spend(0, NULL);
	b.lock_time = HEIGHT;
	check_spend(0, "bad-txns-nonfinal");
	b.lock_time = PARENT_TIME - 1;
	check_spend(0, NULL);
	b.lock_time = PARENT_TIME;
	check_spend(0, "bad-txns-nonfinal");
	b.in[0].sequence = SEQUENCE_FINAL;
	check_spend(0, NULL);
}

/* Signs the built transaction with the owners' keys. */
static void sign(size_t n)
{
	struct tx *tx = build_tx(&b);
	struct sighash sums;

	sighash_init(&sums, tx, &params.genesis_hash);
	for (size_t i = 0; i < n; i++) {
		struct hash256 digest;
		struct signature sig;

		sighash_input(&digest, &sums, i, &coins[i]);
		key_sign(&sig, &seeds[i], &digest);
		script_input(scripts[i], &sig, &pubs[i]);
	}
	tx_unref(tx);
}

/* The number of the n signatures that are valid on this chain. */
static size_t good_signatures(size_t n)
{
	struct tx *tx = build_tx(&b);
	struct sigcheck checks[KEYS];
	struct err e = {0};
	int64_t fee;
	size_t good = 0;

	assert_passes(tx_check_coins(tx, coins, &params, HEIGHT, PARENT_TIME, &fee, checks, &e),
		      &e);
	for (size_t i = 0; i < n; i++)
		good += key_verify(&checks[i].sig, &checks[i].pub, &checks[i].digest);
	tx_unref(tx);
	return good;
}

static void signatures_are_valid_on_one_chain_only(void **state)
{
	(void)state;
	build_spend(3);
	assert_int_equal(good_signatures(3), 0);
	sign(3);
	assert_int_equal(good_signatures(3), 3);
	params.genesis_hash.h.b[0] ^= 1;
	assert_int_equal(good_signatures(3), 0);
	params.genesis_hash.h.b[0] ^= 1;
	scripts[1][1] ^= 1;
	assert_int_equal(good_signatures(3), 2);
}

static void signatures_commit_to_the_whole_transaction(void **state)
{
	(void)state;
	build_spend(2);
	build_memo(&b, 0, 3);
	sign(2);
	assert_int_equal(good_signatures(2), 2);

	b.out[0].value--;
	assert_int_equal(good_signatures(2), 0);
	b.out[0].value++;
	b.out_script[0][5] ^= 1;
	assert_int_equal(good_signatures(2), 0);
	b.out_script[0][5] ^= 1;
	b.out_script[1][4] ^= 1;
	assert_int_equal(good_signatures(2), 0);
	b.out_script[1][4] ^= 1;
	b.in[1].sequence--;
	assert_int_equal(good_signatures(2), 0);
	b.in[1].sequence++;
	b.in[1].prev.index++;
	assert_int_equal(good_signatures(2), 0);
	b.in[1].prev.index--;
	b.in[0].prev.txid.h.b[7] ^= 1;
	assert_int_equal(good_signatures(2), 0);
	b.in[0].prev.txid.h.b[7] ^= 1;
	b.lock_time++;
	assert_int_equal(good_signatures(2), 0);
	b.lock_time--;
	assert_int_equal(good_signatures(2), 2);
	/* Each signature commits to the value of its own coin. */
	coins[0].value++;
	assert_int_equal(good_signatures(2), 1);
}

/* Computed with Python's hashlib from the layout of tally-protocol(7), TRANSACTIONS, with the values below. */
static void digest_has_the_known_value(void **state)
{
	static const char *const digests[] = {
		"a795484468b6f9f9f134a9a7aa837410944685a5337dfb10a839e3eeea743360",
		"0bc499e50a2c7808ddc0073b102997b285e7746d1bd758b162b982b87c978ca7",
	};
	struct coin spent[2] = {{.value = 5000000000}, {.value = 1}};
	struct block_hash genesis;
	struct hash256 digest;
	struct sighash sums;
	uint8_t pay[SCRIPT_PAY_BYTES] = {0x00, 0x14};

	(void)state;
	for (size_t i = 0; i < HASH_BYTES; i++)
		genesis.h.b[i] = (uint8_t)i;
	memset(spent[0].owner.b, 0xa1, KEY_HASH_BYTES);
	memset(spent[1].owner.b, 0xb2, KEY_HASH_BYTES);
	memset(pay + 2, 0xc3, KEY_HASH_BYTES);
	build_clear(&b);
	build_in(&b, build_outpoint(0x11, 0));
	build_in(&b, build_outpoint(0x22, 7));
	b.in[1].sequence = 0xfffffffe;
	build_out(&b, 4999990000, pay, sizeof pay);
	build_out(&b, 0, "\x6a\x05hello", 7);
	b.lock_time = 500;

	struct tx *tx = build_tx(&b);
	sighash_init(&sums, tx, &genesis);
	for (size_t i = 0; i < 2; i++) {
		char hex[HASH_HEX_CHARS + 1];

		sighash_input(&digest, &sums, i, &spent[i]);
		hex_encode(hex, digest.b, HASH_BYTES);
		assert_string_equal(hex, digests[i]);
	}
	tx_unref(tx);
}

static void payments_make_coins_and_memos_none(void **state)
{
	struct coin coin;

	(void)state;
	build_payment(&b);
	build_memo(&b, 0, 20);
	build_pay(&b, 0);
	struct tx *tx = build_tx(&b);
	assert_true(tx_coin(tx, 0, 77, &coin));
	assert_int_equal(coin.value, 1000);
	assert_int_equal(coin.height, 77);
	assert_false(coin.coinbase);
	assert_memory_equal(coin.owner.b, b.out_script[0] + 2, KEY_HASH_BYTES);
	assert_false(tx_coin(tx, 1, 77, &coin));
	assert_true(tx_coin(tx, 2, 77, &coin)); /* value 0 is allowed */
	assert_int_equal(coin.value, 0);
	tx_unref(tx);

	build_coinbase(&b, 77, 50);
	tx = build_tx(&b);
	assert_true(tx_coin(tx, 0, 77, &coin));
	assert_true(coin.coinbase);
	tx_unref(tx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(outputs_are_worth_no_more_than_inputs),
		cmocka_unit_test(inputs_are_worth_max_money_at_most),
		cmocka_unit_test(coinbase_is_spent_when_mature),
		cmocka_unit_test(genesis_coinbase_is_spent_at_once),
		cmocka_unit_test(public_key_is_the_owners),
		cmocka_unit_test(spend_must_be_final),
		cmocka_unit_test(signatures_are_valid_on_one_chain_only),
		cmocka_unit_test(signatures_commit_to_the_whole_transaction),
		cmocka_unit_test(digest_has_the_known_value),
		cmocka_unit_test(payments_make_coins_and_memos_none),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
