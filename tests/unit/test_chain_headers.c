/* Headers: checked without being stored, the path to one, the best one that is complete. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chain/query_priv.h"
#include "chain_fixture.h"

static struct chain_entry entry_of(const struct fx *fx, const struct block *b)
{
	struct chain_entry en = {.index = CHAIN_NONE};

	assert_true(chain_find(fx->chain, &b->hash, &en));
	return en;
}

static void a_walk_stores_nothing_and_sums_up_the_work(void **state)
{
	struct block *b[6];
	struct header_walk w;
	struct chain_entry en;
	struct err e = {0};
	struct fx fx;

	(void)state;
	fx_open(&fx, NULL);
	b[0] = block_ref(fx.genesis);
	for (int i = 1; i < 6; i++)
		b[i] = fx_mine(&fx, b[i - 1], NULL, 0);
	header_walk_start(fx.chain, 0, &w);
	for (int i = 1; i < 6; i++)
		fx_must_e(header_walk_next(fx.chain, &w, &b[i]->header, &e));
	assert_int_equal(chain_header_count(fx.chain), 1);
	assert_memory_equal(w.last.h.b, b[5]->hash.h.b, HASH_BYTES);
	assert_int_equal(w.parent.height, 5);
	for (int i = 1; i < 6; i++)
		assert_true(chain_accept_header(fx.chain, &b[i]->header, NULL, &e));
	en = entry_of(&fx, b[5]);
	assert_int_equal(u256_cmp(&w.work, &en.work), 0);
	for (int i = 0; i < 6; i++)
		block_unref(b[i]);
	fx_close(&fx);
}

/* header_walk_next and chain_accept_header give the same result for a child of genesis; token "":
 * it is valid. */
static void assert_both_say(struct fx *fx, const struct block *b, const char *token)
{
	struct err walked = {0}, accepted = {0};
	struct header_walk w, before;
	bool ok = token[0] == '\0';

	header_walk_start(fx->chain, 0, &w);
	before = w;
	assert_int_equal(header_walk_next(fx->chain, &w, &b->header, &walked), ok);
	assert_int_equal(chain_accept_header(fx->chain, &b->header, NULL, &accepted), ok);
	assert_string_equal(walked.token, token);
	assert_string_equal(accepted.token, token);
	assert_int_equal(walked.cls, accepted.cls);
	/* A refused header changes nothing. */
	if (!ok)
		assert_memory_equal(w.last.h.b, before.last.h.b, HASH_BYTES);
}

static void a_walk_refuses_the_same_headers_as_accepting(void **state)
{
	struct fx fx;
	uint32_t now;

	(void)state;
	fx_open(&fx, NULL);
	now = (uint32_t)clock_unix(fx.clock);
	const struct {
		struct fx_spec spec;
		const char *token;
	} cases[] = {
		{{.bad_pow = true}, "high-hash"},
		{{.bits = fx.genesis->header.bits - 1}, "bad-diffbits"},
		{{.time = fx.genesis->header.time - 1}, "time-too-old"},
		{{.time = fx.genesis->header.time}, ""},
		{{.time = now + 121}, "time-too-new"},
		{{.time = now + 120}, ""},
	};
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fx_spec spec = cases[i].spec;
		struct block *b;

		spec.parent = fx.genesis;
		b = fx_mine_spec(&fx, &spec);
		assert_both_say(&fx, b, cases[i].token);
		block_unref(b);
	}
	fx_close(&fx);
}

static void a_walk_continues_only_from_its_last_header(void **state)
{
	struct header_walk w;
	struct block *a, *b;
	struct err e = {0};
	struct fx fx;

	(void)state;
	fx_open(&fx, NULL);
	a = fx_mine(&fx, fx.genesis, NULL, 0);
	b = fx_mine(&fx, a, NULL, 0);
	header_walk_start(fx.chain, 0, &w);
	assert_false(header_walk_next(fx.chain, &w, &b->header, &e));
	assert_int_equal(e.cls, ERR_ORPHAN);
	fx_must_e(header_walk_next(fx.chain, &w, &a->header, &e));
	assert_false(header_walk_next(fx.chain, &w, &a->header, &e));
	fx_must_e(header_walk_next(fx.chain, &w, &b->header, &e));
	block_unref(b);
	block_unref(a);
	fx_close(&fx);
}

static void a_path_ends_with_the_entry(void **state)
{
	struct block *main_end, *fork, *side;
	chain_index path[8];
	struct chain_entry en;
	struct fx fx;

	(void)state;
	fx_open(&fx, NULL);
	fork = fx_extend(&fx, fx.genesis, 4);
	main_end = fx_extend(&fx, fork, 6);
	side = fx_extend(&fx, fork, 3);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, main_end));
	/* A path of the side branch, heights 3 to 7. Heights 3 and 4 are below the fork. */
	en = entry_of(&fx, side);
	assert_int_equal(chain_path(fx.chain, en.index, 3, path, 8), 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(path[i], chain_ancestor(fx.chain, en.index, 3 + i));
	assert_int_equal(path[4], en.index);
	/* The beginning of a path, its end, nothing above its end, no room. */
	assert_int_equal(chain_path(fx.chain, en.index, 1, path, 2), 2);
	assert_int_equal(path[1], chain_ancestor(fx.chain, en.index, 2));
	assert_int_equal(chain_path(fx.chain, en.index, 7, path, 8), 1);
	assert_int_equal(chain_path(fx.chain, en.index, 8, path, 8), 0);
	assert_int_equal(chain_path(fx.chain, en.index, 1, path, 0), 0);
	block_unref(side);
	block_unref(main_end);
	block_unref(fork);
	fx_close(&fx);
}

static void the_best_complete_block_is_below_the_first_missing_body(void **state)
{
	struct block *b[5];
	struct fx fx;

	(void)state;
	fx_open(&fx, NULL);
	b[0] = block_ref(fx.genesis);
	for (int i = 1; i < 5; i++) {
		b[i] = fx_mine(&fx, b[i - 1], NULL, 0);
		assert_true(chain_accept_header(fx.chain, &b[i]->header, NULL, NULL));
	}
	fx_accept(&fx, b[1]);
	fx_accept(&fx, b[3]);
	fx_accept(&fx, b[4]);
	assert_int_equal(chain_best_complete(fx.chain).height, 1);
	assert_int_equal(chain_best_header(fx.chain).height, 4);
	fx_accept(&fx, b[2]);
	/* Nothing is connected yet. */
	assert_int_equal(chain_best_complete(fx.chain).height, 4);
	assert_int_equal(chain_height(fx.chain), 0);
	for (int i = 0; i < 5; i++)
		block_unref(b[i]);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_walk_stores_nothing_and_sums_up_the_work),
		cmocka_unit_test(a_walk_refuses_the_same_headers_as_accepting),
		cmocka_unit_test(a_walk_continues_only_from_its_last_header),
		cmocka_unit_test(a_path_ends_with_the_entry),
		cmocka_unit_test(the_best_complete_block_is_below_the_first_missing_body),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
