/* Many blocks at once: applied ahead of their signatures, commits that are shared or not, bounded
 * memory. */
#include <tally/base/mem.h>

#include "chain/query_priv.h"
#include "chain_listener.h"

/* n blocks after genesis, each of which spends the reward of the one before. Block number `bad` has
 * a bad signature. */
static void mine_spending(struct fx *fx, struct block **out, unsigned n, unsigned bad)
{
	struct block *parent = fx->genesis;

	for (unsigned i = 0; i < n; i++) {
		struct fx_in in = fx_in_coinbase(parent);
		struct fx_out to = {.key = i % FX_KEYS, .value = in.coin.value};
		struct tx *pay =
			fx_pay_with(fx, &in, 1, &to, 1,
				    &(struct fx_pay_options){.bad_signature = i + 1 == bad});

		parent = out[i] = fx_mine(fx, parent, &pay, 1);
		tx_unref(pay);
	}
}

static void unref_all(struct block **blocks, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		block_unref(blocks[i]);
}

/* --- applied ahead ---------------------------------------------------------------------- */

static void a_bad_signature_undoes_the_blocks_applied_ahead(void **state)
{
	for (int way = 0; way < 4; way++) {
		struct fx fx;
		struct listener l;
		struct block *blocks[30], *other;

		(void)state;
		open_with_listener(&fx, &l, way % 2 == 0 ? 2 : 0);
		chain_set_catching_up(fx.chain, way >= 2);
		mine_spending(&fx, blocks, 30, 13);
		for (unsigned i = 0; i < 30; i++)
			fx_accept(&fx, blocks[i]);
		fx_settle(&fx);
		assert_at(&fx, &l, blocks[11]);
		assert_int_equal(l.connected, 12);
		assert_int_equal(l.disconnected, 0);
		assert_int_equal(l.invalid, 1);
		assert_int_equal(fx_check_coins(&fx), 13);
		other = fx_extend(&fx, blocks[11], 3);
		fx_settle(&fx);
		assert_at(&fx, &l, other);
		fx_check_coins(&fx);
		unref_all(blocks, 30);
		block_unref(other);
		fx_close(&fx);
	}
}

/* A better branch arrives while blocks of another one are applied and not connected. */
static void a_better_branch_undoes_the_blocks_applied_ahead(void **state)
{
	struct fx fx;
	struct listener l;
	struct block *blocks[8], *other;

	(void)state;
	open_with_listener(&fx, &l, 2);
	mine_spending(&fx, blocks, 8, 0);
	for (unsigned i = 0; i < 8; i++)
		fx_accept(&fx, blocks[i]);
	for (int k = 0; k < 9; k++)
		assert_true(chain_work(fx.chain, 0, NULL, NULL));
	assert_false(chain_settled(fx.chain));
	assert_int_equal(chain_height(fx.chain), 0);
	other = fx_extend(&fx, fx.genesis, 9);
	fx_settle(&fx);
	assert_at(&fx, &l, other);
	assert_int_equal(l.disconnected, 0);
	fx_check_coins(&fx);
	unref_all(blocks, 8);
	block_unref(other);
	fx_close(&fx);
}

static void closing_undoes_the_blocks_applied_ahead(void **state)
{
	struct fx fx;
	struct block *blocks[8];

	(void)state;
	fx_open(&fx, &(struct fx_options){.threads = 2});
	mine_spending(&fx, blocks, 8, 0);
	for (unsigned i = 0; i < 8; i++)
		fx_accept(&fx, blocks[i]);
	for (int k = 0; k < 9; k++)
		assert_true(chain_work(fx.chain, 0, NULL, NULL));
	assert_false(chain_settled(fx.chain));
	fx_restart(&fx);
	assert_int_equal(chain_height(fx.chain), 0);
	assert_int_equal(fx_check_coins(&fx), 1);
	fx_settle(&fx); /* the bodies were stored */
	assert_true(fx_is_tip(&fx, blocks[7]));
	unref_all(blocks, 8);
	fx_close(&fx);
}

static bool say_verified(void *arg, const struct txid *id)
{
	(void)id;
	++*(unsigned *)arg;
	return true;
}

static void a_signature_checked_before_is_not_checked_again(void **state)
{
	static const struct chain_events events = {.verified = say_verified};
	unsigned asked = 0;
	struct fx fx;
	struct block *b;

	(void)state;
	fx_open(&fx, &(struct fx_options){.events = &events, .events_arg = &asked});
	mine_spending(&fx, &b, 1, 1); /* its signature is bad: checking it would fail */
	fx_accept(&fx, b);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	assert_int_equal(asked, 1);
	block_unref(b);
	fx_close(&fx);
}

/* --- commits ------------------------------------------------------------------------------ */

struct durability {
	struct fx *fx;
	unsigned told;
};

static void on_connected_durable(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct durability *d = arg;

	(void)at;
	(void)b;
	assert_int_equal(store_pending(d->fx->store), 0);
	d->told++;
}

static void at_the_tip_a_block_is_on_disk_before_it_is_reported(void **state)
{
	static const struct chain_events events = {.connected = on_connected_durable};
	struct fx fx;
	struct durability d = {.fx = &fx};
	struct block *blocks[20];

	(void)state;
	fx_open(&fx, &(struct fx_options){.threads = 2, .events = &events, .events_arg = &d});
	mine_spending(&fx, blocks, 20, 0);
	for (unsigned i = 0; i < 20; i++) {
		fx_accept(&fx, blocks[i]);
		if (i < 5)
			fx_settle(&fx);
	}
	fx_settle(&fx);
	assert_int_equal(d.told, 20);
	fx_crash(&fx);
	assert_true(fx_is_tip(&fx, blocks[19]));
	fx_check_coins(&fx);
	unref_all(blocks, 20);
	fx_close(&fx);
}

static void while_catching_up_many_blocks_share_a_commit(void **state)
{
	struct fx fx;
	struct listener l;
	struct block *a, *b, *c;

	(void)state;
	open_with_listener(&fx, &l, 0);
	chain_set_catching_up(fx.chain, true);
	a = fx_extend(&fx, fx.genesis, 150);
	fx_settle(&fx);
	assert_at(&fx, &l, a);
	assert_int_equal(l.committed, 0);
	/* After five seconds a commit is due. */
	clock_manual_advance(&fx.manual, 5 * 1000000);
	fx_settle(&fx);
	assert_int_equal(l.committed, 1);
	fx_settle(&fx);
	clock_manual_advance(&fx.manual, 60 * 1000000);
	fx_settle(&fx);
	assert_int_equal(l.committed, 1); /* nothing to commit */
	b = fx_extend(&fx, a, 50);
	fx_settle(&fx);
	assert_int_equal(l.committed, 1);
	/* A crash loses only what is not committed. */
	fx_crash(&fx);
	assert_true(fx_is_tip(&fx, a));
	fx_check_coins(&fx);
	l.at = a->hash;
	chain_set_catching_up(fx.chain, true);
	c = fx_extend(&fx, a, 20);
	fx_settle(&fx);
	assert_int_equal(l.committed, 1);
	/* When catching up ends, the chain commits at once. */
	chain_set_catching_up(fx.chain, false);
	fx_settle(&fx);
	assert_int_equal(l.committed, 2);
	fx_crash(&fx);
	assert_true(fx_is_tip(&fx, c));
	fx_check_coins(&fx);
	block_unref(a);
	block_unref(b);
	block_unref(c);
	fx_close(&fx);
}

static void chain_commit_works_at_any_step(void **state)
{
	struct fx fx;
	struct listener l;
	struct block *blocks[12];
	struct chain_entry tip;

	(void)state;
	open_with_listener(&fx, &l, 2);
	chain_set_catching_up(fx.chain, true);
	mine_spending(&fx, blocks, 12, 0);
	for (unsigned i = 0; i < 12; i++)
		fx_accept(&fx, blocks[i]);
	for (unsigned k = 0; k < 12; k++) {
		assert_true(chain_work(fx.chain, 0, NULL, NULL));
		assert_true(chain_commit(fx.chain, NULL));
		assert_true(chain_settled(fx.chain));
		tip = chain_tip(fx.chain);
		fx_crash(&fx);
		assert_memory_equal(chain_tip(fx.chain).hash.h.b, tip.hash.h.b, HASH_BYTES);
		fx_check_coins(&fx);
	}
	fx_settle(&fx);
	assert_at(&fx, &l, blocks[11]);
	unref_all(blocks, 12);
	fx_close(&fx);
}

static void a_header_without_a_block_is_stored_with_the_next_commit(void **state)
{
	struct fx fx;
	struct block *b;
	struct chain_entry at;
	struct block_header h;

	(void)state;
	fx_open(&fx, NULL);
	b = fx_mine(&fx, fx.genesis, NULL, 0);
	assert_true(chain_accept_header(fx.chain, &b->header, NULL, NULL));
	assert_true(chain_read_header(fx.chain, 1, &h, NULL));
	assert_int_equal(h.nonce, b->header.nonce);
	fx_settle(&fx);
	clock_manual_advance(&fx.manual, 5 * 1000000);
	fx_settle(&fx);
	fx_crash(&fx);
	assert_true(chain_find(fx.chain, &b->hash, &at));
	assert_int_equal(at.status, 0);
	assert_true(chain_read_header(fx.chain, at.index, &h, NULL));
	assert_memory_equal(h.merkle_root.b, b->header.merkle_root.b, HASH_BYTES);
	block_unref(b);
	fx_close(&fx);
}

/* --- size --------------------------------------------------------------------------------- */

#define FAN 1500

/* A transaction that splits a coin into FAN coins. */
static struct tx *fan_out(struct fx *fx, struct fx_in in)
{
	struct fx_out *out = mem_array(FAN, sizeof(*out));
	struct tx *tx;

	for (unsigned i = 0; i < FAN; i++)
		out[i] = (struct fx_out){.key = i % FX_KEYS, .value = in.coin.value / FAN / 2};
	tx = fx_pay(fx, &in, 1, out, FAN);
	free(out);
	return tx;
}

/* A block with n transactions, each of which splits an output of `from`. */
static struct block *mine_fans(struct fx *fx, const struct block *parent, const struct tx *from,
			       unsigned n)
{
	struct tx *txs[16];
	uint32_t height = fx_height(parent);
	struct block *b;

	for (unsigned i = 0; i < n; i++)
		txs[i] = fan_out(fx, fx_in(from, i, height));
	b = fx_mine(fx, parent, txs, n);
	for (unsigned i = 0; i < n; i++)
		tx_unref(txs[i]);
	return b;
}

static void catching_up_stays_within_its_memory(void **state)
{
	const size_t bound = 4 << 20;
	struct fx fx;
	struct block *b, *next;
	enum chain_work_state st;
	size_t most = 0;

	(void)state;
	fx_open(&fx, &(struct fx_options){.cache_bytes = bound});
	chain_set_catching_up(fx.chain, true);
	b = mine_fans(&fx, fx.genesis, &fx.genesis->tx[0], 1);
	fx_accept(&fx, b);
	for (unsigned i = 0; i < 5; i++) { /* altogether 75,000 coins, 6 MB */
		next = mine_fans(&fx, b, &b->tx[1], 10);
		fx_accept(&fx, next);
		block_unref(b);
		b = next;
		do {
			assert_true(chain_work(fx.chain, 0, &st, NULL));
			if (chain_memory(fx.chain) > most)
				most = chain_memory(fx.chain);
		} while (st != CHAIN_IDLE);
	}
	assert_true(fx_is_tip(&fx, b));
	assert_in_range(most, bound / 2, bound + (512 << 10));
	assert_int_equal(fx_check_coins(&fx), 6 + FAN + 50 * (FAN - 1));
	block_unref(b);
	fx_close(&fx);
}

/* Undoing a block adds the coins that it spent and removes those that it created: both are changes
 * in the cache. */
static void a_reorganisation_stays_within_its_memory(void **state)
{
	const size_t bound = 1 << 20;
	struct fx fx;
	struct block *b, *next, *fork, *other;
	enum chain_work_state st;
	size_t most = 0;

	(void)state;
	fx_open(&fx, &(struct fx_options){.cache_bytes = bound});
	fork = b = mine_fans(&fx, fx.genesis, &fx.genesis->tx[0], 1);
	fx_accept(&fx, b);
	fx_settle(&fx);
	block_ref(fork);
	for (unsigned i = 0; i < 4; i++) { /* 15,000 coins a block, 1.2 MB */
		next = mine_fans(&fx, b, &b->tx[1], 10);
		fx_accept(&fx, next);
		fx_settle(&fx);
		block_unref(b);
		b = next;
	}
	other = block_ref(fork);
	for (unsigned i = 0; i < 5; i++) {
		next = fx_mine(&fx, other, NULL, 0);
		fx_accept(&fx, next);
		block_unref(other);
		other = next;
	}
	do {
		assert_true(chain_work(fx.chain, 0, &st, NULL));
		if (chain_memory(fx.chain) > most)
			most = chain_memory(fx.chain);
	} while (st != CHAIN_IDLE);
	assert_true(fx_is_tip(&fx, other));
	assert_in_range(most, bound / 2, bound + (512 << 10));
	block_unref(other);
	block_unref(fork);
	block_unref(b);
	fx_close(&fx);
}

static void a_large_block_is_connected_in_many_small_steps(void **state)
{
	struct fx fx;
	struct block *b, *next, *other;
	enum chain_work_state st;
	unsigned steps = 0;

	(void)state;
	fx_open(&fx, NULL);
	b = mine_fans(&fx, fx.genesis, &fx.genesis->tx[0], 1);
	fx_accept(&fx, b);
	fx_settle(&fx);
	next = mine_fans(&fx, b, &b->tx[1], 16);
	fx_accept(&fx, next);
	do {
		assert_true(chain_work(fx.chain, 0, &st, NULL));
		steps += st != CHAIN_WAITING; /* while the disk writes, a call does nothing */
	} while (st != CHAIN_IDLE);
	assert_true(fx_is_tip(&fx, next));
	assert_in_range(steps, 16 + 16 * FAN / 64, 1000);
	/* It is undone in many small steps as well. */
	other = fx_extend(&fx, b, 2);
	for (steps = 0; chain_height(fx.chain) > 1; steps += st != CHAIN_WAITING)
		assert_true(chain_work(fx.chain, 0, &st, NULL));
	assert_in_range(steps, 16, 1000);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, other));
	assert_int_equal(fx_check_coins(&fx), 3 + FAN);
	block_unref(b);
	block_unref(next);
	block_unref(other);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bad_signature_undoes_the_blocks_applied_ahead),
		cmocka_unit_test(a_better_branch_undoes_the_blocks_applied_ahead),
		cmocka_unit_test(closing_undoes_the_blocks_applied_ahead),
		cmocka_unit_test(a_signature_checked_before_is_not_checked_again),
		cmocka_unit_test(at_the_tip_a_block_is_on_disk_before_it_is_reported),
		cmocka_unit_test(while_catching_up_many_blocks_share_a_commit),
		cmocka_unit_test(chain_commit_works_at_any_step),
		cmocka_unit_test(a_header_without_a_block_is_stored_with_the_next_commit),
		cmocka_unit_test(catching_up_stays_within_its_memory),
		cmocka_unit_test(a_reorganisation_stays_within_its_memory),
		cmocka_unit_test(a_large_block_is_connected_in_many_small_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
