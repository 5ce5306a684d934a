/* Random trees of blocks, some of them invalid, accepted in random order with restarts and commits
 * in between. The chain ends at the best block, and its coins are those that the blocks of the best
 * chain create and spend. */
#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/rng.h>

#include "chain_listener.h"

#define NODES_MAX 120
#define COINS_MAX 12

struct node {
	struct block *b;
	unsigned parent;
	bool bad;                      /* the block or an ancestor is invalid */
	struct fx_in coins[COINS_MAX]; /* some coins that a child can spend */
	unsigned n_coins;
};

struct world {
	struct fx fx;
	struct listener l;
	struct rng_seeded rng;
	struct node nodes[NODES_MAX];
	unsigned n;
};

static unsigned below(struct world *w, unsigned n)
{
	return (unsigned)rng_below(&w->rng.rng, n);
}

static void keep_coin(struct world *w, struct node *n, struct fx_in in)
{
	if (n->n_coins < COINS_MAX)
		n->coins[n->n_coins++] = in;
	else
		n->coins[below(w, COINS_MAX)] = in;
}

static struct fx_in take_coin(struct world *w, struct node *n)
{
	unsigned i = below(w, n->n_coins);
	struct fx_in in = n->coins[i];

	n->coins[i] = n->coins[--n->n_coins];
	return in;
}

static struct tx *random_payment(struct world *w, struct node *n, uint32_t height,
				 bool bad_signature)
{
	struct fx_in in[2];
	struct fx_out out[2];
	size_t n_in = 1 + (n->n_coins > 1 && below(w, 2) == 0);
	int64_t sum = 0;
	struct tx *tx;

	for (size_t i = 0; i < n_in; i++) {
		in[i] = take_coin(w, n);
		sum += in[i].coin.value;
	}
	out[0] = (struct fx_out){below(w, FX_KEYS), sum / 3};
	out[1] = (struct fx_out){below(w, FX_KEYS), sum / 2};
	tx = fx_pay_with(&w->fx, in, n_in, out, 2,
			 &(struct fx_pay_options){.bad_signature = bad_signature});
	keep_coin(w, n, fx_in(tx, 0, height));
	keep_coin(w, n, fx_in(tx, 1, height));
	return tx;
}

/* Adds a child. badness 1: a bad signature; 2: a coin spent twice; 3: too high a reward; else it is
 * valid. */
static void grow(struct world *w, unsigned parent, unsigned badness)
{
	struct node *n = &w->nodes[w->n++];
	uint32_t height;
	struct tx *txs[6];
	size_t n_txs = 0, want = below(w, 4);
	struct fx_spec s;

	*n = w->nodes[parent];
	n->parent = parent;
	height = fx_height(n->b) + 1;
	while (n_txs < want && n->n_coins > 0)
		txs[n_txs++] = random_payment(w, n, height, false);
	if (badness == 1 && n->n_coins > 0)
		txs[n_txs++] = random_payment(w, n, height, true);
	else if (badness == 1)
		badness = 0;
	if (badness == 2 && n->n_coins > 0) {
		struct fx_in in = n->coins[0];

		txs[n_txs++] = fx_pay_one(&w->fx, in, 0, 1);
		txs[n_txs++] = fx_pay_one(&w->fx, in, 1, 2);
	} else if (badness == 2) {
		badness = 3;
	}
	s = (struct fx_spec){.parent = n->b, .txs = txs, .n_txs = n_txs, .key = below(w, FX_KEYS)};
	if (badness == 3)
		s.reward = MAX_MONEY / 4;
	n->bad = n->bad || (badness >= 1 && badness <= 3);
	n->b = fx_mine_spec(&w->fx, &s);
	keep_coin(w, n, fx_in_coinbase(n->b));
	while (n_txs > 0)
		tx_unref(txs[--n_txs]);
}

/* Gives the chain all headers in order, then all blocks in random order. */
static void feed(struct world *w)
{
	unsigned order[NODES_MAX];

	for (unsigned i = 1; i < w->n; i++) {
		order[i] = i;
		if (!w->nodes[i].bad || below(w, 2) == 0)
			(void)chain_accept_header(w->fx.chain, &w->nodes[i].b->header, NULL, NULL);
	}
	for (unsigned i = w->n - 1; i > 1; i--) {
		unsigned k = 1 + below(w, i), swap = order[i];

		/* Two of three blocks are swapped with one close by, the others with any. */
		if (below(w, 3) > 0 && i > 6)
			k = i - below(w, 6);
		order[i] = order[k];
		order[k] = swap;
	}
	for (unsigned i = 1; i < w->n; i++) {
		struct err e = {0};

		if (!chain_accept_block(w->fx.chain, w->nodes[order[i]].b, &e))
			assert_true(e.cls == ERR_INVALID || e.cls == ERR_ORPHAN);
		switch (below(w, 8)) {
		case 0:
			fx_settle(&w->fx);
			fx_check_coins(&w->fx);
			break;
		case 1:
			assert_true(chain_work(w->fx.chain, 0, NULL, NULL));
			break;
		case 2:
			chain_set_catching_up(w->fx.chain, below(w, 2) == 0);
			break;
		case 3:
			assert_true(chain_commit(w->fx.chain, NULL));
			break;
		}
		if (below(w, 25) == 0) {
			struct chain_entry tip;

			fx_restart(&w->fx);
			tip = chain_tip(w->fx.chain);
			w->l.at = tip.hash;
		}
	}
	/* Some were refused as orphans when they came. */
	for (unsigned i = 1; i < w->n; i++)
		(void)chain_accept_block(w->fx.chain, w->nodes[i].b, NULL);
}

static void assert_best(struct world *w)
{
	uint32_t best = 0;

	for (unsigned i = 0; i < w->n; i++) {
		if (!w->nodes[i].bad && fx_height(w->nodes[i].b) > best)
			best = fx_height(w->nodes[i].b);
	}
	assert_int_equal(chain_height(w->fx.chain), best);
	for (unsigned i = 0; i < w->n; i++) {
		if (fx_is_tip(&w->fx, w->nodes[i].b)) {
			assert_false(w->nodes[i].bad);
			assert_memory_equal(w->l.at.h.b, w->nodes[i].b->hash.h.b, HASH_BYTES);
			return;
		}
	}
	fail();
}

static void one_world(uint64_t seed, unsigned threads)
{
	struct world *w = NEW(struct world);
	struct node *root = &w->nodes[0];

	rng_seeded_init(&w->rng, seed);
	open_with_listener(&w->fx, &w->l, threads);
	root->b = block_ref(w->fx.genesis);
	root->coins[root->n_coins++] = fx_in_coinbase(root->b);
	w->n = 1;
	while (w->n < NODES_MAX) {
		/* Mostly a child of one of the last blocks, so that branches get long and fork near
		 * their ends. */
		unsigned back = below(w, 4) == 0 ? w->n : MIN(w->n, 4);

		grow(w, w->n - 1 - below(w, back), below(w, 12));
	}
	feed(w);
	fx_settle(&w->fx);
	assert_best(w);
	fx_check_coins(&w->fx);
	for (unsigned i = 0; i < w->n; i++)
		block_unref(w->nodes[i].b);
	fx_close(&w->fx);
	free(w);
}

static void random_trees_in_random_order_end_at_the_best_block(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= 6; seed++)
		one_world(seed, seed % 2 == 0 ? 2 : 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_trees_in_random_order_end_at_the_best_block),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
