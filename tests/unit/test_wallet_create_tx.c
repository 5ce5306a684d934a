/* Keys and payments: the coins chosen, the change, and the fee to the unit. */
#include <tally/wallet/drafts.h>

#include "mempool/mempool_priv.h"
#include "wallet_fixture.h"

#define REWARD (50 * COIN)
/* Size of a transaction: 10 bytes for version, counts and lock time. */
#define BYTES(n_in, n_out) (10 + 139 * (n_in) + 31 * (n_out))

static struct err pay_fails(struct wf *f, struct payment_request p)
{
	struct err e = {0};
	struct payment *made;
	int64_t fee;

	assert_false(wallet_payment_fee(f->w, &p, &fee, NULL));
	assert_false(wallet_create_payment(f->w, &p, &made, &e));
	return e;
}

static struct payment *create(const struct wf *f, struct payment_request r)
{
	struct payment *p;
	struct err e = {0};

	fx_must_e(wallet_create_payment(f->w, &r, &p, &e));
	return p;
}

/* Creates a payment. Its transaction must be valid and have the amounts and coins that the payment
 * names. */
static struct payment *pay(struct wf *f, struct payment_request r)
{
	struct payment *p = create(f, r);
	int64_t fee, estimate, spent = 0;
	struct err e = {0};

	fx_must_e(mempool_test(f->pool, p->tx, &fee, &e));
	fx_must_e(wallet_payment_fee(f->w, &r, &estimate, &e));
	assert_int_equal(fee, p->fee);
	assert_int_equal(estimate, p->fee);
	assert_int_equal(p->tx->out[0].value, r.amount);
	assert_int_equal(p->tx->n_out, 1 + (p->change > 0) + (r.memo != NULL));
	if (p->change)
		assert_int_equal(p->tx->out[1].value, p->change);
	assert_int_equal(p->tx->n_in, p->n_coins);
	for (size_t i = 0; i < p->n_coins; i++) {
		assert_memory_equal(&p->tx->in[i].prev.txid, &p->coins[i].outpoint.txid,
				    HASH_BYTES);
		assert_int_equal(p->tx->in[i].prev.index, p->coins[i].outpoint.index);
		spent += p->coins[i].value;
	}
	assert_int_equal(spent, p->amount + p->fee + p->change);
	return p;
}

static struct payment_request payment(const struct wf *f, int64_t amount, int64_t rate)
{
	return (struct payment_request){.to = f->fx.hashes[7], .amount = amount, .fee_rate = rate};
}

/* A wallet whose only key has these coins. */
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

static void a_key_is_on_disk_before_its_address_is_returned(void **state)
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
	assert_balance(f, REWARD, 0, 0); /* the key can spend */
	struct payment *p = pay(f, payment(f, COIN, 1));
	payment_free(p);
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
	assert_true(label_check(longest, &e));
	longest[LABEL_MAX] = 'x';
	longest[LABEL_MAX + 1] = '\0';
	const char *const bad[] = {
		"",    longest, "a\nb",   "\xff\xfe", "tly1qsomething", " ",
		" ab", "ab ",   "@alice", "a\u202eb"}; /* U+202E reverses the text after it */
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		assert_false(label_check(bad[i], &e));
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
		struct payment *p = pay(f, payment(f, COIN, rate));

		assert_int_equal(p->tx->raw.len, BYTES(1, 2));
		assert_int_equal(p->fee, rate * BYTES(1, 2));
		assert_int_equal(p->change, 9 * COIN - p->fee);
		payment_free(p);
	}
	struct payment_request with_memo = payment(f, COIN, 3);
	with_memo.memo = "for the tea";
	struct payment *p = pay(f, with_memo);
	assert_int_equal(p->tx->raw.len, BYTES(1, 2) + 8 + 1 + 2 + 11);
	assert_int_equal(p->fee, 3 * (int64_t)p->tx->raw.len);
	payment_free(p);
	wf_close(f);
}

static void coins_that_fit_exactly_are_spent_without_change(void **state)
{
	const int64_t values[] = {7 * COIN, 3 * COIN, 2 * COIN, 90 * COIN / 100, COIN / 2};
	struct wf *f = with_coins(NULL, values, ARRAY_LEN(values));
	struct payment *p;

	(void)state;
	p = pay(f, payment(f, 2 * COIN + 90 * COIN / 100 - BYTES(2, 1), 1));
	assert_int_equal(p->change, 0);
	assert_int_equal(p->tx->n_in, 2);
	assert_int_equal(p->fee, BYTES(2, 1));
	payment_free(p);
	/* Otherwise the smallest coin that is enough is spent. */
	p = pay(f, payment(f, 2 * COIN + COIN / 3, 1));
	assert_int_equal(p->tx->n_in, 1);
	assert_int_equal(p->fee + p->change, 3 * COIN - (2 * COIN + COIN / 3));
	payment_free(p);
	wf_close(f);
}

/* A change output has 31 bytes; spending it takes 139. */
static void change_that_is_not_worth_spending_goes_to_the_fee(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	const int64_t rate = 10, all = COIN - rate * BYTES(1, 1);
	struct payment *p;

	(void)state;
	p = pay(f, payment(f, all, rate));
	assert_int_equal(p->change, 0);
	assert_int_equal(p->fee, rate * BYTES(1, 1));
	payment_free(p);
	p = pay(f, payment(f, all - rate * (31 + 139), rate));
	assert_int_equal(p->change, 0);
	assert_int_equal(p->fee, rate * (BYTES(1, 1) + 31 + 139));
	payment_free(p);
	p = pay(f, payment(f, all - rate * (31 + 139) - 1, rate));
	assert_int_equal(p->change, rate * 139 + 1);
	assert_int_equal(p->fee, rate * BYTES(1, 2));
	payment_free(p);
	wf_close(f);
}

static void one_unit_too_much_cannot_be_paid(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN, COIN, COIN}, 3);
	const int64_t most = 3 * COIN - BYTES(3, 1);
	struct payment *p = pay(f, payment(f, most, 1));
	struct err e;

	(void)state;
	assert_int_equal(p->fee, BYTES(3, 1));
	payment_free(p);
	e = pay_fails(f, payment(f, most + 1, 1));
	assert_int_equal(e.cls, ERR_FUNDS);
	assert_string_equal(e.token, "insufficient-funds");
	wf_close(f);
}

static void requests_out_of_range_are_refused(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	char memo[SCRIPT_MEMO_MAX + 2];
	struct payment_request p;

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
	payment_free(pay(f, p));
	p = payment(f, 1000, 1);
	p.from = &f->fx.hashes[5];
	assert_string_equal(pay_fails(f, p).token, "not-mine");
	wf_close(f);
}

static void from_spends_only_coins_of_that_address(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	struct payment_request p;
	struct payment *made;

	(void)state;
	wf_new_key(f, "second"); /* key 1 */
	wf_mine(f, 1, NULL, 0);
	wf_mine(f, 6, NULL, 0);
	assert_balance(f, COIN + REWARD, 0, 0);
	p = payment(f, COIN / 2, 1);
	p.from = &f->fx.hashes[1];
	made = pay(f, p);
	assert_int_equal(made->change, REWARD - COIN / 2 - made->fee);
	/* Change goes to the address of the first coin. */
	struct coin back;
	assert_true(tx_coin(made->tx, 1, 0, &back));
	assert_memory_equal(&back.owner, &f->fx.hashes[1], sizeof(back.owner));
	payment_free(made);
	p.from = &f->fx.hashes[0];
	p.amount = 2 * COIN;
	assert_string_equal(pay_fails(f, p).token, "insufficient-funds");
	wf_close(f);
}

/* Blocks of 10,000 bytes leave 9,600 for a transaction: 68 inputs of 139 bytes. */
static void a_payment_fits_into_a_block_of_the_chain(void **state)
{
	int64_t values[80];
	struct wf *f;
	struct payment *p;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		values[i] = COIN / 10;
	f = with_coins(&(struct fx_options){.max_block_bytes = 10000}, values, ARRAY_LEN(values));
	p = pay(f, payment(f, 68 * (COIN / 10) - BYTES(68, 1), 1));
	assert_int_equal(p->tx->n_in, 68);
	payment_free(p);
	assert_string_equal(pay_fails(f, payment(f, 68 * (COIN / 10), 1)).token, "too-many-coins");
	wf_close(f);
}

static void submit(struct wf *f, struct payment_request p)
{
	struct payment *made = pay(f, p);
	struct err e = {0};

	fx_must_e(mempool_accept(f->pool, made->tx, &e));
	payment_free(made);
}

static void confirmed_coins_are_spent_before_unconfirmed_change(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN, COIN}, 2);
	struct mempool_entry en;

	(void)state;
	submit(f, payment(f, COIN / 4, 1));
	submit(f, payment(f, COIN / 4, 1));
	assert_int_equal(mempool_list_newest(f->pool, 0, &en, 1), 1);
	assert_int_equal(en.n_ancestors, 1); /* it spends the other coin, not the change */
	submit(f, payment(f, COIN, 1));      /* spends the change of both */
	assert_int_equal(mempool_list_newest(f->pool, 0, &en, 1), 1);
	assert_int_equal(en.n_ancestors, 3);
	assert_int_equal(mempool_count(f->pool), 3);
	wf_mine_pool(f, 6);
	assert_int_equal(mempool_count(f->pool), 0);
	assert_balance(f, 2 * COIN - COIN / 4 * 2 - COIN - BYTES(1, 2) * 2 - BYTES(2, 2), 0, 0);
	wf_close(f);
}

/* --- a payment is shown, then sent or cancelled ------------------------------------------ */

static bool send_payment(struct wf *f, const struct payment *p, struct err *e)
{
	return wallet_check_payment(f->w, p, e) && mempool_accept(f->pool, p->tx, e);
}

static void the_payment_that_was_shown_is_the_one_that_is_sent(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN, COIN, 3 * COIN}, 3);
	struct payment_request r = payment(f, COIN / 3, 2);
	struct payment *p;
	struct wallet_tx newest;
	struct err e = {0};

	(void)state;
	r.memo = "rent";
	p = pay(f, r);
	assert_int_equal(p->amount, COIN / 3);
	assert_memory_equal(&p->to, &f->fx.hashes[7], sizeof(p->to));
	assert_string_equal(p->memo, "rent");
	wf_mine(f, 0, NULL, 0); /* a coin that would have been chosen instead */
	fx_must_e(send_payment(f, p, &e));
	assert_int_equal(wallet_history(f->w, &newest, 0, 1) > 0, true);
	assert_memory_equal(&newest.id, &p->tx->id, sizeof(newest.id));
	assert_int_equal(newest.fee, p->fee);
	assert_false(send_payment(f, p, &e));
	assert_int_equal(e.cls, ERR_KNOWN);
	assert_string_equal(e.token, "payment-sent");
	payment_free(p);
	wf_close(f);
}

static void a_payment_that_is_dropped_reserves_nothing(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	struct payment *first = pay(f, payment(f, COIN / 2, 1));
	struct payment *second = pay(f, payment(f, COIN / 2, 1));
	struct err e = {0};

	(void)state;
	assert_memory_equal(&first->coins[0].outpoint, &second->coins[0].outpoint, HASH_BYTES);
	payment_free(first);
	assert_balance(f, COIN, 0, 0);
	assert_int_equal(mempool_count(f->pool), 0);
	fx_must_e(send_payment(f, second, &e));
	payment_free(second);
	wf_close(f);
}

static void a_payment_whose_coin_was_spent_meanwhile_is_not_sent(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN, 2 * COIN}, 2);
	struct payment *shown = pay(f, payment(f, 2 * COIN, 1));
	struct payment *other = pay(f, payment(f, 2 * COIN + 1, 1));
	struct err e = {0};

	(void)state;
	fx_must_e(send_payment(f, other, &e));
	assert_false(send_payment(f, shown, &e));
	assert_int_equal(e.cls, ERR_FUNDS);
	assert_string_equal(e.token, "payment-coins-spent");
	assert_int_equal(mempool_count(f->pool), 1);
	wf_mine_pool(f, 6);
	assert_false(send_payment(f, shown, &e));
	assert_string_equal(e.token, "payment-coins-spent");
	payment_free(shown);
	payment_free(other);
	wf_close(f);
}

static void a_payment_of_a_reward_that_was_reorganised_away_is_not_sent(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	struct block *fork = block_ref(f->tip);
	struct payment *p;
	struct err e = {0};

	(void)state;
	wf_mine(f, 0, NULL, 0);
	p = pay(f, payment(f, 10 * COIN, 1));
	wf_branch(f, fork, 6, 2);
	assert_false(send_payment(f, p, &e));
	assert_string_equal(e.token, "payment-coins-spent");
	payment_free(p);
	block_unref(fork);
	wf_close(f);
}

static void a_draft_is_found_until_it_is_dropped_or_sixteen_newer_ones_exist(void **state)
{
	struct wf *f = with_coins(NULL, (int64_t[]){COIN}, 1);
	struct txid first, second;

	(void)state;
	first = wallet_keep_draft(f->w, create(f, payment(f, 1000, 1)))->tx->id;
	/* The same payment has the same id, so it replaces the first draft. */
	wallet_keep_draft(f->w, create(f, payment(f, 1000, 1)));
	assert_non_null(wallet_find_draft(f->w, &first));
	wallet_drop_draft(f->w, &first);
	assert_null(wallet_find_draft(f->w, &first));
	wallet_drop_draft(f->w, &first);
	first = wallet_keep_draft(f->w, create(f, payment(f, 1001, 1)))->tx->id;
	second = wallet_keep_draft(f->w, create(f, payment(f, 1002, 1)))->tx->id;
	for (int i = 0; i < WALLET_DRAFTS_MAX - 1; i++)
		wallet_keep_draft(f->w, create(f, payment(f, 2000 + i, 1)));
	assert_null(wallet_find_draft(f->w, &first));
	assert_non_null(wallet_find_draft(f->w, &second));
	assert_int_equal(wallet_find_draft(f->w, &second)->amount, 1002);
	wf_close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_is_on_disk_before_its_address_is_returned),
		cmocka_unit_test(a_label_names_one_address),
		cmocka_unit_test(the_fee_is_bytes_times_rate_and_the_rest_is_change),
		cmocka_unit_test(coins_that_fit_exactly_are_spent_without_change),
		cmocka_unit_test(change_that_is_not_worth_spending_goes_to_the_fee),
		cmocka_unit_test(one_unit_too_much_cannot_be_paid),
		cmocka_unit_test(requests_out_of_range_are_refused),
		cmocka_unit_test(from_spends_only_coins_of_that_address),
		cmocka_unit_test(a_payment_fits_into_a_block_of_the_chain),
		cmocka_unit_test(confirmed_coins_are_spent_before_unconfirmed_change),
		cmocka_unit_test(the_payment_that_was_shown_is_the_one_that_is_sent),
		cmocka_unit_test(a_payment_that_is_dropped_reserves_nothing),
		cmocka_unit_test(a_payment_whose_coin_was_spent_meanwhile_is_not_sent),
		cmocka_unit_test(a_payment_of_a_reward_that_was_reorganised_away_is_not_sent),
		cmocka_unit_test(a_draft_is_found_until_it_is_dropped_or_sixteen_newer_ones_exist),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
