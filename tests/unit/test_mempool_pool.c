/* Staying in the mempool and leaving it: bounds, blocks, reorganisations, assembling a block. */
#include <tally/base/checked.h>
#include <tally/base/rng.h>

#include "mempool/mempool_priv.h"
#include "pool_fixture.h"

/* Adds a transaction with one input and one output, 180 bytes, to the pool. */
static struct tx *pay(struct pf *p, struct fx_in in, int64_t fee)
{
	struct tx *tx = fx_pay_one(&p->fx, in, 0, fee);

	pf_accept(p, tx);
	return tx;
}

static struct tx *pay_coin(struct pf *p, uint32_t coin, int64_t fee)
{
	return pay(p, pf_coin(p, coin), fee);
}

static void free_txs(struct tx **txs, size_t n)
{
	for (size_t i = 0; i < n; i++)
		tx_unref(txs[i]);
}

/* --- eviction ------------------------------------------------------------------------- */

#define SMALL_POOL 30000

/* Fees in no order; the fourth is the lowest. */
static int64_t some_fee(size_t i)
{
	return i == 3 ? 500 : 1000 + (int64_t)(i * 37 % 101) * 100;
}

static void the_lowest_fee_rate_leaves_a_full_pool_first(void **state)
{
	struct pf *p = pf_open(NULL, SMALL_POOL);
	struct tx *txs[101];
	size_t n = 0;

	(void)state;
	pf_fan(p, 101);
	for (; !p->removed; n++) {
		txs[n] = pay_coin(p, (uint32_t)n, some_fee(n));
		assert_true(mempool_memory(p->pool) <= SMALL_POOL);
	}
	assert_string_equal(p->last_reason, "full");
	assert_int_equal(p->removed, 1);
	for (size_t i = 0; i < n; i++)
		assert_int_equal(pf_in(p, txs[i]), i != 3);
	/* A new transaction must pay the rate of the evicted one and a unit per byte more. */
	double rate = mempool_min_rate(p->pool);
	assert_true(rate > 500 / 180.0 + 0.99 && rate < 500 / 180.0 + 1.01);
	struct tx *low = fx_pay_one(&p->fx, pf_coin(p, 100), 1, (int64_t)(rate * 180) - 1);
	struct tx *high = fx_pay_one(&p->fx, pf_coin(p, 100), 1, 20000);
	pf_refused(p, low, ERR_POLICY, "mempool-full");
	pf_accept(p, high);
	assert_true(mempool_memory(p->pool) <= SMALL_POOL);
	tx_unref(low);
	tx_unref(high);
	free_txs(txs, n);
	pf_close(p);
}

static void a_new_transaction_that_pays_least_is_refused_without_an_event(void **state)
{
	struct pf *p = pf_open(NULL, SMALL_POOL);
	struct err e = {0};
	uint32_t n = 0;
	bool ok = true;

	(void)state;
	pf_fan(p, 100);
	while (ok) {
		struct tx *tx = fx_pay_one(&p->fx, pf_coin(p, n), 1, 30000 - (int64_t)n * 100);

		ok = mempool_accept(p->pool, tx, &e);
		n += ok;
		tx_unref(tx);
	}
	assert_string_equal(e.token, "mempool-full");
	assert_int_equal(p->added, n);
	assert_int_equal(p->removed, 0);
	assert_int_equal(mempool_count(p->pool), n);
	pf_close(p);
}

/* The parent has the lowest fee rate of all, but not together with its child. */
static void a_child_that_pays_well_protects_its_parent(void **state)
{
	struct pf *p = pf_open(NULL, SMALL_POOL);
	struct tx *poor, *rich, *lone, *tx;

	(void)state;
	pf_fan(p, 100);
	poor = pay_coin(p, 0, 200);
	rich = pay(p, fx_in(poor, 0, 0), 100000);
	lone = pay_coin(p, 1, 300);
	for (uint32_t n = 2; !p->removed; n++) {
		tx = pay_coin(p, n, 5000);
		tx_unref(tx);
	}
	assert_false(pf_in(p, lone));
	assert_true(pf_in(p, poor) && pf_in(p, rich));
	free_txs((struct tx *[]){poor, rich, lone}, 3);
	pf_close(p);
}

static void descendants_leave_with_a_transaction(void **state)
{
	struct pf *p = pf_open(NULL, SMALL_POOL);
	struct tx *poor, *child;

	(void)state;
	pf_fan(p, 100);
	poor = pay_coin(p, 0, 200);
	child = pay(p, fx_in(poor, 0, 0), 250);
	for (uint32_t n = 1; !p->removed; n++)
		tx_unref(pay_coin(p, n, 5000));
	assert_int_equal(p->removed, 2);
	assert_false(pf_in(p, poor) || pf_in(p, child));
	tx_unref(poor);
	tx_unref(child);
	pf_close(p);
}

static void the_minimum_rate_halves_in_time_after_a_block(void **state)
{
	struct pf *p = pf_open(NULL, SMALL_POOL);
	double rate;

	(void)state;
	pf_fan(p, 100);
	tx_unref(pay_coin(p, 0, 180 * 40));
	for (uint32_t n = 1; !p->removed; n++)
		tx_unref(pay_coin(p, n, 180 * 60));
	rate = mempool_min_rate(p->pool);
	assert_true(rate == 41);
	clock_manual_advance(&p->fx.manual, INT64_C(12) * 3600 * 1000000);
	assert_true(mempool_min_rate(p->pool) == rate);
	pf_mine(p, NULL, 0);
	clock_manual_advance(&p->fx.manual, INT64_C(12) * 3600 * 1000000);
	assert_true(mempool_min_rate(p->pool) > 20.4 && mempool_min_rate(p->pool) < 20.6);
	clock_manual_advance(&p->fx.manual, INT64_C(120) * 3600 * 1000000);
	assert_true(mempool_min_rate(p->pool) == MEMPOOL_MIN_RELAY_RATE);
	pf_close(p);
}

static void after_14_days_a_transaction_leaves(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *old, *child, *young;

	(void)state;
	pf_fan(p, 3);
	old = pay_coin(p, 0, 1000);
	clock_manual_advance(&p->fx.manual, INT64_C(120) * 1000000);
	child = pay(p, fx_in(old, 0, 0), 1000);
	young = pay_coin(p, 1, 1000);
	clock_manual_advance(&p->fx.manual, (MEMPOOL_EXPIRY_SECONDS - 120) * INT64_C(1000000));
	mempool_expire(p->pool);
	assert_int_equal(mempool_count(p->pool), 3);
	clock_manual_advance(&p->fx.manual,
			     INT64_C(60) * 1000000); /* expiry is checked once a minute */
	mempool_expire(p->pool);
	assert_false(pf_in(p, old) || pf_in(p, child));
	assert_true(pf_in(p, young));
	assert_string_equal(p->last_reason, "expired");
	free_txs((struct tx *[]){old, child, young}, 3);
	pf_close(p);
}

static void setting_the_clock_expires_nothing(void **state)
{
	struct pf *p = pf_open(NULL, 0);

	(void)state;
	pf_fan(p, 1);
	tx_unref(pay_coin(p, 0, 1000));
	p->fx.manual.unix_us += 20 * 24 * 3600 * INT64_C(1000000);
	p->fx.manual.mono_us += 3600 * INT64_C(1000000);
	mempool_expire(p->pool);
	assert_int_equal(mempool_count(p->pool), 1);
	pf_close(p);
}

static void age_counts_from_the_entry_into_an_earlier_mempool(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	const int64_t now = clock_unix(p->fx.clock);
	struct tx *tx;
	struct mempool_entry en;

	(void)state;
	pf_fan(p, 2);
	tx = fx_pay_one(&p->fx, pf_coin(p, 0), 1, 1000);
	assert_true(mempool_submit_since(p->pool, tx, 5, now - 13 * 24 * 3600, NULL));
	pf_work(p);
	assert_true(mempool_get(p->pool, &tx->id, &en));
	assert_int_equal(en.time, now - 13 * 24 * 3600);
	tx_unref(pay_coin(p, 1, 1000));
	clock_manual_advance(&p->fx.manual, (24 * 3600 + 1) * INT64_C(1000000));
	mempool_expire(p->pool);
	assert_false(pf_in(p, tx));
	assert_int_equal(mempool_count(p->pool), 1);
	tx_unref(tx);
	pf_close(p);
}

/* --- blocks ------------------------------------------------------------------------- */

static void a_block_removes_its_transactions_and_conflicting_ones(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *held, *child, *loser, *losers_child, *winner;

	(void)state;
	pf_fan(p, 3);
	held = pay_coin(p, 0, 1000);
	child = pay(p, fx_in(held, 0, 0), 1000);
	loser = pay_coin(p, 1, 1000);
	losers_child = pay(p, fx_in(loser, 0, 0), 1000);
	winner = fx_pay_one(&p->fx, pf_coin(p, 1), 2, 500);
	pf_mine(p, (struct tx *[]){winner, held}, 2);
	assert_true(pf_in(p, child));
	assert_false(pf_in(p, held) || pf_in(p, loser) || pf_in(p, losers_child));
	assert_int_equal(mempool_count(p->pool), 1);
	assert_int_equal(p->removed, 3);
	struct mempool_entry en;
	assert_true(mempool_get(p->pool, &child->id, &en));
	assert_int_equal(en.n_ancestors, 1);
	assert_int_equal(en.ancestor_fees, 1000);
	free_txs((struct tx *[]){held, child, loser, losers_child, winner}, 5);
	pf_close(p);
}

/* Connects n empty blocks after `from`. */
static void branch(struct pf *p, const struct block *from, size_t n)
{
	struct block *b = fx_extend(&p->fx, from, n);

	fx_settle(&p->fx);
	assert_true(fx_is_tip(&p->fx, b));
	block_unref(p->tip);
	p->tip = b;
	pf_work(p);
}

static void a_reorganisation_readmits_parents_before_children(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *a, *b, *c;
	struct block *fork;
	struct mempool_entry en[4];

	(void)state;
	pf_fan(p, 2);
	fork = block_ref(p->tip);
	a = pay_coin(p, 0, 1000);
	pf_mine(p, &a, 1);
	b = pay(p, fx_in(a, 0, 2), 2000);
	pf_mine(p, &b, 1);
	c = pay(p, fx_in(b, 0, 3), 3000);
	branch(p, fork, 3);
	assert_int_equal(mempool_list(p->pool, 0, en, 4), 3);
	assert_memory_equal(&en[0].tx->id, &a->id, sizeof(a->id));
	assert_memory_equal(&en[1].tx->id, &b->id, sizeof(a->id));
	assert_memory_equal(&en[2].tx->id, &c->id, sizeof(a->id));
	assert_int_equal(en[2].n_ancestors, 3);
	assert_int_equal(en[2].ancestor_fees, 6000);
	assert_int_equal(en[0].n_descendants, 3);
	block_unref(fork);
	free_txs((struct tx *[]){a, b, c}, 3);
	pf_close(p);
}

/* The block's transactions are undone from the last to the first, so the grandchild is evicted
 * before the child. */
static void a_child_of_two_returned_transactions_enters_after_both(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *txs[4];
	struct fx_in in[2];
	struct fx_out out;
	struct block *fork;

	(void)state;
	pf_fan(p, 2);
	fork = block_ref(p->tip);
	txs[0] = pay_coin(p, 0, 1000);
	txs[1] = pay_coin(p, 1, 1000);
	pf_mine(p, txs, 2);
	txs[2] = pay(p, fx_in(txs[0], 0, 2), 1000);
	in[0] = fx_in(txs[2], 0, 3);
	in[1] = fx_in(txs[1], 0, 2);
	out = (struct fx_out){0, in[0].coin.value + in[1].coin.value - 1000};
	txs[3] = fx_pay(&p->fx, in, 2, &out, 1);
	pf_accept(p, txs[3]);
	branch(p, fork, 2);
	for (size_t i = 0; i < 4; i++)
		assert_true(pf_in(p, txs[i]));
	block_unref(fork);
	free_txs(txs, 4);
	pf_close(p);
}

/* The fee rate that a full pool demands does not apply to transactions that were confirmed. */
static void a_returned_transaction_enters_whatever_its_fee(void **state)
{
	struct pf *p = pf_open(NULL, SMALL_POOL);
	struct tx *cheap, **all;
	struct block *fork;
	size_t n;
	int64_t fees;

	(void)state;
	pf_fan(p, 101);
	for (uint32_t i = 1; !p->removed; i++)
		tx_unref(pay_coin(p, i, some_fee(i)));
	mempool_assemble(p->pool, 900000, &all, &n, &fees);
	pf_mine(p, all, n);
	free_txs(all, n);
	free(all);
	assert_int_equal(mempool_count(p->pool), 0);
	assert_true(mempool_min_rate(p->pool) > 2);
	fork = block_ref(p->tip);
	cheap = fx_pay_one(&p->fx, pf_coin(p, 0), 0, 0);
	pf_refused(p, cheap, ERR_POLICY, "min-relay-fee");
	pf_mine(p, &cheap, 1);
	branch(p, fork, 2);
	assert_true(pf_in(p, cheap));
	block_unref(fork);
	tx_unref(cheap);
	pf_close(p);
}

/* In the middle of a reorganisation the tip is lower than before and after, so coinbases seem
 * immature. */
static void in_the_middle_of_a_reorganisation_nothing_is_dropped(void **state)
{
	struct pf *p = pf_open(&(struct fx_options){.maturity = 3}, 0);
	struct block *of_coinbase, *fork, *best;
	enum chain_work_state st = CHAIN_MORE;
	struct tx *t;
	unsigned half_way = 0;

	(void)state;
	pf_fan(p, 2);
	pf_mine(p, NULL, 0);
	of_coinbase = block_ref(p->tip);
	pf_mine(p, NULL, 0);
	fork = block_ref(p->tip);
	pf_mine(p, NULL, 0);
	t = pay(p, fx_in_coinbase(of_coinbase), 1000);
	for (int i = 0; i < 3; i++)
		pf_mine(p, NULL, 0);
	best = fx_extend(&p->fx, fork, 6);
	while (st != CHAIN_IDLE) {
		assert_true(chain_work(p->fx.chain, 0, &st, NULL));
		half_way += chain_settled(p->fx.chain) && !chain_at_best(p->fx.chain);
		mempool_work(p->pool, 1000000);
	}
	assert_true(half_way > 0);
	assert_true(fx_is_tip(&p->fx, best));
	pf_work(p);
	assert_true(pf_in(p, t));
	block_unref(best);
	block_unref(fork);
	block_unref(of_coinbase);
	tx_unref(t);
	pf_close(p);
}

static void of_too_many_returned_transactions_the_oldest_enter(void **state)
{
	struct pf *p = pf_open(NULL, SMALL_POOL);
	struct tx *txs[200];
	struct block *fork;

	(void)state;
	pf_fan(p, 200);
	fork = block_ref(p->tip);
	for (size_t i = 0; i < 200; i++)
		txs[i] = fx_pay_one(&p->fx, pf_coin(p, (uint32_t)i), 0, 1000);
	pf_mine(p, txs, 100);
	pf_mine(p, txs + 100, 100);
	branch(p, fork, 3);
	assert_in_range(mempool_count(p->pool), 20, 180);
	assert_true(pf_in(p, txs[0]) && !mempool_has(p->pool, &txs[199]->id));
	pf_mine(p, txs + 190, 10); /* a transaction that was dropped can still be confirmed */
	pf_work(p);
	assert_true(mempool_memory(p->pool) <= SMALL_POOL);
	block_unref(fork);
	free_txs(txs, 200);
	pf_close(p);
}

/* However large the reorganisation, a call of mempool_work is short, and blocks may arrive between
 * two calls. */
static void returned_transactions_enter_a_few_at_a_time(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *txs[3];
	struct block *fork, *b;
	unsigned turns = 0;

	(void)state;
	pf_fan(p, 3);
	fork = block_ref(p->tip);
	for (size_t i = 0; i < 3; i++)
		txs[i] = pay_coin(p, i, 1000);
	pf_mine(p, txs, 3);
	b = fx_extend(&p->fx, fork, 2);
	fx_settle(&p->fx);
	assert_true(fx_is_tip(&p->fx, b));
	assert_int_equal(mempool_count(p->pool), 0);
	for (size_t i = 0; i < 3; i++)
		assert_true(mempool_has(p->pool, &txs[i]->id));
	while (mempool_count(p->pool) == 0) {
		assert_true(mempool_work(p->pool, 0));
		assert_true(turns++ < 10);
	}
	assert_int_equal(mempool_count(p->pool), 1);
	assert_true(pf_in(p, txs[0]));
	/* A deferred transaction is confirmed in the meantime. */
	block_unref(p->tip);
	p->tip = fx_mine(&p->fx, b, &txs[2], 1);
	fx_accept(&p->fx, p->tip);
	fx_settle(&p->fx);
	while (mempool_work(p->pool, 0))
		assert_true(turns++ < 20);
	assert_true(mempool_idle(p->pool));
	assert_true(pf_in(p, txs[0]) && pf_in(p, txs[1]));
	assert_false(mempool_has(p->pool, &txs[2]->id));
	block_unref(b);
	block_unref(fork);
	free_txs(txs, 3);
	pf_close(p);
}

static void returned_transactions_that_conflict_do_not_enter(void **state)
{
	struct pf *p = pf_open(&(struct fx_options){.maturity = 2}, 0);
	struct tx *a, *other, *of_coinbase, *fine;
	struct block *fork, *b;

	(void)state;
	pf_fan(p, 3);
	fork = block_ref(p->tip);
	a = pay_coin(p, 0, 1000);
	pf_mine(p, &a, 1);
	pf_mine(p, NULL, 0);
	of_coinbase = pay(p, fx_in_coinbase(fork), 1000); /* a coinbase that both branches have */
	pf_mine(p, NULL, 0);
	fine = pay_coin(p, 1, 1000);
	/* A transaction that spends a coinbase of the branch that becomes stale. */
	struct chain_entry at;
	struct err e = {0};
	fx_must(chain_at_height(p->fx.chain, 2, &at));
	fx_must_e(chain_read_block(p->fx.chain, at.index, &b, &e));
	struct tx *stale_reward = pay(p, fx_in_coinbase(b), 1000);
	block_unref(b);
	other = fx_pay_one(&p->fx, pf_coin(p, 0), 3, 500);
	b = fx_mine(&p->fx, fork, &other, 1);
	fx_accept(&p->fx, b);
	branch(p, b, 3);
	assert_false(pf_in(p, a) || pf_in(p, stale_reward));
	assert_true(pf_in(p, fine) && pf_in(p, of_coinbase));
	assert_int_equal(mempool_count(p->pool), 2);
	block_unref(b);
	block_unref(fork);
	free_txs((struct tx *[]){a, other, of_coinbase, fine, stale_reward}, 5);
	pf_close(p);
}

/* --- assembly ------------------------------------------------------------------------ */

static void expect_assembled(struct pf *p, size_t max_bytes, struct tx *const *want, size_t n_want,
			     int64_t want_fees)
{
	struct tx **txs;
	size_t n;
	int64_t fees;

	mempool_assemble(p->pool, max_bytes, &txs, &n, &fees);
	assert_int_equal(n, n_want);
	assert_int_equal(fees, want_fees);
	for (size_t i = 0; i < n; i++)
		assert_memory_equal(&txs[i]->id, &want[i]->id, sizeof(txs[i]->id));
	free_txs(txs, n);
	free(txs);
}

static void a_block_is_filled_by_fee_rate(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *low, *high, *middle;

	(void)state;
	pf_fan(p, 3);
	low = pay_coin(p, 0, 1000);
	high = pay_coin(p, 1, 3000);
	middle = pay_coin(p, 2, 2000);
	expect_assembled(p, 3 * 180, (struct tx *[]){high, middle, low}, 3, 6000);
	expect_assembled(p, 3 * 180 - 1, (struct tx *[]){high, middle}, 2, 5000);
	expect_assembled(p, 179, NULL, 0, 0);
	free_txs((struct tx *[]){low, high, middle}, 3);
	pf_close(p);
}

static void a_child_that_pays_well_is_mined_with_its_parent_first(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *parent, *child, *middle;

	(void)state;
	pf_fan(p, 2);
	parent = pay_coin(p, 0, 200);
	middle = pay_coin(p, 1, 2000);
	child = pay(p, fx_in(parent, 0, 0), 9000); /* on average 4,600 for each of the two */
	expect_assembled(p, 540, (struct tx *[]){parent, child, middle}, 3, 11200);
	/* If the block has no room for both, the other transaction gets in. */
	expect_assembled(p, 359, (struct tx *[]){middle}, 1, 2000);
	free_txs((struct tx *[]){parent, child, middle}, 3);
	pf_close(p);
}

/* --- at random ------------------------------------------------------------------------ */

#define RANDOM_STEPS 600
#define RANDOM_COINS 4096

struct random_run {
	struct pf *p;
	struct rng_seeded rng;
	struct fx_in coins[RANDOM_COINS]; /* some of them are spent */
	size_t n_coins;
};

static void note_coins(struct random_run *r, const struct tx *tx, uint32_t height)
{
	for (uint32_t i = 0; i < tx->n_out && r->n_coins < RANDOM_COINS; i++)
		r->coins[r->n_coins++] = fx_in(tx, i, height);
}

static void pay_at_random(struct random_run *r)
{
	const struct rng *rng = &r->rng.rng;
	const size_t n_in = 1 + rng_below(rng, 2), n_out = 1 + rng_below(rng, 3);
	struct fx_in in[2];
	struct fx_out out[3];
	int64_t sum = 0, fee = (int64_t)(200 + rng_below(rng, 5000));

	for (size_t i = 0; i < n_in; i++) {
		/* Mostly from the last coins, so that transactions get unconfirmed ancestors. */
		size_t back = rng_below(rng, rng_below(rng, 2) ? MIN(r->n_coins, (size_t)30)
							       : r->n_coins);
		in[i] = r->coins[r->n_coins - 1 - back];
		sum += in[i].coin.value;
	}
	if (sum < fee + (int64_t)n_out)
		return;
	for (size_t i = 0; i < n_out; i++)
		out[i] = (struct fx_out){.key = 0, .value = (sum - fee) / (int64_t)n_out};
	struct tx *tx = fx_pay(&r->p->fx, in, n_in, out, n_out);
	if (mempool_accept(r->p->pool, tx, NULL))
		note_coins(r, tx, 0);
	tx_unref(tx);
}

/* The assembled transactions must make a valid block. */
static void mine_at_random(struct random_run *r, size_t max_bytes)
{
	struct tx **txs;
	size_t n, bytes = 0;
	int64_t fees;

	mempool_assemble(r->p->pool, max_bytes, &txs, &n, &fees);
	for (size_t i = 0; i < n; i++)
		bytes += txs[i]->raw.len;
	assert_true(bytes <= max_bytes);
	pf_mine(r->p, txs, n);
	assert_true(fx_is_tip(&r->p->fx, r->p->tip));
	note_coins(r, &r->p->tip->tx[0], fx_height(r->p->tip));
	free_txs(txs, n);
	free(txs);
}

static void reorganise_at_random(struct random_run *r)
{
	struct chain_entry at;
	struct block *from;
	struct err e = {0};
	const uint32_t height = chain_height(r->p->fx.chain);
	const uint32_t back = 1 + (uint32_t)rng_below(&r->rng.rng, 4);

	if (height <= back + 1)
		return;
	fx_must(chain_at_height(r->p->fx.chain, height - back, &at));
	fx_must_e(chain_read_block(r->p->fx.chain, at.index, &from, &e));
	branch(r->p, from, back + 1);
	block_unref(from);
}

static bool is_coin(const struct pf *p, const struct outpoint *o)
{
	struct coin_view view = chain_coins(p->fx.chain);
	struct coin coin;
	struct mempool_entry parent;

	if (mempool_get(p->pool, &o->txid, &parent))
		return o->index < parent.tx->n_out;
	return view.get(view.ctx, o, &coin, NULL);
}

/* Every input spends, as the only one, a coin of the chain or of an earlier entry; the sums over
 * relatives are right. */
static void check_pool(const struct pf *p)
{
	const size_t n = mempool_count(p->pool);
	struct mempool_entry *all = mem_array(n + 1, sizeof(*all));
	uint64_t bytes = 0;
	int64_t fees = 0;

	assert_int_equal(mempool_list(p->pool, 0, all, n + 1), n);
	for (size_t i = 0; i < n; i++) {
		struct txid up[MEMPOOL_ANCESTORS_MAX], by;
		const size_t n_up = mempool_parents(p->pool, &all[i].tx->id, up, ARRAY_LEN(up));
		int64_t own = all[i].fee;

		bytes += all[i].tx->raw.len;
		fees += all[i].fee;
		for (uint32_t k = 0; k < all[i].tx->n_in; k++) {
			assert_true(is_coin(p, &all[i].tx->in[k].prev));
			assert_true(mempool_spends(p->pool, &all[i].tx->in[k].prev, &by));
			assert_memory_equal(&by, &all[i].tx->id, sizeof(by));
		}
		for (size_t k = 0; k < n_up; k++) {
			struct mempool_entry en;

			assert_true(mempool_get(p->pool, &up[k], &en));
			assert_true(en.seq < all[i].seq);
			own += n_up == 1 ? en.ancestor_fees : 0;
		}
		assert_true(n_up != 1 || own == all[i].ancestor_fees);
		assert_in_range(all[i].n_ancestors, 1 + (n_up > 0), MEMPOOL_ANCESTORS_MAX);
		assert_in_range(all[i].n_descendants, 1, MEMPOOL_DESCENDANTS_MAX);
	}
	assert_int_equal(bytes, mempool_bytes(p->pool));
	assert_int_equal(fees, mempool_total_fee(p->pool));
	free(all);
}

static void run_at_random(uint64_t seed)
{
	struct random_run *r = NEW(struct random_run);

	r->p = pf_open(&(struct fx_options){.maturity = 3}, 100000);
	rng_seeded_init(&r->rng, seed);
	pf_fan(r->p, 40);
	note_coins(r, r->p->fan, 1);
	for (unsigned i = 0; i < RANDOM_STEPS; i++) {
		const uint64_t dice = rng_below(&r->rng.rng, 100);

		if (dice < 85)
			pay_at_random(r);
		else if (dice < 96)
			mine_at_random(r, rng_below(&r->rng.rng, 6000));
		else
			reorganise_at_random(r);
		if (i % 8 == 0)
			check_pool(r->p);
	}
	/* In the end all entries can be mined. */
	for (unsigned i = 0; mempool_count(r->p->pool) && i < 5; i++)
		mine_at_random(r, 900000);
	assert_int_equal(mempool_count(r->p->pool), 0);
	assert_int_equal(mempool_memory(r->p->pool), 0);
	fx_check_coins(&r->p->fx);
	pf_close(r->p);
	free(r);
}

static void the_pool_can_be_mined_after_random_events(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++)
		run_at_random(seed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_lowest_fee_rate_leaves_a_full_pool_first),
		cmocka_unit_test(a_new_transaction_that_pays_least_is_refused_without_an_event),
		cmocka_unit_test(a_child_that_pays_well_protects_its_parent),
		cmocka_unit_test(descendants_leave_with_a_transaction),
		cmocka_unit_test(the_minimum_rate_halves_in_time_after_a_block),
		cmocka_unit_test(after_14_days_a_transaction_leaves),
		cmocka_unit_test(setting_the_clock_expires_nothing),
		cmocka_unit_test(age_counts_from_the_entry_into_an_earlier_mempool),
		cmocka_unit_test(a_block_removes_its_transactions_and_conflicting_ones),
		cmocka_unit_test(a_reorganisation_readmits_parents_before_children),
		cmocka_unit_test(a_child_of_two_returned_transactions_enters_after_both),
		cmocka_unit_test(a_returned_transaction_enters_whatever_its_fee),
		cmocka_unit_test(in_the_middle_of_a_reorganisation_nothing_is_dropped),
		cmocka_unit_test(of_too_many_returned_transactions_the_oldest_enter),
		cmocka_unit_test(returned_transactions_enter_a_few_at_a_time),
		cmocka_unit_test(returned_transactions_that_conflict_do_not_enter),
		cmocka_unit_test(a_block_is_filled_by_fee_rate),
		cmocka_unit_test(a_child_that_pays_well_is_mined_with_its_parent_first),
		cmocka_unit_test(the_pool_can_be_mined_after_random_events),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
