/* Choosing between branches, and moving from one to the other. */
#include <tally/base/rng.h>

#include "chain_listener.h"

/* --- which is the best ------------------------------------------------------------------ */

static void between_equal_branches_the_first_stays(void **state)
{
	struct fx fx;
	struct listener l;
	struct block *a, *b, *b2;

	(void)state;
	open_with_listener(&fx, &l, 0);
	a = fx_extend(&fx, fx.genesis, 2);
	fx_settle(&fx);
	b = fx_extend(&fx, fx.genesis, 2);
	fx_settle(&fx);
	assert_at(&fx, &l, a);
	assert_int_equal(l.disconnected, 0);
	b2 = fx_extend(&fx, b, 1);
	fx_settle(&fx);
	assert_at(&fx, &l, b2);
	assert_int_equal(l.disconnected, 2);
	assert_int_equal(fx_check_coins(&fx), 4);
	block_unref(a);
	block_unref(b);
	block_unref(b2);
	fx_close(&fx);
}

/* The bodies decide, not the headers. */
static void between_equal_branches_the_first_complete_one_wins(void **state)
{
	struct fx fx;
	struct listener l;
	struct block *a1, *a2, *b1, *b2;

	(void)state;
	open_with_listener(&fx, &l, 0);
	a1 = fx_mine(&fx, fx.genesis, NULL, 0);
	a2 = fx_mine(&fx, a1, NULL, 0);
	b1 = fx_mine(&fx, fx.genesis, NULL, 0);
	b2 = fx_mine(&fx, b1, NULL, 0);
	assert_true(chain_accept_header(fx.chain, &a1->header, NULL, NULL));
	fx_accept(&fx, a2); /* the body of its parent is missing */
	fx_accept(&fx, b1);
	fx_accept(&fx, b2);
	fx_accept(&fx, a1);
	fx_settle(&fx);
	assert_at(&fx, &l, b2);
	assert_int_equal(l.connected, 2);
	block_unref(a1);
	block_unref(a2);
	block_unref(b1);
	block_unref(b2);
	fx_close(&fx);
}

static void after_a_restart_the_stored_tip_wins_the_tie(void **state)
{
	for (int first = 0; first < 2; first++) {
		struct fx fx;
		struct block *tips[2], *next;

		(void)state;
		fx_open(&fx, NULL);
		for (int k = 0; k < 2; k++) {
			tips[k] = fx_extend(&fx, fx.genesis, 3);
			if (k == 0 && first == 1) {
				/* Connect nothing yet. The code below makes the second branch the
				 * tip: it extends that branch first, then the other. */
				continue;
			}
			fx_settle(&fx);
		}
		assert_true(fx_is_tip(&fx, tips[0]));
		if (first == 1) {
			struct chain_entry at;

			next = fx_extend(&fx, tips[1], 1);
			fx_settle(&fx);
			assert_true(fx_is_tip(&fx, next));
			block_unref(tips[1]);
			tips[1] = next;
			next = fx_extend(&fx, tips[0], 1); /* a tie again */
			fx_settle(&fx);
			assert_true(chain_find(fx.chain, &next->hash, &at));
			block_unref(next);
		}
		fx_restart(&fx);
		fx_settle(&fx);
		assert_true(fx_is_tip(&fx, tips[first]));
		block_unref(tips[0]);
		block_unref(tips[1]);
		fx_close(&fx);
	}
}

static void bodies_may_come_in_any_order(void **state)
{
	enum { N = 40 };
	struct fx fx;
	struct listener l;
	struct rng_seeded rng;
	struct block *blocks[N], *at;

	(void)state;
	rng_seeded_init(&rng, 21);
	open_with_listener(&fx, &l, 0);
	at = fx.genesis;
	for (int i = 0; i < N; i++) {
		at = blocks[i] = fx_mine(&fx, at, NULL, 0);
		assert_true(chain_accept_header(fx.chain, &at->header, NULL, NULL));
	}
	assert_int_equal(chain_best_header(fx.chain).height, N);
	for (int i = N - 1; i > 0; i--) {
		int k = (int)rng_below(&rng.rng, (uint64_t)i + 1);
		struct block *swap = blocks[i];

		blocks[i] = blocks[k];
		blocks[k] = swap;
	}
	for (int i = 0; i < N; i++) {
		fx_accept(&fx, blocks[i]);
		if (i % 7 == 0)
			fx_settle(&fx);
		if (i == N / 2) /* while some blocks lack a parent */
			fx_restart(&fx);
	}
	fx_settle(&fx);
	assert_int_equal(chain_height(fx.chain), N);
	assert_int_equal(l.connected, N);
	assert_int_equal(fx_check_coins(&fx), N + 1);
	for (int i = 0; i < N; i++)
		block_unref(blocks[i]);
	fx_close(&fx);
}

/* --- reorganisations -------------------------------------------------------------------- */

static void reorg_restores_spent_coins(void **state)
{
	struct fx fx;
	struct listener l;
	struct tx *pay;
	struct block *a, *b;

	(void)state;
	open_with_listener(&fx, &l, 2);
	pay = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
	a = fx_mine(&fx, fx.genesis, &pay, 1);
	fx_accept(&fx, a);
	fx_settle(&fx);
	assert_false(fx_has_coin(&fx, &fx.genesis->tx[0], 0));
	b = fx_extend(&fx, fx.genesis, 2);
	fx_settle(&fx);
	assert_at(&fx, &l, b);
	assert_true(fx_has_coin(&fx, &fx.genesis->tx[0], 0));
	assert_false(fx_has_coin(&fx, pay, 0));
	assert_int_equal(fx_check_coins(&fx), 3);
	tx_unref(pay);
	block_unref(a);
	block_unref(b);
	fx_close(&fx);
}

/* n blocks, each of which spends the reward of the one before. */
static struct block *extend_spending(struct fx *fx, struct block *parent, unsigned n)
{
	struct block *b = block_ref(parent);

	for (unsigned i = 0; i < n; i++) {
		struct tx *pay = fx_pay_one(fx, fx_in_coinbase(b), i % FX_KEYS, 500);
		struct block *next = fx_mine(fx, b, &pay, 1);

		fx_accept(fx, next);
		tx_unref(pay);
		block_unref(b);
		b = next;
	}
	return b;
}

static void two_reorganisations_of_200_blocks_restore_the_coins(void **state)
{
	struct fx fx;
	struct listener l;
	struct block *root, *a, *b, *a2;

	(void)state;
	open_with_listener(&fx, &l, 2);
	root = fx_extend(&fx, fx.genesis, 2);
	a = extend_spending(&fx, root, 200);
	fx_settle(&fx);
	assert_at(&fx, &l, a);
	assert_int_equal(fx_check_coins(&fx), 203);
	b = extend_spending(&fx, root, 201);
	fx_settle(&fx);
	assert_at(&fx, &l, b);
	assert_int_equal(l.disconnected, 200);
	assert_int_equal(l.lowest, 3);
	fx_check_coins(&fx);
	a2 = extend_spending(&fx, a, 2);
	fx_settle(&fx);
	assert_at(&fx, &l, a2);
	assert_int_equal(l.disconnected, 401);
	assert_int_equal(l.tips, 3);
	fx_check_coins(&fx);
	fx_restart(&fx);
	assert_true(fx_is_tip(&fx, a2));
	fx_check_coins(&fx);
	block_unref(root);
	block_unref(a);
	block_unref(b);
	block_unref(a2);
	fx_close(&fx);
}

static void an_invalid_block_in_the_better_branch_restores_the_old_tip(void **state)
{
	struct fx fx;
	struct listener l;
	struct tx *spend, *again;
	struct block *a, *b1, *b2, *b3, *b4;
	struct chain_entry at;
	unsigned tips;

	(void)state;
	open_with_listener(&fx, &l, 2);
	spend = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 1, 1000);
	again = fx_pay_one(&fx, fx_in_coinbase(fx.genesis), 2, 1000);
	a = extend_spending(&fx, fx.genesis, 3);
	fx_settle(&fx);
	assert_at(&fx, &l, a);
	tips = l.tips;
	/* The third of four blocks is invalid; together they have more work than `a`. */
	b1 = fx_mine(&fx, fx.genesis, &spend, 1);
	b2 = fx_mine(&fx, b1, NULL, 0);
	b3 = fx_mine(&fx, b2, &again, 1);
	b4 = fx_mine(&fx, b3, NULL, 0);
	fx_accept(&fx, b1);
	fx_accept(&fx, b2);
	fx_accept(&fx, b3);
	fx_accept(&fx, b4);
	fx_settle(&fx);
	assert_at(&fx, &l, a);
	assert_int_equal(l.invalid, 1);
	assert_int_equal(
		l.tips,
		tips + 1); /* reported, since blocks were disconnected and connected again */
	assert_true(chain_find(fx.chain, &b3->hash, &at));
	assert_int_equal(at.status & (CHAIN_FAILED | CHAIN_FAILED_ANCESTOR), CHAIN_FAILED);
	assert_true(chain_find(fx.chain, &b4->hash, &at));
	assert_int_equal(at.status & (CHAIN_FAILED | CHAIN_FAILED_ANCESTOR), CHAIN_FAILED_ANCESTOR);
	assert_true(chain_find(fx.chain, &b2->hash, &at));
	assert_int_equal(at.status & (CHAIN_FAILED | CHAIN_FAILED_ANCESTOR), 0);
	assert_int_equal(chain_best_header(fx.chain).height, 3);
	fx_check_coins(&fx);
	/* The valid part of the branch may still become the best chain. */
	block_unref(b4);
	b4 = fx_extend(&fx, b2, 2);
	fx_settle(&fx);
	assert_at(&fx, &l, b4);
	fx_check_coins(&fx);
	tx_unref(spend);
	tx_unref(again);
	block_unref(a);
	block_unref(b1);
	block_unref(b2);
	block_unref(b3);
	block_unref(b4);
	fx_close(&fx);
}

/* Blocks of two branches may have the same coinbase transaction. */
static void branches_may_share_a_coinbase(void **state)
{
	struct fx fx;
	struct listener l;
	struct block *a, *b, *b2;
	struct tx *spend;

	(void)state;
	open_with_listener(&fx, &l, 0);
	a = fx_mine(&fx, fx.genesis, NULL, 0);
	fx.extra--;
	b = fx_mine_spec(
		&fx, &(struct fx_spec){.parent = fx.genesis, .time = fx.genesis->header.time + 9});
	assert_memory_equal(a->tx[0].id.h.b, b->tx[0].id.h.b, HASH_BYTES);
	fx_accept(&fx, a);
	fx_settle(&fx);
	fx_accept(&fx, b);
	spend = fx_pay_one(&fx, fx_in_coinbase(b), 3, 10);
	b2 = fx_mine(&fx, b, &spend, 1);
	fx_accept(&fx, b2);
	fx_settle(&fx);
	assert_at(&fx, &l, b2);
	assert_false(fx_has_coin(&fx, &b->tx[0], 0));
	fx_check_coins(&fx);
	tx_unref(spend);
	block_unref(a);
	block_unref(b);
	block_unref(b2);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(between_equal_branches_the_first_stays),
		cmocka_unit_test(between_equal_branches_the_first_complete_one_wins),
		cmocka_unit_test(after_a_restart_the_stored_tip_wins_the_tie),
		cmocka_unit_test(bodies_may_come_in_any_order),
		cmocka_unit_test(reorg_restores_spent_coins),
		cmocka_unit_test(two_reorganisations_of_200_blocks_restore_the_coins),
		cmocka_unit_test(an_invalid_block_in_the_better_branch_restores_the_old_tip),
		cmocka_unit_test(branches_may_share_a_coinbase),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
