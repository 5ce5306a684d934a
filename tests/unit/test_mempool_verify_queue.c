/* Queued transactions and orphans: bounded, and fair to every origin. */
#include "pool_fixture.h"

/* --- the queue -------------------------------------------------------------------------- */

static void a_queue_takes_1000_of_an_origin_and_has_room_for_others(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *tx;
	struct err e = {0};

	(void)state;
	pf_fan(p, 1);
	tx = fx_pay_one(&p->fx, pf_coin(p, 0), 1, 1000);
	for (unsigned i = 0; i < 1000; i++) {
		assert_false(mempool_queue_full(p->pool, 1));
		assert_true(mempool_submit(p->pool, tx, 1, &e));
	}
	assert_true(mempool_queue_full(p->pool, 1));
	assert_false(mempool_submit(p->pool, tx, 1, &e));
	assert_int_equal(e.cls, ERR_BUSY);
	assert_string_equal(e.token, "mempool-queue-full");
	assert_true(mempool_submit(p->pool, tx, 2, &e));
	pf_work(p);
	assert_int_equal(p->n_verdicts, 1001);
	assert_int_equal(mempool_count(p->pool), 1);
	tx_unref(tx);
	pf_close(p);
}

/* An orphan of about 99,000 bytes. */
static struct tx *large_orphan(const struct pf *p, unsigned i)
{
	struct fx_out out[3190];
	struct fx_in in = pf_coin(p, 0);

	memset(&in.prev.txid, 7, sizeof(in.prev.txid));
	in.prev.index = i;
	for (size_t k = 0; k < ARRAY_LEN(out); k++)
		out[k] = (struct fx_out){.key = 1, .value = 1000};
	return fx_pay(&p->fx, &in, 1, out, ARRAY_LEN(out));
}

static void a_queue_takes_5_mb_of_an_origin(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *tx;
	size_t n = 0;

	(void)state;
	pf_fan(p, 1);
	tx = large_orphan(p, 0);
	for (; mempool_submit(p->pool, tx, 1, NULL); n++)
		;
	assert_int_equal(n, (5 << 20) / tx->raw.len + 1);
	assert_true(mempool_submit(p->pool, tx, 2, NULL));
	tx_unref(tx);
	pf_close(p);
}

static void an_origin_that_sends_much_does_not_delay_others(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *flood, *one;
	size_t at = 0;

	(void)state;
	pf_fan(p, 2);
	flood = fx_pay_one(&p->fx, pf_coin(p, 0), 1, 1000);
	one = fx_pay_one(&p->fx, pf_coin(p, 1), 1, 1000);
	for (unsigned i = 0; i < 900; i++)
		assert_true(mempool_submit(p->pool, flood, 1, NULL));
	assert_true(mempool_submit(p->pool, one, 2, NULL));
	pf_work(p);
	while (p->verdicts[at].origin != 2)
		at++;
	assert_true(at <= 1);
	assert_int_equal(p->verdicts[at].err.cls, ERR_NONE);
	tx_unref(flood);
	tx_unref(one);
	pf_close(p);
}

/* One batch with transactions of two origins: only those with a bad signature are refused. */
static void a_bad_signature_affects_only_its_transaction(void **state)
{
	struct pf *p = pf_open(&(struct fx_options){.threads = 2}, 0);
	struct fx_out out = {.key = 1, .value = 1000};
	struct tx *txs[20];

	(void)state;
	pf_fan(p, ARRAY_LEN(txs));
	for (uint32_t i = 0; i < ARRAY_LEN(txs); i++) {
		struct fx_in in = pf_coin(p, i);
		struct fx_pay_options po = {.bad_signature = i % 7 == 3};

		txs[i] = fx_pay_with(&p->fx, &in, 1, &out, 1, &po);
		assert_true(mempool_submit(p->pool, txs[i], 1 + i % 2, NULL));
	}
	pf_work(p);
	for (uint32_t i = 0; i < ARRAY_LEN(txs); i++) {
		assert_string_equal(pf_verdict_on(p, txs[i])->token,
				    i % 7 == 3 ? "mandatory-script-verify-flag-failed" : "");
		assert_int_equal(pf_in(p, txs[i]), i % 7 != 3);
		tx_unref(txs[i]);
	}
	pf_close(p);
}

static void ignore_job(void *arg, struct sigjob *job)
{
	(void)arg, (void)job;
}

/* A job of many signatures, so that the next job is not done at once. */
static struct sigjob *keep_busy(const struct pf *p)
{
	struct sigjob *j = sigjob_new(p->fx.sigpool, ignore_job, NULL);
	struct key_seed seed = {{1}};
	struct sigcheck c = {.digest = {{1}}};

	key_pubkey(&c.pub, &seed);
	key_sign(&c.sig, &seed, &c.digest);
	for (unsigned i = 0; i < 4000; i++)
		sigjob_add(j, &c, 1);
	sigjob_close(j);
	return j;
}

/* The origin of the third of five transactions is forgotten while signatures are being checked; the
 * first and the last have bad signatures. Each of the others still gets its own verdict. */
static void forgetting_an_origin_moves_no_verdict_to_another_transaction(void **state)
{
	struct pf *p = pf_open(&(struct fx_options){.threads = 1}, 0);
	struct fx_out out = {.key = 1, .value = 1000};
	struct tx *txs[5];
	struct sigjob *busy;

	(void)state;
	pf_fan(p, ARRAY_LEN(txs));
	busy = keep_busy(p);
	for (uint32_t i = 0; i < ARRAY_LEN(txs); i++) {
		struct fx_in in = pf_coin(p, i);
		struct fx_pay_options po = {.bad_signature = i == 0 || i == 4};

		txs[i] = fx_pay_with(&p->fx, &in, 1, &out, 1, &po);
		assert_true(mempool_submit(p->pool, txs[i], 1 + i, NULL));
	}
	mempool_work(p->pool, 1000000);
	assert_int_equal(p->n_verdicts, 0); /* signatures are being checked */
	mempool_forget_origin(p->pool, 3);
	pf_work(p);
	assert_int_equal(p->n_verdicts, 4);
	for (uint32_t i = 0; i < ARRAY_LEN(txs); i++) {
		const bool bad = i == 0 || i == 4;

		if (i != 2)
			assert_string_equal(pf_verdict_on(p, txs[i])->token,
					    bad ? "mandatory-script-verify-flag-failed" : "");
		assert_int_equal(pf_in(p, txs[i]), i == 1 || i == 3);
		tx_unref(txs[i]);
	}
	sigjob_free(busy);
	pf_close(p);
}

static void a_forgotten_origin_gets_no_verdicts(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *a, *b;

	(void)state;
	pf_fan(p, 2);
	a = fx_pay_one(&p->fx, pf_coin(p, 0), 1, 1000);
	b = fx_pay_one(&p->fx, pf_coin(p, 1), 1, 1000);
	assert_true(mempool_submit(p->pool, a, 1, NULL));
	assert_true(mempool_submit(p->pool, b, 2, NULL));
	assert_true(mempool_has(p->pool, &a->id));
	mempool_forget_origin(p->pool, 1);
	assert_false(mempool_has(p->pool, &a->id));
	pf_work(p);
	assert_int_equal(p->n_verdicts, 1);
	assert_true(pf_in(p, b) && !pf_in(p, a));
	tx_unref(a);
	tx_unref(b);
	pf_close(p);
}

/* --- orphans ------------------------------------------------------------------------------ */

static struct tx *orphan(const struct pf *p, uint32_t i)
{
	struct fx_in in = pf_coin(p, 0);

	memset(&in.prev.txid, 9, sizeof(in.prev.txid));
	in.prev.index = i;
	return fx_pay_one(&p->fx, in, 1, 1000);
}

static void an_orphan_enters_after_its_parent(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *a, *b, *c;

	(void)state;
	pf_fan(p, 1);
	a = fx_pay_one(&p->fx, pf_coin(p, 0), 0, 1000);
	b = fx_pay_one(&p->fx, fx_in(a, 0, 0), 0, 1000);
	c = fx_pay_one(&p->fx, fx_in(b, 0, 0), 0, 1000);
	pf_submit(p, c, 3);
	pf_submit(p, b, 2);
	assert_int_equal(pf_verdict_on(p, b)->cls, ERR_ORPHAN);
	assert_int_equal(mempool_orphan_count(p->pool), 2);
	assert_true(mempool_has(p->pool, &c->id) && !pf_in(p, c));
	pf_submit(p, a, 1);
	assert_int_equal(mempool_orphan_count(p->pool), 0);
	assert_int_equal(mempool_count(p->pool), 3);
	assert_int_equal(pf_verdict_on(p, b)->cls, ERR_NONE);
	assert_int_equal(pf_verdict_on(p, c)->cls, ERR_NONE);
	tx_unref(a);
	tx_unref(b);
	tx_unref(c);
	pf_close(p);
}

static void a_block_wakes_orphans_and_drops_conflicting_ones(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *parent, *child, *rival, *both;
	struct fx_in in[2];
	struct fx_out out = {.key = 1, .value = 1000};

	(void)state;
	pf_fan(p, 2);
	parent = fx_pay_one(&p->fx, pf_coin(p, 0), 0, 1000);
	child = fx_pay_one(&p->fx, fx_in(parent, 0, 0), 1, 1000);
	rival = fx_pay_one(&p->fx, pf_coin(p, 1), 1, 1000);
	in[0] = pf_coin(p, 1); /* `rival` spends it */
	in[1] = fx_in(child, 0, 0);
	both = fx_pay(&p->fx, in, 2, &out, 1);
	pf_submit(p, child, 1);
	pf_submit(p, both, 1);
	assert_int_equal(mempool_orphan_count(p->pool), 2);
	pf_mine(p, (struct tx *[]){parent, rival}, 2);
	pf_work(p);
	assert_true(pf_in(p, child));
	assert_int_equal(mempool_orphan_count(p->pool), 0);
	tx_unref(parent);
	tx_unref(child);
	tx_unref(rival);
	tx_unref(both);
	pf_close(p);
}

static void of_more_than_100_orphans_those_of_the_largest_origin_are_dropped(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *others, *first = NULL;

	(void)state;
	pf_fan(p, 1);
	others = orphan(p, 5000);
	pf_submit(p, others, 2);
	for (uint32_t i = 0; i < 99; i++) {
		struct tx *tx = orphan(p, i);

		pf_submit(p, tx, 1);
		if (i == 0)
			first = tx_ref(tx);
		tx_unref(tx);
	}
	assert_int_equal(mempool_orphan_count(p->pool), MEMPOOL_ORPHANS_MAX);
	assert_true(mempool_has(p->pool, &first->id));
	for (uint32_t i = 99; i < 130; i++) {
		struct tx *tx = orphan(p, i);

		pf_submit(p, tx, 1);
		assert_true(mempool_has(p->pool, &tx->id));
		tx_unref(tx);
	}
	assert_int_equal(mempool_orphan_count(p->pool), MEMPOOL_ORPHANS_MAX);
	assert_false(mempool_has(p->pool, &first->id));
	assert_true(mempool_has(p->pool, &others->id));
	/* Orphans of an origin that has disconnected stay. They are dropped first, since they are
	 * the most. */
	mempool_forget_origin(p->pool, 1);
	assert_int_equal(mempool_orphan_count(p->pool), MEMPOOL_ORPHANS_MAX);
	for (uint32_t i = 200; i < 230; i++) {
		struct tx *tx = orphan(p, i);

		pf_submit(p, tx, 3);
		assert_true(mempool_has(p->pool, &tx->id));
		tx_unref(tx);
	}
	assert_true(mempool_has(p->pool, &others->id));
	tx_unref(first);
	tx_unref(others);
	pf_close(p);
}

/* An attacker sends orphans from connections that it then closes. They displace only orphans
 * without another origin. */
static void an_orphan_with_a_second_origin_outlives_those_without(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *announced, *unannounced;

	(void)state;
	pf_fan(p, 1);
	announced = orphan(p, 9000);
	unannounced = orphan(p, 9001);
	pf_submit(p, announced, 1);
	pf_submit(p, unannounced, 1);
	mempool_orphan_announced(p->pool, &announced->id, 2);
	mempool_forget_origin(p->pool, 1);
	for (uint32_t i = 0; i < 150; i++) {
		struct tx *tx = orphan(p, i);

		pf_submit(p, tx, 3 + i / 30);
		if (i % 30 == 29)
			mempool_forget_origin(p->pool, 3 + i / 30);
		tx_unref(tx);
	}
	assert_true(mempool_has(p->pool, &announced->id));
	assert_false(mempool_has(p->pool, &unannounced->id));
	/* When both origins have disconnected, a third one may become the origin. */
	mempool_forget_origin(p->pool, 2);
	mempool_orphan_announced(p->pool, &announced->id, 9);
	for (uint32_t i = 200; i < 350; i++) {
		struct tx *tx = orphan(p, i);

		pf_submit(p, tx, 10);
		tx_unref(tx);
	}
	assert_true(mempool_has(p->pool, &announced->id));
	tx_unref(announced);
	tx_unref(unannounced);
	pf_close(p);
}

static void orphans_have_at_most_5_mb(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *small;
	size_t bytes = 0;

	(void)state;
	pf_fan(p, 1);
	small = orphan(p, 0);
	pf_submit(p, small, 2);
	for (unsigned i = 0; i < 60; i++) {
		struct tx *tx = large_orphan(p, i);

		pf_submit(p, tx, 1);
		bytes = tx->raw.len;
		tx_unref(tx);
	}
	assert_int_equal(mempool_orphan_count(p->pool),
			 1 + (MEMPOOL_ORPHAN_BYTES_MAX - small->raw.len) / bytes);
	assert_true(mempool_has(p->pool, &small->id));
	tx_unref(small);
	pf_close(p);
}

static void an_orphan_expires_after_20_minutes(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *tx;

	(void)state;
	pf_fan(p, 1);
	tx = orphan(p, 0);
	pf_submit(p, tx, 1);
	clock_manual_advance(&p->fx.manual, INT64_C(20) * 60 * 1000000);
	mempool_expire(p->pool);
	assert_int_equal(mempool_orphan_count(p->pool), 1);
	clock_manual_advance(&p->fx.manual, INT64_C(1000000));
	mempool_expire(p->pool);
	assert_int_equal(mempool_orphan_count(p->pool), 0);
	tx_unref(tx);
	pf_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_queue_takes_1000_of_an_origin_and_has_room_for_others),
		cmocka_unit_test(a_queue_takes_5_mb_of_an_origin),
		cmocka_unit_test(an_origin_that_sends_much_does_not_delay_others),
		cmocka_unit_test(a_bad_signature_affects_only_its_transaction),
		cmocka_unit_test(forgetting_an_origin_moves_no_verdict_to_another_transaction),
		cmocka_unit_test(a_forgotten_origin_gets_no_verdicts),
		cmocka_unit_test(an_orphan_enters_after_its_parent),
		cmocka_unit_test(a_block_wakes_orphans_and_drops_conflicting_ones),
		cmocka_unit_test(of_more_than_100_orphans_those_of_the_largest_origin_are_dropped),
		cmocka_unit_test(an_orphan_with_a_second_origin_outlives_those_without),
		cmocka_unit_test(orphans_have_at_most_5_mb),
		cmocka_unit_test(an_orphan_expires_after_20_minutes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
