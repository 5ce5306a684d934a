/* The text about a transaction when it is asked for repeatedly: where the transaction is found, and
 * how many blocks are read for it. */
#include "wallet_fixture.h"

#include <tally/node/describe.h>

#include "node/node_priv.h"

#define TEXT_BYTES 8192

static unsigned reads; /* blocks read so far */

bool __real_chain_read_block(const struct chain *c, chain_index i, struct block **out,
			     struct err *e);
bool __wrap_chain_read_block(const struct chain *c, chain_index i, struct block **out,
			     struct err *e);
bool __wrap_chain_read_block(const struct chain *c, chain_index i, struct block **out,
			     struct err *e)
{
	reads++;
	return __real_chain_read_block(c, i, out, e);
}

/* A node with only the parts that are searched, a chain of 40 blocks, and an unconfirmed payment of
 * somebody else. */
struct scene {
	struct wf *f;
	struct node *n;
	struct block *below; /* the tip when the payment entered the mempool */
	struct tx *tx;
	struct tx_lookup_cache cache;
};

static struct scene open_scene(void)
{
	struct scene s = {.f = wf_open(NULL), .n = NEW(struct node)};
	struct err e = {0};

	wf_new_key(s.f, "miner");
	wf_catch_up(s.f);
	wf_mine(s.f, 5, NULL, 0);
	s.tx = fx_pay_one(&s.f->fx, fx_in_coinbase(s.f->tip), 6, 1000);
	for (int i = 0; i < 39; i++)
		wf_mine(s.f, 4, NULL, 0);
	s.below = block_ref(s.f->tip);
	fx_must_e(mempool_accept(s.f->pool, s.tx, &e));
	s.n->chain = s.f->fx.chain;
	s.n->wallet = s.f->w;
	s.n->mempool = s.f->pool;
	return s;
}

static void close_scene(struct scene *s)
{
	tx_unref(s->tx);
	block_unref(s->below);
	free(s->n);
	wf_close(s->f);
}

/* The text about the payment contains `part`, and at most `most` blocks were read. part NULL: the
 * payment is unknown. */
static void assert_text(struct scene *s, const char *part, unsigned most)
{
	char text[TEXT_BYTES];
	const unsigned before = reads;
	const bool known = node_describe_tx(s->n, &s->tx->id, &s->cache, text, sizeof(text));

	assert_true(known == (part != NULL));
	if (part && !strstr(text, part))
		fail_msg("no '%s' in:\n%s", part, text);
	assert_in_range(reads - before, 0, most);
}

/* Mines another payment of the same coin: the first one is in no block and not in the mempool
 * then. */
static void mine_double_spend(struct scene *s)
{
	struct chain_entry at;
	struct block *b;
	struct tx *other;
	struct err e = {0};

	fx_must(chain_at_height(s->f->fx.chain, 1, &at));
	fx_must_e(__real_chain_read_block(s->f->fx.chain, at.index, &b, &e));
	other = fx_pay_one(&s->f->fx, fx_in_coinbase(b), 7, 5000);
	wf_mine(s->f, 4, &other, 1);
	tx_unref(other);
	block_unref(b);
}

static void a_vanished_transaction_is_not_searched_in_the_same_blocks_again(void **state)
{
	struct scene s = open_scene();

	(void)state;
	assert_text(&s, "in the mempool", 0);
	mine_double_spend(&s);
	assert_text(&s, NULL, 1);
	assert_text(&s, NULL, 0);
	wf_mine(s.f, 4, NULL, 0);
	wf_mine(s.f, 4, NULL, 0);
	assert_text(&s, NULL, 2);
	assert_text(&s, NULL, 0);
	close_scene(&s);
}

static void a_transaction_is_found_in_its_block_and_in_the_mempool_after_a_reorganisation(
	void **state)
{
	struct scene s = open_scene();
	struct err e = {0};

	(void)state;
	assert_text(&s, "in the mempool", 0);
	wf_mine_pool(s.f, 4);
	for (int i = 0; i < 9; i++)
		wf_mine(s.f, 4, NULL, 0);
	assert_text(&s, "41 of 50, 10 confirmations", 10);
	assert_text(&s, "41 of 50, 10 confirmations", 1);
	wf_branch(s.f, s.below, 3, 11);
	mempool_accept(s.f->pool, s.tx, &e); /* unless the mempool has readmitted it already */
	assert_text(&s, "in the mempool", 0);
	wf_mine_pool(s.f, 4);
	assert_text(&s, "52 of 52, 1 confirmation", 1);
	close_scene(&s);
}

/* Of another branch only the blocks after the fork are read. */
static void a_transaction_of_a_new_branch_is_found(void **state)
{
	struct scene s = open_scene();
	struct block *b;

	(void)state;
	assert_text(&s, "in the mempool", 0);
	mine_double_spend(&s);
	assert_text(&s, NULL, 1);
	b = fx_mine(&s.f->fx, s.below, &s.tx, 1);
	fx_accept(&s.f->fx, b);
	wf_branch(s.f, b, 3, 2);
	assert_text(&s, "41 of 43, 3 confirmations", 3);
	block_unref(b);
	close_scene(&s);
}

static void a_first_lookup_searches_all_blocks(void **state)
{
	struct scene s = open_scene();

	(void)state;
	wf_mine_pool(s.f, 4);
	for (int i = 0; i < 9; i++)
		wf_mine(s.f, 4, NULL, 0);
	assert_text(&s, "41 of 50, 10 confirmations", 10);
	tx_unref(s.tx);
	s.tx = tx_copy(&s.f->fx.genesis->tx[0]);
	s.cache = (struct tx_lookup_cache){0};
	assert_text(&s, "0 of 50, 51 confirmations", 51);
	close_scene(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_vanished_transaction_is_not_searched_in_the_same_blocks_again),
		cmocka_unit_test(
			a_transaction_is_found_in_its_block_and_in_the_mempool_after_a_reorganisation),
		cmocka_unit_test(a_transaction_of_a_new_branch_is_found),
		cmocka_unit_test(a_first_lookup_searches_all_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
