/* Connecting blocks: which are accepted, which are refused, and the coins afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain/query_priv.h"
#include "chain_fixture.h"

static void genesis_is_the_first_tip(void **state)
{
	struct fx fx;
	struct chain_entry tip;
	struct u256 work;
	struct err e = {0};

	(void)state;
	fx_open(&fx, NULL);
	tip = chain_tip(fx.chain);
	assert_true(fx_is_tip(&fx, fx.genesis));
	assert_int_equal(tip.height, 0);
	assert_int_equal(tip.prev, CHAIN_NONE);
	work = work_of_bits(fx.genesis->header.bits);
	assert_int_equal(u256_cmp(&tip.work, &work), 0);
	assert_int_equal(chain_header_count(fx.chain), 1);
	assert_string_equal(chain_params(fx.chain)->name, "fixture");
	assert_true(fx_has_coin(&fx, &fx.genesis->tx[0], 0));
	assert_false(fx_has_coin(&fx, &fx.genesis->tx[0], 1)); /* the parameter record */
	assert_int_equal(fx_check_coins(&fx), 1);
	assert_false(chain_set_genesis(fx.chain, fx.genesis, &e));
	assert_int_equal(e.cls, ERR_KNOWN);
	fx_close(&fx);
}

static void without_genesis_every_block_is_an_orphan(void **state)
{
	struct fx fx;
	struct block *b;

	(void)state;
	fx_open(&fx, &(struct fx_options){.no_genesis = true});
	assert_false(chain_has_genesis(fx.chain));
	b = fx_mine(&fx, fx.genesis, NULL, 0);
	assert_int_equal(fx_refused(&fx, b).cls, ERR_ORPHAN);
	assert_true(chain_settle(fx.chain, NULL));
	assert_true(chain_commit(fx.chain, NULL));
	block_unref(b);
	fx_close(&fx);
}

static void a_block_extends_the_chain(void **state)
{
	struct fx fx;
	struct block *b;

	(void)state;
	fx_open(&fx, NULL);
	b = fx_extend(&fx, fx.genesis, 3);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	assert_int_equal(chain_height(fx.chain), 3);
	assert_int_equal(fx_check_coins(&fx), 4);
	assert_int_equal(fx_refused(&fx, b).cls, ERR_KNOWN);
	block_unref(b);
	fx_close(&fx);
}

static void a_payment_moves_a_coin(void **state)
{
	struct fx fx;
	struct tx *pay;
	struct block *b;
	struct chain_entry tip;
	struct coin *spent;
	size_t n;
	struct err e = {0};

	(void)state;
	fx_open(&fx, &(struct fx_options){.threads = 2});
	pay = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
	b = fx_mine(&fx, fx.genesis, &pay, 1);
	fx_accept(&fx, b);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	assert_false(fx_has_coin(&fx, &fx.genesis->tx[0], 0));
	assert_true(fx_has_coin(&fx, pay, 0));
	assert_int_equal(fx_check_coins(&fx), 2);
	tip = chain_tip(fx.chain);
	assert_true(chain_read_undo(fx.chain, tip.index, &spent, &n, &e));
	assert_int_equal(n, 1);
	assert_int_equal(spent[0].value, fx.params.reward);
	assert_memory_equal(spent[0].owner.b, fx.hashes[0].b, KEY_HASH_BYTES);
	free(spent);
	tx_unref(pay);
	block_unref(b);
	fx_close(&fx);
}

/* --- refused at connecting ---------------------------------------------------------- */

struct verdict {
	struct block_hash hash;
	struct err why;
	unsigned n;
};

static void on_invalid(void *arg, const struct block_hash *hash, const struct err *why)
{
	struct verdict *v = arg;

	v->hash = *hash;
	v->why = *why;
	v->n++;
}

static const struct chain_events invalid_events = {.invalid = on_invalid};

/* The block is stored, then found to be invalid for this reason. Tip and coins stay as they
 * were. */
static void assert_invalid(struct fx *fx, struct verdict *v, struct block *b, const char *token)
{
	struct chain_entry tip = chain_tip(fx->chain), at;

	v->n = 0;
	fx_accept(fx, b);
	fx_settle(fx);
	assert_int_equal(v->n, 1);
	assert_memory_equal(v->hash.h.b, b->hash.h.b, HASH_BYTES);
	assert_int_equal(v->why.cls, ERR_INVALID);
	assert_string_equal(v->why.token, token);
	assert_memory_equal(chain_tip(fx->chain).hash.h.b, tip.hash.h.b, HASH_BYTES);
	assert_true(chain_find(fx->chain, &b->hash, &at));
	assert_int_equal(at.status & CHAIN_FAILED, CHAIN_FAILED);
	fx_check_coins(fx);
	assert_string_equal(fx_refused(fx, b).token, "duplicate-invalid");
	block_unref(b);
}

static void a_coin_is_spent_once(void **state)
{
	struct verdict v = {0};
	struct fx fx;
	struct tx *txs[2];
	struct block *first, *b;

	(void)state;
	fx_open(&fx, &(struct fx_options){.events = &invalid_events, .events_arg = &v});
	txs[0] = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
	txs[1] = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 2, 2000);
	/* The same coin twice in one block. */
	assert_invalid(&fx, &v, fx_mine(&fx, fx.genesis, txs, 2), "bad-txns-inputs-missingorspent");
	/* The same coin in two blocks. */
	first = fx_mine(&fx, fx.genesis, &txs[0], 1);
	fx_accept(&fx, first);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, first));
	assert_invalid(&fx, &v, fx_mine(&fx, first, &txs[1], 1), "bad-txns-inputs-missingorspent");
	/* A coin that never existed: of a payment that is not in the chain. */
	tx_unref(txs[0]);
	txs[0] = fx_pay_one(&fx, fx_in(txs[1], 0, 1), 3, 1000);
	assert_invalid(&fx, &v, fx_mine(&fx, first, &txs[0], 1), "bad-txns-inputs-missingorspent");
	b = fx_extend(&fx, first, 1);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	tx_unref(txs[0]);
	tx_unref(txs[1]);
	block_unref(first);
	block_unref(b);
	fx_close(&fx);
}

static void payments_in_a_block_may_spend_only_earlier_ones(void **state)
{
	struct verdict v = {0};
	struct fx fx;
	struct tx *txs[3], *swapped[3];
	struct block *b;

	(void)state;
	fx_open(&fx, &(struct fx_options){.events = &invalid_events, .events_arg = &v});
	txs[0] = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
	txs[1] = fx_pay_one(&fx, fx_in(txs[0], 0, 1), 2, 1000);
	txs[2] = fx_pay_one(&fx, fx_in(txs[1], 0, 1), 3, 1000);
	swapped[0] = txs[1];
	swapped[1] = txs[0];
	swapped[2] = txs[2];
	assert_invalid(&fx, &v, fx_mine(&fx, fx.genesis, swapped, 3),
		       "bad-txns-inputs-missingorspent");
	b = fx_mine(&fx, fx.genesis, txs, 3);
	fx_accept(&fx, b);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	assert_int_equal(fx_check_coins(&fx), 2); /* the coinbase and the last payment */
	for (int i = 0; i < 3; i++)
		tx_unref(txs[i]);
	block_unref(b);
	fx_close(&fx);
}

static void a_coinbase_is_spent_at_maturity_and_not_before(void **state)
{
	struct verdict v = {0};
	struct fx fx;
	struct tx *pay;
	struct block *first, *second, *third, *b;

	(void)state;
	fx_open(&fx,
		&(struct fx_options){.maturity = 3, .events = &invalid_events, .events_arg = &v});
	first = fx_extend(&fx, fx.genesis, 1);
	second = fx_extend(&fx, first, 1);
	fx_settle(&fx);
	pay = fx_pay_one(&fx, fx_in_coinbase(first), 1, 1000);
	assert_invalid(&fx, &v, fx_mine(&fx, second, &pay, 1),
		       "bad-txns-premature-spend-of-coinbase");
	third = fx_extend(&fx, second, 1);
	fx_settle(&fx);
	b = fx_mine(&fx, third, &pay, 1); /* at height 4, a coin of height 1 */
	fx_accept(&fx, b);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	tx_unref(pay);
	block_unref(first);
	block_unref(second);
	block_unref(third);
	block_unref(b);
	fx_close(&fx);
}

static void a_bad_signature_fails_the_block_and_names_the_input(void **state)
{
	for (unsigned threads = 0; threads <= 2; threads += 2) {
		struct verdict v = {0};
		struct fx fx;
		struct tx *txs[2];
		struct fx_in in;
		struct fx_out out;

		(void)state;
		fx_open(&fx, &(struct fx_options){.threads = threads,
						  .events = &invalid_events,
						  .events_arg = &v});
		txs[0] = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
		in = fx_in(txs[0], 0, 1);
		out = (struct fx_out){.key = 2, .value = 5};
		txs[1] = fx_pay_with(&fx, &in, 1, &out, 1,
				     &(struct fx_pay_options){.bad_signature = true});
		assert_invalid(&fx, &v, fx_mine(&fx, fx.genesis, txs, 2),
			       "mandatory-script-verify-flag-failed");
		assert_string_equal(v.why.detail,
				    "transaction 2: the signature of input 0 is invalid");
		tx_unref(txs[0]);
		tx_unref(txs[1]);
		fx_close(&fx);
	}
}

static void the_reward_is_subsidy_and_fees_at_most(void **state)
{
	struct verdict v = {0};
	struct fx fx;
	struct tx *pay;
	struct fx_spec s;
	struct block *b;

	(void)state;
	fx_open(&fx, &(struct fx_options){.events = &invalid_events, .events_arg = &v});
	pay = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
	s = (struct fx_spec){.parent = fx.genesis,
			     .txs = &pay,
			     .n_txs = 1,
			     .reward = subsidy(&fx.params, 1) + 1001};
	assert_invalid(&fx, &v, fx_mine_spec(&fx, &s), "bad-cb-amount");
	s.reward--;
	b = fx_mine_spec(&fx, &s);
	fx_accept(&fx, b);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	tx_unref(pay);
	block_unref(b);
	fx_close(&fx);
}

/* --- refused on arrival ------------------------------------------------------------- */

static struct err refused(struct fx *fx, struct fx_spec s)
{
	struct block *b = fx_mine_spec(fx, &s);
	struct err e = fx_refused(fx, b);

	block_unref(b);
	return e;
}

static void a_block_without_work_costs_no_memory(void **state)
{
	struct fx fx;
	struct err e;

	(void)state;
	fx_open(&fx, NULL);
	e = refused(&fx, (struct fx_spec){.parent = fx.genesis, .bad_pow = true});
	assert_int_equal(e.cls, ERR_INVALID);
	assert_string_equal(e.token, "high-hash");
	e = refused(&fx, (struct fx_spec){.parent = fx.genesis, .bits = 0x1f0ffffe});
	assert_int_equal(e.cls, ERR_INVALID);
	assert_string_equal(e.token, "bad-diffbits");
	e = refused(&fx, (struct fx_spec){.parent = fx.genesis, .time = FX_GENESIS_TIME - 1});
	assert_string_equal(e.token, "time-too-old");
	assert_int_equal(chain_header_count(fx.chain), 1);
	fx_close(&fx);
}

static void wrong_bytes_do_not_mark_the_header_as_failed(void **state)
{
	struct fx fx;
	struct tx *pay;
	struct block *b, *wrong;
	struct span raws[2];
	struct err e;

	(void)state;
	fx_open(&fx, NULL);
	pay = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
	b = fx_mine(&fx, fx.genesis, &pay, 1);
	raws[0] = b->tx[0].raw;
	wrong = block_make(&b->header, raws, 1);
	e = fx_refused(&fx, wrong);
	assert_int_equal(e.cls, ERR_MUTATED);
	assert_int_equal(chain_header_count(fx.chain), 1);
	fx_accept(&fx, b);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	block_unref(wrong);
	block_unref(b);
	tx_unref(pay);
	fx_close(&fx);
}

static void a_block_invalid_by_itself_is_marked_and_so_are_its_children(void **state)
{
	struct fx fx;
	struct block *bad, *child;
	struct chain_entry at;
	struct err e;

	(void)state;
	fx_open(&fx, NULL);
	bad = fx_mine_spec(&fx, &(struct fx_spec){.parent = fx.genesis, .height = 7});
	child = fx_mine_spec(&fx, &(struct fx_spec){.parent = fx.genesis});
	block_unref(child);
	assert_string_equal(fx_refused(&fx, bad).token, "bad-cb-height");
	assert_true(chain_find(fx.chain, &bad->hash, &at));
	assert_int_equal(at.status, CHAIN_FAILED);
	child = fx_mine(&fx, bad, NULL, 0);
	e = fx_refused(&fx, child);
	assert_int_equal(e.cls, ERR_INVALID);
	assert_string_equal(e.token, "bad-prevblk");
	assert_false(chain_accept_header(fx.chain, &child->header, NULL, &e));
	assert_string_equal(e.token, "bad-prevblk");
	assert_false(chain_find(fx.chain, &child->hash, NULL));
	/* Also after a restart. */
	fx_restart(&fx);
	assert_string_equal(fx_refused(&fx, bad).token, "duplicate-invalid");
	assert_string_equal(fx_refused(&fx, child).token, "bad-prevblk");
	block_unref(bad);
	block_unref(child);
	fx_close(&fx);
}

static void an_unknown_parent_makes_an_orphan(void **state)
{
	struct fx fx;
	struct block *a, *b;
	chain_index at = 12345;
	struct err e = {0};

	(void)state;
	fx_open(&fx, NULL);
	a = fx_mine(&fx, fx.genesis, NULL, 0);
	b = fx_mine(&fx, a, NULL, 0);
	e = fx_refused(&fx, b);
	assert_int_equal(e.cls, ERR_ORPHAN);
	assert_string_equal(e.token, "prev-blk-not-found");
	assert_false(chain_accept_header(fx.chain, &b->header, &at, &e));
	assert_int_equal(e.cls, ERR_ORPHAN);
	assert_int_equal(at, 12345);
	assert_true(chain_accept_header(fx.chain, &a->header, &at, &e));
	assert_int_equal(at, 1);
	at = 0;
	assert_false(chain_accept_header(fx.chain, &a->header, &at, &e));
	assert_int_equal(e.cls, ERR_KNOWN);
	assert_int_equal(at, 1);
	fx_accept(&fx, b); /* the header of its parent is enough */
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, fx.genesis));
	fx_accept(&fx, a);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	block_unref(a);
	block_unref(b);
	fx_close(&fx);
}

/* --- the clock ---------------------------------------------------------------------- */

static void a_block_from_the_future_is_accepted_when_it_is_due(void **state)
{
	struct fx fx;
	struct block *edge, *late, *child;
	uint32_t now;
	struct err e;

	(void)state;
	fx_open(&fx, NULL);
	now = (uint32_t)clock_unix(fx.clock);
	edge = fx_mine_spec(&fx, &(struct fx_spec){.parent = fx.genesis, .time = now + 120});
	late = fx_mine_spec(&fx, &(struct fx_spec){.parent = edge, .time = now + 121});
	child = fx_mine_spec(&fx, &(struct fx_spec){.parent = late, .time = now + 121});
	fx_accept(&fx, edge);
	e = fx_refused(&fx, late);
	assert_int_equal(e.cls, ERR_FUTURE);
	assert_string_equal(e.token, "time-too-new");
	assert_int_equal(fx_refused(&fx, late).cls, ERR_FUTURE); /* a second time, kept only once */
	assert_int_equal(fx_refused(&fx, child).cls, ERR_FUTURE);
	assert_false(chain_accept_header(fx.chain, &late->header, NULL, &e));
	assert_int_equal(e.cls, ERR_FUTURE);
	assert_int_equal(chain_retry_future(fx.chain), 0);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, edge));
	clock_manual_advance(&fx.manual, 1000000);
	assert_int_equal(chain_retry_future(fx.chain), 2);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, child));
	assert_int_equal(chain_retry_future(fx.chain), 0);
	block_unref(edge);
	block_unref(late);
	block_unref(child);
	fx_close(&fx);
}

/* Descendants of a future block are kept, too, if they have the work that they must have. */
static void children_of_a_future_block_need_work(void **state)
{
	struct fx fx;
	struct block *parent, *child, *grandchild, *cheap, *weak;
	struct err e;
	uint32_t due;

	(void)state;
	fx_open(&fx, NULL);
	due = (uint32_t)clock_unix(fx.clock) + MAX_FUTURE_SECONDS + 10;
	parent = fx_mine_spec(&fx, &(struct fx_spec){.parent = fx.genesis, .time = due});
	child = fx_mine_spec(&fx, &(struct fx_spec){.parent = parent, .time = due});
	grandchild = fx_mine_spec(&fx, &(struct fx_spec){.parent = child, .time = due});
	cheap = fx_mine_spec(
		&fx, &(struct fx_spec){
			     .parent = child, .time = due, .bits = 0x207fffff, .bad_pow = false});
	weak = fx_mine_spec(&fx, &(struct fx_spec){.parent = child, .time = due, .bad_pow = true});
	e = fx_refused(&fx, parent);
	assert_int_equal(e.cls, ERR_FUTURE);
	e = fx_refused(&fx, child);
	assert_int_equal(e.cls, ERR_FUTURE);
	e = fx_refused(&fx, cheap);
	assert_int_equal(e.cls, ERR_INVALID);
	e = fx_refused(&fx, weak);
	assert_int_equal(e.cls, ERR_INVALID);
	assert_string_equal(e.token, "high-hash");
	e = fx_refused(&fx, grandchild);
	assert_int_equal(e.cls, ERR_FUTURE);
	clock_manual_advance(&fx.manual, 60 * INT64_C(1000000));
	assert_int_equal(chain_retry_future(fx.chain), 3);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, grandchild));
	block_unref(parent);
	block_unref(child);
	block_unref(grandchild);
	block_unref(cheap);
	block_unref(weak);
	fx_close(&fx);
}

static void the_future_blocks_that_are_due_first_are_kept(void **state)
{
	struct fx fx;
	uint32_t now;
	struct block *b, *upon;

	(void)state;
	fx_open(&fx, NULL);
	now = (uint32_t)clock_unix(fx.clock) + 121;
	/* Each block is due earlier than the one before. */
	for (uint32_t k = 0; k < CHAIN_FUTURE_MAX + 20; k++) {
		b = fx_mine_spec(&fx,
				 &(struct fx_spec){.parent = fx.genesis, .time = now + 200 - k});
		assert_int_equal(fx_refused(&fx, b).cls, ERR_FUTURE);
		block_unref(b);
	}
	/* A child whose time is before its parent's must not be tried again and again. */
	b = fx_mine_spec(&fx, &(struct fx_spec){.parent = fx.genesis, .time = now + 80});
	assert_int_equal(fx_refused(&fx, b).cls, ERR_FUTURE);
	upon = fx_mine_spec(&fx, &(struct fx_spec){.parent = b, .time = now - 100});
	assert_string_equal(fx_refused(&fx, upon).token, "time-too-old");
	block_unref(b);
	block_unref(upon);
	clock_manual_advance(&fx.manual, 1000 * INT64_C(1000000));
	assert_int_equal(chain_retry_future(fx.chain), CHAIN_FUTURE_MAX);
	assert_int_equal(chain_header_count(fx.chain), CHAIN_FUTURE_MAX + 1);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(genesis_is_the_first_tip),
		cmocka_unit_test(without_genesis_every_block_is_an_orphan),
		cmocka_unit_test(a_block_extends_the_chain),
		cmocka_unit_test(a_payment_moves_a_coin),
		cmocka_unit_test(a_coin_is_spent_once),
		cmocka_unit_test(payments_in_a_block_may_spend_only_earlier_ones),
		cmocka_unit_test(a_coinbase_is_spent_at_maturity_and_not_before),
		cmocka_unit_test(a_bad_signature_fails_the_block_and_names_the_input),
		cmocka_unit_test(the_reward_is_subsidy_and_fees_at_most),
		cmocka_unit_test(a_block_without_work_costs_no_memory),
		cmocka_unit_test(wrong_bytes_do_not_mark_the_header_as_failed),
		cmocka_unit_test(a_block_invalid_by_itself_is_marked_and_so_are_its_children),
		cmocka_unit_test(an_unknown_parent_makes_an_orphan),
		cmocka_unit_test(a_block_from_the_future_is_accepted_when_it_is_due),
		cmocka_unit_test(children_of_a_future_block_need_work),
		cmocka_unit_test(the_future_blocks_that_are_due_first_are_kept),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
