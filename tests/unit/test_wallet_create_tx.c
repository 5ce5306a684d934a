/* Keys, and what is paid from them: coins, change, fees to the unit. */
#include "wallet_fixture.h"

#define REWARD (50 * COIN)
/* Version, counts and lock time; with one output and no change. */
#define BYTES(n_in, n_out) (10 + 139 * (n_in) + 31 * (n_out))

static struct err pay_fails(struct wf *f, struct wallet_payment p)
{
	struct err e = {0};
	struct tx *tx;
	int64_t fee, change;

	assert_false(wallet_pay(f->w, &p, &tx, &fee, &change, &e));
	return e;
}

struct paid {
	struct tx *tx;
	int64_t fee, change;
};

/* Made, and found valid by the mempool; it says the same of the fee. */
static struct paid pay(struct wf *f, struct wallet_payment p)
{
	struct paid out;
	int64_t fee;
	struct err e = {0};

	fx_must_e(wallet_pay(f->w, &p, &out.tx, &out.fee, &out.change, &e));
	fx_must_e(mempool_test(f->pool, out.tx, &fee, &e));
	assert_int_equal(fee, out.fee);
	assert_int_equal(out.tx->out[0].value, p.amount);
	assert_int_equal(out.tx->n_out, 1 + (out.change > 0) + (p.memo != NULL));
	if (out.change)
		assert_int_equal(out.tx->out[1].value, out.change);
	return out;
}

static struct wallet_payment payment(const struct wf *f, int64_t amount, int64_t rate)
{
	return (struct wallet_payment){.to = f->fx.hashes[7], .amount = amount, .fee_rate = rate};
}

/* A wallet whose key 0 has these coins and nothing else. */
static struct wf *with_coins(const struct fx_options *o, const int64_t *values, size_t n)
{
	struct wf *f = wf_open(o);
	struct fx_in in = fx_in_coinbase(f->fx.genesis);
	struct fx_out *out = mem_array(n + 1, sizeof(*out));
	int64_t rest = REWARD - 100000;

	wf_new_key(f, "miner");
	wf_catch_up(f);
	for (size_t i = 0; i < n; i++) {
		out[i] = (struct fx_out){.key = 0, .value = values[i]};
		rest -= values[i];
	}
	out[n] = (struct fx_out){.key = 6, .value = rest};
	struct tx *tx = fx_pay(&f->fx, &in, 1, out, n + 1);
	wf_mine(f, 6, &tx, 1);
	tx_unref(tx);
	free(out);
	return f;
}

/* --- keys ---------------------------------------------------------------------------- */

static void a_key_is_on_disk_before_its_address_is_told(void **state)
{
	struct wf *f = wf_open(NULL);
	struct key_hash kh;
	struct wallet_address all[4];

	(void)state;
	wf_new_key(f, "alice");
	wf_new_key(f, NULL);
	wf_close_wallet(f); /* nothing was committed */
	wf_open_wallet(f);
	assert_int_equal(wallet_addresses(f->w, all, 0, 4), 2);
	assert_string_equal(all[0].label, "alice");
	assert_string_equal(all[1].label, "");
	assert_true(wallet_find_label(f->w, "alice", &kh));
	assert_memory_equal(&kh, &f->fx.hashes[0], sizeof(kh));
	assert_true(wallet_is_mine(f->w, &f->fx.hashes[1]));
	assert_false(wallet_is_mine(f->w, &f->fx.hashes[2]));
	wf_catch_up(f);
	assert_balance(f, REWARD, 0, 0); /* and it can spend */
	struct paid p = pay(f, payment(f, COIN, 1));
	tx_unref(p.tx);
	wf_close(f);
}

static void a_label_names_one_address(void **state)
{
	struct wf *f = wf_open(NULL);
	struct key_hash kh, again;
	struct err e = {0};
	char longest[LABEL_MAX + 2];

	(void)state;
	assert_true(wallet_label_address(f->w, "bob", &kh, &e));
	assert_true(wallet_label_address(f->w, "bob", &again, &e));
	assert_memory_equal(&kh, &again, sizeof(kh));
	assert_false(wallet_new_address(f->w, "bob", &again, &e));
	assert_string_equal(e.token, "label-taken");
	memset(longest, 'x', sizeof(longest));
	longest[LABEL_MAX] = '\0';
	assert_true(wallet_check_label(longest, &e));
	longest[LABEL_MAX] = 'x';
	longest[LABEL_MAX + 1] = '\0';
	const char *const bad[] = {"",    longest, "a\nb",   "\xff\xfe", "tly1qsomething", " ",
				   " ab", "ab ",   "@alice", "a\u202eb"}; /* turns what follows */
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(wallet_check_label(bad[i], &e));
		assert_string_equal(e.token, "bad-label");
	}
	assert_int_equal(wallet_addresses(f->w, NULL, 0, 0), 1);
	wf_close(f);
}

/* --- payments -------------------------------------------------------------------------- */

static void the_fee_is_bytes_times_rate_and_the_rest_is_change(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){10 * COIN}, 1);

	(void)state;
	for (int64_t rate = 1; rate <= 1000; rate *= 10) {
		struct paid p = pay(f, payment(f, COIN, rate));

		assert_int_equal(p.tx->raw.len, BYTES(1, 2));
		assert_int_equal(p.fee, rate * BYTES(1, 2));
		assert_int_equal(p.change, 9 * COIN - p.fee);
		tx_unref(p.tx);
	}
	struct wallet_payment with_memo = payment(f, COIN, 3);
	with_memo.memo = "for the tea";
	struct paid p = pay(f, with_memo);
	assert_int_equal(p.tx->raw.len, BYTES(1, 2) + 8 + 1 + 2 + 11);
	assert_int_equal(p.fee, 3 * (int64_t)p.tx->raw.len);
	tx_unref(p.tx);
	wf_close(f);
}

static void coins_that_fit_exactly_are_spent_without_change(void **state)
{
	const int64_t values[] = {7 * COIN, 3 * COIN, 2 * COIN, 90 * COIN / 100, COIN / 2};
	struct wf *f = with_coins(NULL, values, ARRAY_LEN(values));
	struct paid p;

	(void)state;
	p = pay(f, payment(f, 2 * COIN + 90 * COIN / 100 - BYTES(2, 1), 1));
	assert_int_equal(p.change, 0);
	assert_int_equal(p.tx->n_in, 2);
	assert_int_equal(p.fee, BYTES(2, 1));
	tx_unref(p.tx);
	/* Otherwise the smallest that is enough. */
	p = pay(f, payment(f, 2 * COIN + COIN / 3, 1));
	assert_int_equal(p.tx->n_in, 1);
	assert_int_equal(p.fee + p.change, 3 * COIN - (2 * COIN + COIN / 3));
	tx_unref(p.tx);
	wf_close(f);
}

/* Making it takes 31 bytes, spending it 139. */
static void change_that_is_not_worth_spending_goes_to_the_fee(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	const int64_t rate = 10, all = COIN - rate * BYTES(1, 1);
	struct paid p;

	(void)state;
	p = pay(f, payment(f, all, rate));
	assert_int_equal(p.change, 0);
	assert_int_equal(p.fee, rate * BYTES(1, 1));
	tx_unref(p.tx);
	p = pay(f, payment(f, all - rate * (31 + 139), rate));
	assert_int_equal(p.change, 0);
	assert_int_equal(p.fee, rate * (BYTES(1, 1) + 31 + 139));
	tx_unref(p.tx);
	p = pay(f, payment(f, all - rate * (31 + 139) - 1, rate));
	assert_int_equal(p.change, rate * 139 + 1);
	assert_int_equal(p.fee, rate * BYTES(1, 2));
	tx_unref(p.tx);
	wf_close(f);
}

static void one_unit_too_much_cannot_be_paid(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN, COIN, COIN}, 3);
	const int64_t most = 3 * COIN - BYTES(3, 1);
	struct paid p = pay(f, payment(f, most, 1));
	struct err e;

	(void)state;
	assert_int_equal(p.fee, BYTES(3, 1));
	tx_unref(p.tx);
	e = pay_fails(f, payment(f, most + 1, 1));
	assert_int_equal(e.cls, ERR_FUNDS);
	assert_string_equal(e.token, "insufficient-funds");
	wf_close(f);
}

static void nonsense_is_refused(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	char memo[SCRIPT_MEMO_MAX + 2];
	struct wallet_payment p;

	(void)state;
	assert_string_equal(pay_fails(f, payment(f, 0, 1)).token, "bad-amount");
	assert_string_equal(pay_fails(f, payment(f, -1, 1)).token, "bad-amount");
	assert_string_equal(pay_fails(f, payment(f, MAX_MONEY + 1, 1)).token, "bad-amount");
	assert_string_equal(pay_fails(f, payment(f, 1, 0)).token, "bad-fee");
	assert_string_equal(pay_fails(f, payment(f, 1, WALLET_FEE_RATE_MAX + 1)).token, "bad-fee");
	memset(memo, 'm', sizeof(memo));
	memo[SCRIPT_MEMO_MAX + 1] = '\0';
	p = payment(f, 1000, 1);
	p.memo = memo;
	assert_string_equal(pay_fails(f, p).token, "bad-memo");
	memo[SCRIPT_MEMO_MAX] = '\0';
	tx_unref(pay(f, p).tx);
	p = payment(f, 1000, 1);
	p.from = &f->fx.hashes[5];
	assert_string_equal(pay_fails(f, p).token, "not-mine");
	wf_close(f);
}

static void from_takes_coins_of_that_address_alone(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	struct wallet_payment p;
	struct paid made;

	(void)state;
	wf_new_key(f, "second"); /* key 1 */
	wf_mine(f, 1, NULL, 0);
	wf_mine(f, 6, NULL, 0);
	assert_balance(f, COIN + REWARD, 0, 0);
	p = payment(f, COIN / 2, 1);
	p.from = &f->fx.hashes[1];
	made = pay(f, p);
	assert_int_equal(made.change, REWARD - COIN / 2 - made.fee);
	/* Change goes back where it came from. */
	struct coin back;
	assert_true(tx_coin(made.tx, 1, 0, &back));
	assert_memory_equal(&back.owner, &f->fx.hashes[1], sizeof(back.owner));
	tx_unref(made.tx);
	p.from = &f->fx.hashes[0];
	p.amount = 2 * COIN;
	assert_string_equal(pay_fails(f, p).token, "insufficient-funds");
	wf_close(f);
}

/* 10,000 bytes less 400: 68 inputs of 139. */
static void a_payment_fits_into_a_block_of_the_chain(void **state)
{
	int64_t values[80];
	struct wf *f;
	struct paid p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		values[i] = COIN / 10;
	f = with_coins(&(struct fx_options){.max_block_bytes = 10000}, values, ARRAY_LEN(values));
	p = pay(f, payment(f, 68 * (COIN / 10) - BYTES(68, 1), 1));
	assert_int_equal(p.tx->n_in, 68);
	tx_unref(p.tx);
	assert_string_equal(pay_fails(f, payment(f, 68 * (COIN / 10), 1)).token, "too-many-coins");
	wf_close(f);
}

static void submit(struct wf *f, struct wallet_payment p)
{
	struct paid made = pay(f, p);
	struct err e = {0};

	fx_must_e(mempool_accept(f->pool, made.tx, &e));
	tx_unref(made.tx);
}

static void a_coin_is_not_spent_twice_and_change_only_where_it_must_be(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN, COIN}, 2);
	struct mempool_entry en;

	(void)state;
	submit(f, payment(f, COIN / 4, 1));
	submit(f, payment(f, COIN / 4, 1));
	assert_int_equal(mempool_list_newest(f->pool, 0, &en, 1), 1);
	assert_int_equal(en.n_ancestors, 1); /* the other coin, not the change */
	submit(f, payment(f, COIN, 1));      /* takes both changes */
	assert_int_equal(mempool_list_newest(f->pool, 0, &en, 1), 1);
	assert_int_equal(en.n_ancestors, 3);
	assert_int_equal(mempool_count(f->pool), 3);
	wf_mine_pool(f, 6);
	assert_int_equal(mempool_count(f->pool), 0);
	assert_balance(f, 2 * COIN - COIN / 4 * 2 - COIN - BYTES(1, 2) * 2 - BYTES(2, 2), 0, 0);
	wf_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_on_disk_before_its_address_is_told),
		cmocka_unit_test(a_label_names_one_address),
		cmocka_unit_test(the_fee_is_bytes_times_rate_and_the_rest_is_change),
		cmocka_unit_test(coins_that_fit_exactly_are_spent_without_change),
		cmocka_unit_test(change_that_is_not_worth_spending_goes_to_the_fee),
		cmocka_unit_test(one_unit_too_much_cannot_be_paid),
		cmocka_unit_test(nonsense_is_refused),
		cmocka_unit_test(from_takes_coins_of_that_address_alone),
		cmocka_unit_test(a_payment_fits_into_a_block_of_the_chain),
		cmocka_unit_test(a_coin_is_not_spent_twice_and_change_only_where_it_must_be),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
