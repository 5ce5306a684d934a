/* The tree of headers: ancestors, forks, the best header, memory. The hashes are random. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/bytes.h>
#include <tally/base/rng.h>

#include "chain/tree_priv.h"

#define EASY UINT32_C(0x1f0fffff)
#define HARD UINT32_C(0x1f07ffff) /* twice the work */

/* Adds a header with a random hash. */
static chain_index add(struct tree *t, const struct rng *rng, chain_index prev, uint32_t bits)
{
	struct block_header h = {.version = 1, .time = t->len, .bits = bits};
	struct block_hash hash;
	chain_index i;

	rng_fill(rng, hash.h.b, sizeof(hash.h.b));
	i = tree_add(t, &(struct new_header){.hash = &hash,
					     .header = &h,
					     .prev = prev,
					     .seq = TREE_SEQ_NEXT,
					     .status = CHAIN_HAVE_BODY | TREE_COMPLETE});
	assert_int_not_equal(i, CHAIN_NONE);
	assert_int_equal(tree_find(t, &hash), i);
	tree_at(t, i)->complete_order = i;
	return i;
}

static chain_index naive_ancestor(const struct tree *t, chain_index i, uint32_t height)
{
	while (tree_at(t, i)->height > height)
		i = tree_at(t, i)->prev;
	return i;
}

static chain_index naive_fork(const struct tree *t, chain_index a, chain_index b)
{
	while (a != b) {
		if (tree_at(t, a)->height >= tree_at(t, b)->height)
			a = tree_at(t, a)->prev;
		else
			b = tree_at(t, b)->prev;
	}
	return a;
}

/* A random tree with long branches. */
static void grow(struct tree *t, const struct rng *rng, size_t n)
{
	chain_index at = add(t, rng, CHAIN_NONE, EASY);

	while (t->len < n) {
		if (rng_below(rng, 40) == 0)
			at = (chain_index)rng_below(rng, t->len);
		at = add(t, rng, at, EASY);
	}
}

static void ancestors_and_forks_equal_those_of_a_simple_search(void **state)
{
	struct rng_seeded rng;
	struct tree t;

	(void)state;
	rng_seeded_init(&rng, 1);
	tree_init(&t);
	grow(&t, &rng.rng, 3000);
	for (int k = 0; k < 20000; k++) {
		chain_index a = (chain_index)rng_below(&rng.rng, t.len);
		chain_index b = (chain_index)rng_below(&rng.rng, t.len);
		uint32_t height = (uint32_t)rng_below(&rng.rng, tree_at(&t, a)->height + 1);

		if (k == 10000) /* from here on with a best chain, a shortcut for tree_ancestor */
			tree_load_tip(&t, t.len - 1);
		assert_int_equal(tree_ancestor(&t, a, height), naive_ancestor(&t, a, height));
		assert_int_equal(tree_fork(&t, a, b), naive_fork(&t, a, b));
		assert_int_equal(tree_descends(&t, a, b), naive_fork(&t, a, b) == a);
	}
	assert_int_equal(tree_ancestor(&t, 0, 1), CHAIN_NONE);
	tree_clear(&t);
}

static void an_ancestor_is_found_in_few_steps(void **state)
{
	struct rng_seeded rng;
	struct tree t;
	chain_index at;
	unsigned worst = 0;

	(void)state;
	rng_seeded_init(&rng, 2);
	tree_init(&t);
	at = add(&t, &rng.rng, CHAIN_NONE, EASY);
	while (t.len < 50000)
		at = add(&t, &rng.rng, at, EASY);
	/* Without a best chain only skips and parents lead down: count the hops. */
	for (uint32_t height = 0; height < 49999; height += 97) {
		chain_index i = at;
		unsigned hops = 0;

		while (tree_at(&t, i)->height > height) {
			const struct tree_entry *en = tree_at(&t, i);

			i = tree_at(&t, en->skip)->height >= height ? en->skip : en->prev;
			hops++;
		}
		if (hops > worst)
			worst = hops;
	}
	assert_in_range(worst, 1, 200);
	tree_clear(&t);
}

static void a_header_costs_at_most_96_bytes(void **state)
{
	struct rng_seeded rng;
	struct tree t;
	chain_index at;

	(void)state;
	rng_seeded_init(&rng, 3);
	tree_init(&t);
	at = add(&t, &rng.rng, CHAIN_NONE, EASY);
	for (uint32_t n = 1; n <= 400000; n++) {
		at = add(&t, &rng.rng, at, EASY);
		if (n == 100000 || n == 196610 ||
		    n == 400000) /* at 196,610 the hash table has just grown */
			assert_in_range(tree_memory(&t) / (n + 1), 80, 96);
	}
	tree_clear(&t);
}

static void work_adds_up_and_stays_at_its_maximum(void **state)
{
	struct rng_seeded rng;
	struct tree t;
	chain_index a, b;

	(void)state;
	rng_seeded_init(&rng, 4);
	tree_init(&t);
	a = add(&t, &rng.rng, CHAIN_NONE, EASY);
	assert_true(tree_at(&t, a)->work == 0);
	a = add(&t, &rng.rng, a, EASY);
	b = add(&t, &rng.rng, a, HARD);
	assert_true(tree_at(&t, a)->work == work_of_bits(EASY).w[0]);
	assert_true(tree_at(&t, b)->work == work_of_bits(EASY).w[0] + work_of_bits(HARD).w[0]);
	/* A target of 1 has a work of 2^255, more than 128 bits can hold. */
	b = add(&t, &rng.rng, b, UINT32_C(0x01010000));
	assert_true(tree_at(&t, b)->work == ~(unsigned __int128)0);
	b = add(&t, &rng.rng, b, EASY);
	assert_true(tree_at(&t, b)->work == ~(unsigned __int128)0);
	tree_clear(&t);
}

static void the_best_header_has_the_most_work_or_was_first(void **state)
{
	struct rng_seeded rng;
	struct tree t;
	chain_index root, a, b, c;

	(void)state;
	rng_seeded_init(&rng, 5);
	tree_init(&t);
	root = add(&t, &rng.rng, CHAIN_NONE, EASY);
	a = add(&t, &rng.rng, root, EASY);
	b = add(&t, &rng.rng, root, EASY);
	assert_int_equal(tree_best_complete(&t), a);
	assert_int_equal(t.best_header, a);
	tree_at(&t, b)->complete_order = 0; /* it was complete first */
	assert_int_equal(tree_best_complete(&t), b);
	c = add(&t, &rng.rng, root, HARD);
	assert_int_equal(tree_best_complete(&t), c);
	assert_int_equal(t.best_header, c);
	tree_at(&t, c)->seq_status &= ~(uint32_t)TREE_COMPLETE;
	assert_int_equal(tree_best_complete(&t), b);
	assert_int_equal(t.best_header, c);
	tree_clear(&t);
}

static void failure_reaches_every_descendant_and_nothing_else(void **state)
{
	struct rng_seeded rng;
	struct tree t;
	chain_index bad = 700;

	(void)state;
	rng_seeded_init(&rng, 6);
	tree_init(&t);
	grow(&t, &rng.rng, 2000);
	tree_mark_invalid(&t, bad);
	for (chain_index i = 0; i < t.len; i++) {
		uint32_t want = i == bad                        ? (uint32_t)CHAIN_FAILED
				: naive_fork(&t, bad, i) == bad ? (uint32_t)CHAIN_FAILED_ANCESTOR
								: 0;

		assert_int_equal(tree_status(&t, i) & CHAIN_ANY_FAILED, want);
		if (want == 0)
			assert_true(tree_at(&t, i)->work <= tree_at(&t, t.best_header)->work);
	}
	assert_int_equal(tree_status(&t, t.best_header) & CHAIN_ANY_FAILED, 0);
	/* A later child of a failed header has failed, too. */
	assert_int_equal(tree_status(&t, add(&t, &rng.rng, bad, EASY)) & CHAIN_ANY_FAILED,
			 CHAIN_FAILED_ANCESTOR);
	tree_clear(&t);
}

/* The headers of a height are numbered 0, 1, 2, ... in order of arrival, whichever is on the best
 * chain. */
static void numbers_within_a_height_are_never_used_twice(void **state)
{
	struct rng_seeded rng;
	struct tree t;
	chain_index root, kids[6];

	(void)state;
	rng_seeded_init(&rng, 7);
	tree_init(&t);
	root = add(&t, &rng.rng, CHAIN_NONE, EASY);
	tree_load_tip(&t, root);
	for (uint32_t k = 0; k < 6; k++) {
		kids[k] = add(&t, &rng.rng, root, EASY);
		assert_int_equal(tree_seq(&t, kids[k]), k);
		if (k % 2 == 0) {
			tree_connect(&t, kids[k / 2]);
			assert_true(tree_on_best(&t, kids[k / 2]));
			assert_int_equal(t.at_height[1], kids[k / 2]);
			tree_disconnect(&t);
			assert_false(tree_on_best(&t, kids[k / 2]));
			assert_true(tree_on_best(&t, root));
		}
	}
	tree_clear(&t);
}

static void leaves_are_the_headers_without_a_child(void **state)
{
	struct rng_seeded rng;
	struct tree t;
	bool *has_child;
	size_t want = 0;

	(void)state;
	rng_seeded_init(&rng, 8);
	tree_init(&t);
	grow(&t, &rng.rng, 1500);
	has_child = calloc(t.len, sizeof(*has_child));
	assert_non_null(has_child);
	for (chain_index i = 1; i < t.len; i++)
		has_child[tree_at(&t, i)->prev] = true;
	for (chain_index i = 0; i < t.len; i++)
		want += !has_child[i];
	assert_int_equal(t.n_leaves, want);
	for (size_t k = 0; k < t.n_leaves; k++)
		assert_false(has_child[t.leaves[k]]);
	free(has_child);
	tree_clear(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ancestors_and_forks_equal_those_of_a_simple_search),
		cmocka_unit_test(an_ancestor_is_found_in_few_steps),
		cmocka_unit_test(a_header_costs_at_most_96_bytes),
		cmocka_unit_test(work_adds_up_and_stays_at_its_maximum),
		cmocka_unit_test(the_best_header_has_the_most_work_or_was_first),
		cmocka_unit_test(failure_reaches_every_descendant_and_nothing_else),
		cmocka_unit_test(numbers_within_a_height_are_never_used_twice),
		cmocka_unit_test(leaves_are_the_headers_without_a_child),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
