/* Eviction of inbound peers. Scenarios as in Bitcoin Core's net_peer_eviction_tests.cpp. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/rng.h>
#include <tally/net/evict.h>

#define MAX 200

/* n connections of one group, without any protection. Number 1 is the oldest. */
static void make_candidates(struct evict_candidate *c, size_t n)
{
	for (size_t i = 0; i < n; i++)
		c[i] = (struct evict_candidate){.id = (conn_id)(i + 1),
						.group = 7,
						.connected_ms = 1000 * (int64_t)(i + 1),
						.min_ping_us = -1};
}

/* Evicts one after another until all are protected. Returns true if this one was evicted. */
static bool is_evicted(const struct evict_candidate *all, size_t n, conn_id id)
{
	struct evict_candidate left[MAX], work[MAX];

	assert_true(n <= MAX);
	memcpy(left, all, n * sizeof(*all));
	while (n > 0) {
		conn_id out;

		memcpy(work, left, n * sizeof(*work));
		out = evict_choose(work, n);
		if (out == 0)
			return false;
		if (out == id)
			return true;
		for (size_t i = 0; i < n; i++)
			if (left[i].id == out)
				left[i] = left[--n];
	}
	return false;
}

static size_t protected_of(const struct evict_candidate *all, size_t n)
{
	size_t protected = 0;

	for (size_t i = 0; i < n; i++)
	protected += !is_evicted(all, n, all[i].id);
	return protected;
}

static void up_to_twenty_candidates_are_all_protected(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	/* 4 by group, 8 by ping, 4 by transactions and 4 by blocks: 20 in total. */
	for (size_t n = 0; n <= 20; n++) {
		make_candidates(c, n);
		assert_int_equal(evict_choose(c, n), 0);
	}
	make_candidates(c, 21);
	assert_int_not_equal(evict_choose(c, 21), 0);
}

static void without_other_differences_the_youngest_is_evicted(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	assert_int_equal(evict_choose(c, 125), 125);
	/* Of two connected at the same time, the one with the higher number. */
	make_candidates(c, 125);
	c[124].connected_ms = c[123].connected_ms;
	assert_int_equal(evict_choose(c, 125), 125);
}

static void four_are_protected_by_their_keyed_group(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	for (size_t i = 0; i < 5; i++)
		c[120 + i].group = 100 + i; /* each in a group of its own, above the other group */
	for (conn_id id = 122; id <= 125; id++)
		assert_false(is_evicted(c, 125, id));
	assert_true(is_evicted(c, 125, 121));
}

static void eight_are_protected_by_their_ping(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	for (size_t i = 0; i < 9; i++)
		c[116 + i].min_ping_us =
			5000 - (int64_t)i; /* the first of these nine is the slowest */
	for (conn_id id = 118; id <= 125; id++)
		assert_false(is_evicted(c, 125, id));
	assert_true(is_evicted(c, 125, 117));
}

static void an_unknown_ping_counts_as_the_slowest(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	c[124].min_ping_us = INT64_C(3600) * 1000000;
	assert_false(is_evicted(c, 125, 125));
	c[124].min_ping_us = -1;
	assert_true(is_evicted(c, 125, 125));
}

static void four_are_protected_by_their_last_transaction(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	for (size_t i = 0; i < 5; i++)
		c[120 + i].last_tx_ms = 500000 + (int64_t)i;
	for (conn_id id = 122; id <= 125; id++)
		assert_false(is_evicted(c, 125, id));
	assert_true(is_evicted(c, 125, 121));
}

static void four_are_protected_by_their_last_block(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	for (size_t i = 0; i < 5; i++)
		c[120 + i].last_block_ms = 500000 + (int64_t)i;
	for (conn_id id = 122; id <= 125; id++)
		assert_false(is_evicted(c, 125, id));
	assert_true(is_evicted(c, 125, 121));
}

static void eight_blocks_only_peers_are_protected_by_their_last_block(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	/* Four others sent later blocks. */
	for (size_t i = 0; i < 4; i++)
		c[100 + i].last_block_ms = 600000;
	for (size_t i = 0; i < 9; i++) {
		c[116 + i].blocks_only = true;
		c[116 + i].last_block_ms = 500000 + (int64_t)i;
	}
	for (conn_id id = 118; id <= 125; id++)
		assert_false(is_evicted(c, 125, id));
	assert_true(is_evicted(c, 125, 117));
	for (conn_id id = 101; id <= 104; id++)
		assert_false(is_evicted(c, 125, id));
}

static void half_of_the_rest_is_protected_by_connection_time(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	/* 20 are protected, then the older half of the other 100. */
	make_candidates(c, 120);
	for (conn_id id = 1; id <= 20; id++)
		assert_false(is_evicted(c, 120, id));
	assert_int_equal(evict_choose(c, 120), 120);
}

static void the_youngest_of_the_largest_group_is_evicted(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	/* The four highest groups are protected. Of the others one has six members, the rest one. */
	for (size_t i = 0; i < 125; i++)
		c[i].group = 1000 + i;
	for (size_t i = 90; i < 96; i++)
		c[i].group = 500;
	assert_int_equal(evict_choose(c, 125), 96);
}

static void of_equally_large_groups_the_one_with_the_youngest_member_is_chosen(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	for (size_t i = 0; i < 125; i++)
		c[i].group = 1000 + i;
	c[100].group = c[101].group = 500;
	c[110].group = c[102].group = 400;
	assert_int_equal(evict_choose(c, 125), 111);
}

static void a_discouraged_peer_is_evicted_first(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 125);
	c[90].discouraged = true;
	assert_int_equal(evict_choose(c, 125), 91);
	/* Unless it is protected. */
	make_candidates(c, 125);
	c[0].discouraged = true;
	assert_int_equal(evict_choose(c, 125), 125);
}

static void the_order_of_the_candidates_does_not_matter(void **state)
{
	struct evict_candidate c[MAX], shuffled[MAX];
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 5);
	for (int round = 0; round < 200; round++) {
		size_t n = 21 + rng_below(&rng.rng, 120);
		conn_id first;

		make_candidates(c, n);
		for (size_t i = 0; i < n; i++) {
			c[i].group = rng_below(&rng.rng, 6);
			c[i].min_ping_us = (int64_t)rng_below(&rng.rng, 5) - 1;
			c[i].last_tx_ms = (int64_t)rng_below(&rng.rng, 4);
			c[i].last_block_ms = (int64_t)rng_below(&rng.rng, 4);
			c[i].connected_ms = (int64_t)rng_below(&rng.rng, 50);
			c[i].blocks_only = rng_below(&rng.rng, 9) == 0;
			c[i].discouraged = rng_below(&rng.rng, 9) == 0;
		}
		memcpy(shuffled, c, n * sizeof(*c));
		for (size_t i = n; i > 1; i--) {
			size_t k = rng_below(&rng.rng, i);
			struct evict_candidate x = shuffled[k];

			shuffled[k] = shuffled[i - 1];
			shuffled[i - 1] = x;
		}
		first = evict_choose(c, n);
		assert_int_not_equal(first, 0);
		assert_int_equal(evict_choose(shuffled, n), first);
	}
}

static void at_least_twenty_are_always_protected(void **state)
{
	struct evict_candidate c[MAX];

	(void)state;
	make_candidates(c, 60);
	assert_true(protected_of(c, 60) >= 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(up_to_twenty_candidates_are_all_protected),
		cmocka_unit_test(without_other_differences_the_youngest_is_evicted),
		cmocka_unit_test(four_are_protected_by_their_keyed_group),
		cmocka_unit_test(eight_are_protected_by_their_ping),
		cmocka_unit_test(an_unknown_ping_counts_as_the_slowest),
		cmocka_unit_test(four_are_protected_by_their_last_transaction),
		cmocka_unit_test(four_are_protected_by_their_last_block),
		cmocka_unit_test(eight_blocks_only_peers_are_protected_by_their_last_block),
		cmocka_unit_test(half_of_the_rest_is_protected_by_connection_time),
		cmocka_unit_test(the_youngest_of_the_largest_group_is_evicted),
		cmocka_unit_test(
			of_equally_large_groups_the_one_with_the_youngest_member_is_chosen),
		cmocka_unit_test(a_discouraged_peer_is_evicted_first),
		cmocka_unit_test(the_order_of_the_candidates_does_not_matter),
		cmocka_unit_test(at_least_twenty_are_always_protected),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
