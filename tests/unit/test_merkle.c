/* Bitcoin's merkle tree. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/primitives/merkle.h>

/* A simple implementation of Bitcoin's rule: an odd level repeats its last node. */
static struct hash256 plain_root(const struct hash256 *leaves, size_t n)
{
	struct hash256 *level = mem_array(n + 1, sizeof(*level)), root;

	memcpy(level, leaves, n * sizeof(*level));
	while (n > 1) {
		if (n % 2) {
			level[n] = level[n - 1];
			n++;
		}
		for (size_t i = 0; i < n; i += 2) {
			uint8_t both[64];

			memcpy(both, level[i].b, 32);
			memcpy(both + 32, level[i + 1].b, 32);
			sha256d(&level[i / 2], both, 64);
		}
		n /= 2;
	}
	root = level[0];
	free(level);
	return root;
}

static void random_leaves(struct hash256 *leaves, size_t n, uint64_t seed)
{
	struct rng_seeded rng;

	rng_seeded_init(&rng, seed);
	rng_fill(&rng.rng, leaves, n * sizeof(*leaves));
}

static struct hash256 root_of(const struct hash256 *leaves, size_t n, bool *mutated)
{
	struct hash256 *work = mem_array(n, sizeof(*work)), root;

	memcpy(work, leaves, n * sizeof(*work));
	merkle_root(&root, work, n, mutated);
	free(work);
	return root;
}

static void roots_of_every_size_follow_the_plain_rule(void **state)
{
	struct hash256 leaves[70];

	(void)state;
	random_leaves(leaves, ARRAY_LEN(leaves), 1);
	for (size_t n = 1; n <= ARRAY_LEN(leaves); n++) {
		struct hash256 want = plain_root(leaves, n), got;
		bool mutated = true;

		got = root_of(leaves, n, &mutated);
		assert_true(hash256_equal(&want, &got));
		assert_false(mutated);
		got = root_of(leaves, n, NULL);
		assert_true(hash256_equal(&want, &got));
	}
}

/* CVE-2012-2459: lists with a repeated end have the root of the honest list. For every size,
 * every repetition that keeps the root: the last 2^k leaves of a subtree that is odd at its
 * level. */
static void repeated_subtrees_keep_the_root_and_are_detected(void **state)
{
	struct hash256 leaves[96];
	unsigned tried = 0;

	(void)state;
	random_leaves(leaves, 33, 2);
	for (size_t n = 1; n <= 33; n++)
		for (size_t width = 1; width <= n; width *= 2) {
			struct hash256 honest, forged;
			bool mutated;

			/* An odd number of whole subtrees of this width. */
			if (n % width || n / width % 2 == 0 || n / width == 1)
				continue;
			honest = root_of(leaves, n, &mutated);
			assert_false(mutated);
			memcpy(leaves + n, leaves + n - width, width * sizeof(*leaves));
			forged = root_of(leaves, n + width, &mutated);
			random_leaves(leaves, 33, 2);
			assert_true(hash256_equal(&honest, &forged));
			assert_true(mutated);
			tried++;
		}
	assert_true(tried > 20);
}

static void equal_leaves_that_are_not_siblings_are_not_a_mutation(void **state)
{
	struct hash256 leaves[6];
	bool mutated;

	(void)state;
	random_leaves(leaves, 6, 3);
	leaves[2] = leaves[1];
	root_of(leaves, 6, &mutated);
	assert_false(mutated);
	leaves[3] = leaves[2]; /* now they are siblings */
	root_of(leaves, 6, &mutated);
	assert_true(mutated);
	random_leaves(leaves, 6, 3);
	leaves[5] = leaves[4];
	root_of(leaves, 6, &mutated);
	assert_true(mutated);
	root_of(leaves, 5, &mutated); /* the regular duplicate of the last node */
	assert_false(mutated);
}

static void an_empty_block_has_a_zero_root(void **state)
{
	struct block *b = block_make(&(struct block_header){.version = 1}, NULL, 0);
	struct hash256 root;
	bool mutated = true;

	(void)state;
	block_merkle_root(&root, b, &mutated);
	assert_true(hash256_is_zero(&root));
	assert_false(mutated);
	block_merkle_root(&root, b, NULL);
	block_unref(b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(roots_of_every_size_follow_the_plain_rule),
		cmocka_unit_test(repeated_subtrees_keep_the_root_and_are_detected),
		cmocka_unit_test(equal_leaves_that_are_not_siblings_are_not_a_mutation),
		cmocka_unit_test(an_empty_block_has_a_zero_root),
	};

	return cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
}
