/* The wallet follows the chain: forward, through reorganisations, after it was closed, after a
 * crash. */
#include <tally/base/checked.h>

#include "mempool/mempool_priv.h"
#include "wallet_fixture.h"

#define REWARD (50 * COIN)

static struct wf *open_with_key(uint16_t maturity)
{
	struct wf *f = wf_open(&(struct fx_options){.maturity = maturity});

	wf_new_key(f, "miner");
	wf_catch_up(f);
	return f;
}

/* A payment of the wallet that the mempool accepts. */
static struct tx *send(struct wf *f, int64_t amount, unsigned to)
{
	const struct payment_request r = {.to = f->fx.hashes[to], .amount = amount, .fee_rate = 1};
	struct payment *p;
	struct tx *tx;
	struct err e = {0};

	fx_must_e(wallet_create_payment(f->w, &r, &p, &e));
	tx = tx_ref(p->tx);
	payment_free(p);
	fx_must_e(mempool_accept(f->pool, tx, &e));
	return tx;
}

static struct wallet_tx newest(const struct wf *f)
{
	struct wallet_tx t;

	assert_true(wallet_history(f->w, &t, 0, 1) > 0);
	return t;
}

static void a_reward_can_be_spent_at_maturity(void **state)
{
	struct wf *f = open_with_key(3);

	(void)state;
	assert_balance(f, REWARD, 0, 0); /* the reward of genesis, mature at once */
	wf_mine(f, 0, NULL, 0);          /* in block 1: spendable in block 4 */
	assert_balance(f, REWARD, REWARD, 0);
	wf_mine(f, 6, NULL, 0);
	assert_balance(f, REWARD, REWARD, 0);
	wf_mine(f, 6, NULL, 0);
	assert_balance(f, 2 * REWARD, 0, 0);
	wf_close(f);
}

static void a_transaction_is_unconfirmed_until_it_is_in_a_block(void **state)
{
	struct wf *f = open_with_key(1);
	struct tx *out, *in;
	int64_t change;

	(void)state;
	wf_mine(f, 5, NULL, 0);
	wf_mine(f, 6, NULL, 0);
	out = send(f, COIN, 7);
	change = out->out[1].value;
	assert_balance(f, change, 0, 0);
	assert_int_equal(newest(f).sent, REWARD);
	assert_int_equal(newest(f).received, change);
	assert_int_equal(newest(f).fee, (int64_t)out->raw.len);
	/* A payment from another wallet, whose key 5 got the reward of block 1. */
	struct chain_entry at;
	struct block *b;
	struct err e = {0};
	fx_must(chain_at_height(f->fx.chain, 1, &at));
	fx_must_e(chain_read_block(f->fx.chain, at.index, &b, &e));
	in = fx_pay_one(&f->fx, fx_in_coinbase(b), 0, 1000);
	block_unref(b);
	fx_must_e(mempool_accept(f->pool, in, &e));
	assert_balance(f, change, 0, REWARD - 1000);
	wf_mine_pool(f, 6);
	assert_balance(f, change + REWARD - 1000, 0, 0);
	assert_int_equal(newest(f).height, 3);
	tx_unref(out);
	tx_unref(in);
	wf_close(f);
}

static void a_reorganisation_abandons_rewards_and_unconfirms_payments(void **state)
{
	struct wf *f = open_with_key(1);
	struct block *fork = block_ref(f->tip);
	struct tx *tx = send(f, COIN, 7);
	const int64_t change = tx->out[1].value;

	(void)state;
	wf_mine_pool(f, 0); /* its reward is the wallet's */
	assert_balance(f, change + REWARD, 0, 0);
	wf_branch(f, fork, 6, 2);
	assert_balance(f, change, 0, 0); /* the payment is unconfirmed, the reward abandoned */
	struct wallet_tx h[4];
	assert_int_equal(wallet_history(f->w, h, 0, 4), 3);
	assert_true(h[0].coinbase && h[0].abandoned);
	assert_true(!h[1].abandoned && h[1].height == MEMPOOL_HEIGHT);
	wf_mine_pool(f, 6);
	assert_balance(f, change, 0, 0);
	tx_unref(tx);
	block_unref(fork);
	wf_close(f);
}

static void a_payment_that_conflicts_with_the_chain_frees_its_other_coins(void **state)
{
	struct wf *f = open_with_key(1);
	struct tx *ours, *theirs;
	struct fx_in genesis = fx_in_coinbase(f->fx.genesis);

	(void)state;
	wf_mine(f, 0, NULL, 0);
	wf_mine(f, 6, NULL, 0);
	ours = send(f, 70 * COIN, 7); /* spends the rewards of genesis and block 1 */
	assert_int_equal(ours->n_in, 2);
	theirs = fx_pay_one(&f->fx, genesis, 4, 1000); /* made by another holder of the key */
	wf_mine(f, 6, &theirs, 1);
	assert_int_equal(mempool_count(f->pool), 0);
	assert_balance(f, REWARD, 0, 0);
	struct wallet_tx h[8];
	const size_t n = wallet_history(f->w, h, 0, 8);
	for (size_t i = 0; i < n; i++)
		if (hash256_equal(&h[i].id.h, &ours->id.h))
			assert_true(h[i].abandoned);
	tx_unref(ours);
	tx_unref(theirs);
	wf_close(f);
}

static void an_expired_payment_reserves_its_coins_until_abandoned(void **state)
{
	struct wf *f = open_with_key(1);
	struct tx *tx = send(f, COIN, 7), *again[2];
	const struct txid id = tx->id, unknown = {{{1}}};
	struct err e = {0};

	(void)state;
	assert_false(wallet_abandon(f->w, &id, &e)); /* it is in the mempool */
	assert_string_equal(e.token, "not-abandonable");
	assert_false(wallet_abandon(f->w, &unknown, &e));
	assert_string_equal(e.token, "no-such-tx");
	clock_manual_advance(&f->fx.manual, (MEMPOOL_EXPIRY_SECONDS + 1) * INT64_C(1000000));
	mempool_expire(f->pool);
	assert_int_equal(mempool_count(f->pool), 0);
	/* Peers may still have it, so a miner may confirm it: its coins stay reserved, and it is to
	 * be sent again. */
	assert_balance(f, 0, 0, tx->out[1].value);
	assert_int_equal(wallet_unconfirmed(f->w, again, 2), 1);
	assert_memory_equal(&again[0]->id, &id, sizeof(id));
	tx_unref(again[0]);
	assert_true(wallet_abandon(f->w, &id, &e));
	assert_balance(f, REWARD, 0, 0);
	assert_int_equal(wallet_unconfirmed(f->w, again, 2), 0);
	/* A block confirms it all the same. */
	wf_mine(f, 6, &tx, 1);
	assert_balance(f, tx->out[1].value, 0, 0);
	assert_false(newest(f).abandoned);
	assert_false(wallet_abandon(f->w, &id, &e));
	tx_unref(tx);
	wf_close(f);
}

/* --- catching up ----------------------------------------------------------------------- */

static void a_wallet_that_was_closed_catches_up(void **state)
{
	struct wf *f = open_with_key(2);
	struct tx *tx;

	(void)state;
	wf_mine(f, 0, NULL, 0);
	wf_commit(f);
	wf_close_wallet(f);
	/* While it is closed, it gets rewards, and one of its coins is spent. */
	for (unsigned i = 0; i < 4; i++)
		wf_mine(f, i % 2 ? 6 : 0, NULL, 0);
	tx = fx_pay_one(&f->fx, fx_in_coinbase(f->fx.genesis), 0, 5000);
	wf_mine(f, 6, &tx, 1);
	wf_open_wallet(f);
	wf_catch_up(f);
	assert_balance(f, 4 * REWARD - 5000, 0, 0);
	tx_unref(tx);
	wf_close(f);
}

static void a_wallet_on_a_stale_branch_moves_to_the_best_chain(void **state)
{
	struct wf *f = open_with_key(1);
	struct block *fork;
	struct tx *tx;
	int64_t change;

	(void)state;
	wf_mine(f, 0, NULL, 0);
	fork = block_ref(f->tip);
	tx = send(f, COIN, 7);
	change = tx->out[1].value;
	wf_mine_pool(f, 0);
	wf_mine(f, 0, NULL, 0);
	assert_balance(f, REWARD + change + 2 * REWARD, 0, 0);
	wf_commit(f);
	wf_close_wallet(f);
	wf_branch(f, fork, 6, 4);
	wf_open_wallet(f);
	wf_catch_up(f);
	/* The payment is in no block and not in the mempool yet; its change counts as pending. */
	assert_balance(f, REWARD, 0, change);
	struct tx *again[2];
	struct err e = {0};
	assert_int_equal(wallet_unconfirmed(f->w, again, 2), 1);
	assert_memory_equal(&again[0]->id, &tx->id, sizeof(tx->id));
	if (!mempool_accept(f->pool, again[0], &e))
		assert_string_equal(e.token, "txn-already-in-mempool");
	wf_mine_pool(f, 6);
	assert_balance(f, REWARD + change, 0, 0);
	tx_unref(again[0]);
	tx_unref(tx);
	block_unref(fork);
	wf_close(f);
}

static void a_crash_loses_neither_payments_nor_blocks(void **state)
{
	struct wf *f = open_with_key(1);
	struct tx *tx, *again[2];
	int64_t change;
	struct err e = {0};

	(void)state;
	tx = send(f, COIN, 7);
	change = tx->out[1].value;
	fx_must_e(
		wallet_commit(f->w, &e)); /* as the node does before it reports a payment as sent */
	wf_mine(f, 0, NULL, 0);           /* the wallet does not commit this one */
	wf_close_wallet(f);
	wf_open_wallet(f);
	assert_int_equal(wallet_unconfirmed(f->w, again, 2), 1);
	assert_memory_equal(&again[0]->id, &tx->id, sizeof(tx->id));
	tx_unref(again[0]);
	wf_catch_up(f);
	assert_balance(f, REWARD, 0, change);
	assert_int_equal(newest(f).height, 1);
	tx_unref(tx);
	wf_close(f);
}

/* --- at random ---------------------------------------------------------------------------- */

#define OWN_KEYS 3

/* The wallet's coins according to the chain. *unspent: without those that the mempool spends. */
static int64_t own_by_table(const struct wf *f, int64_t *unspent)
{
	struct store_coin slice[64];
	uint8_t after[OUTPOINT_BYTES] = {0};
	size_t n, total = 0;
	int64_t sum = 0;
	struct err e = {0};

	fx_must_e(chain_commit(f->fx.chain, &e));
	do {
		struct chain_coin_page page = {
			.after = total > 0 ? after : NULL, .coins = slice, .max = 64};

		fx_must_e(chain_scan_coins(f->fx.chain, &page, &e));
		n = page.n;
		for (size_t i = 0; i < n; i++)
			if (wallet_is_mine(f->w, &slice[i].coin.owner)) {
				sum += slice[i].coin.value;
				if (!mempool_spends(f->pool, &slice[i].outpoint, NULL))
					*unspent += slice[i].coin.value;
			}
		if (n > 0)
			outpoint_pack(after, &slice[n - 1].outpoint);
		total += n;
	} while (n > 0);
	return sum;
}

static void send_at_random(struct wf *f, const struct rng *rng)
{
	const struct payment_request r = {.to = f->fx.hashes[rng_below(rng, FX_KEYS)],
					  .amount = (int64_t)(1000 + rng_below(rng, 60 * COIN)),
					  .fee_rate = (int64_t)(1 + rng_below(rng, 20))};
	struct payment *p;
	struct err e = {0};

	if (!wallet_create_payment(f->w, &r, &p, &e)) {
		assert_string_equal(e.token, "insufficient-funds");
		return;
	}
	if (!mempool_accept(f->pool, p->tx, &e))
		assert_string_equal(e.token, "too-long-mempool-chain");
	payment_free(p);
}

static void reorganise_at_random(struct wf *f, const struct rng *rng)
{
	const uint32_t height = chain_height(f->fx.chain);
	const uint32_t back = 1 + (uint32_t)rng_below(rng, MIN(height, 4U));
	struct chain_entry at;
	struct block *from;
	struct err e = {0};

	fx_must(chain_at_height(f->fx.chain, height - back, &at));
	fx_must_e(chain_read_block(f->fx.chain, at.index, &from, &e));
	wf_branch(f, from, (unsigned)rng_below(rng, FX_KEYS), back + 1);
	block_unref(from);
}

static void restart_at_random(struct wf *f)
{
	struct tx *again[200];
	size_t n;

	wf_commit(f);
	wf_close_wallet(f);
	wf_open_wallet(f);
	wf_catch_up(f);
	/* As in the node, unconfirmed payments are submitted again. */
	n = wallet_unconfirmed(f->w, again, ARRAY_LEN(again));
	for (size_t i = 0; i < n; i++) {
		if (!mempool_accept(f->pool, again[i], NULL) &&
		    mempool_get(f->pool, &again[i]->id, &(struct mempool_entry){0}))
			wallet_mempool_added(f->w, again[i]);
		tx_unref(again[i]);
	}
}

/* Change of own payments in the mempool. */
static int64_t unconfirmed_change(const struct wf *f)
{
	const size_t n = wallet_coins(f->w, NULL, 0, 0);
	struct wallet_coin *all = mem_array(n + 1, sizeof(*all));
	int64_t sum = 0;

	wallet_coins(f->w, all, 0, n);
	for (size_t i = 0; i < n; i++)
		if (all[i].coin.height == MEMPOOL_HEIGHT && all[i].spendable)
			sum += all[i].coin.value;
	free(all);
	return sum;
}

static void run_at_random(uint64_t seed)
{
	struct wf *f = wf_open(&(struct fx_options){.maturity = 2});
	struct rng_seeded rng;

	rng_seeded_init(&rng, seed);
	for (unsigned i = 0; i < OWN_KEYS; i++)
		wf_new_key(f, NULL);
	wf_catch_up(f);
	wf_mine(f, 0, NULL, 0);
	for (unsigned i = 0; i < 250; i++) {
		const uint64_t dice = rng_below(&rng.rng, 100);
		struct wallet_balance b;
		int64_t unspent = 0;

		if (dice < 50)
			send_at_random(f, &rng.rng);
		else if (dice < 85)
			wf_mine_pool(f, (unsigned)rng_below(&rng.rng, FX_KEYS));
		else if (dice < 95)
			reorganise_at_random(f, &rng.rng);
		else
			restart_at_random(f);
		b = wallet_balance(f->w, NULL);
		assert_int_equal(wallet_confirmed_balance(f->w, NULL), own_by_table(f, &unspent));
		assert_int_equal(b.spendable + b.immature, unspent + unconfirmed_change(f));
	}
	wf_close(f);
}

static void the_wallet_has_the_coins_of_the_chain_after_random_events(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 5; seed++)
		run_at_random(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reward_can_be_spent_at_maturity),
		cmocka_unit_test(a_transaction_is_unconfirmed_until_it_is_in_a_block),
		cmocka_unit_test(a_reorganisation_abandons_rewards_and_unconfirms_payments),
		cmocka_unit_test(a_payment_that_conflicts_with_the_chain_frees_its_other_coins),
		cmocka_unit_test(an_expired_payment_reserves_its_coins_until_abandoned),
		cmocka_unit_test(a_wallet_that_was_closed_catches_up),
		cmocka_unit_test(a_wallet_on_a_stale_branch_moves_to_the_best_chain),
		cmocka_unit_test(a_crash_loses_neither_payments_nor_blocks),
		cmocka_unit_test(the_wallet_has_the_coins_of_the_chain_after_random_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
