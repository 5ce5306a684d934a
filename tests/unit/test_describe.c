/* A transaction in words for a person, again and again: where it is, and how many blocks are read
 * for it. */
#include "wallet_fixture.h"

#include <tally/node/describe.h>

#include "node/node_priv.h"

#define TEXT_BYTES 8192

static unsigned reads; /* of blocks, so far */

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

/* A node of what is looked into, and a stranger's payment: it waits. Forty blocks are there. */
struct seen {
	struct wf *f;
	struct node *n;
	struct block *below; /* the last block before it was made */
	struct tx *tx;
	struct tx_lookup_cache cache;
};

static struct seen open_seen(void)
{
	struct seen s = {.f = wf_open(NULL), .n = NEW(struct node)};
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

static void close_seen(struct seen *s)
{
	tx_unref(s->tx);
	block_unref(s->below);
	free(s->n);
	wf_close(s->f);
}

/* Is it said, and with how many reads at most? */
static void assert_said(struct seen *s, const char *what, unsigned most)
{
	char text[TEXT_BYTES];
	const unsigned before = reads;
	const bool known = node_describe_tx(s->n, &s->tx->id, &s->cache, text, sizeof(text));

	assert_true(known == (what != NULL));
	if (what && !strstr(text, what))
		fail_msg("no '%s' in:\n%s", what, text);
	assert_in_range(reads - before, 0, most);
}

/* Another payment of its coin, in a block: it is nowhere any more. */
static void contradict(struct seen *s)
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

static void what_is_gone_is_not_looked_for_in_the_same_blocks(void **state)
{
	struct seen s = open_seen();

	(void)state;
	assert_said(&s, "in the mempool", 0);
	contradict(&s);
	assert_said(&s, NULL, 1);
	assert_said(&s, NULL, 0);
	wf_mine(s.f, 4, NULL, 0);
	wf_mine(s.f, 4, NULL, 0);
	assert_said(&s, NULL, 2);
	assert_said(&s, NULL, 0);
	close_seen(&s);
}

static void what_is_in_a_block_is_found_there_and_back_in_the_mempool(void **state)
{
	struct seen s = open_seen();
	struct err e = {0};

	(void)state;
	assert_said(&s, "in the mempool", 0);
	wf_mine_pool(s.f, 4);
	for (int i = 0; i < 9; i++)
		wf_mine(s.f, 4, NULL, 0);
	assert_said(&s, "41 of 50, 10 confirmations", 10);
	assert_said(&s, "41 of 50, 10 confirmations", 1);
	wf_branch(s.f, s.below, 3, 11);
	mempool_accept(s.f->pool, s.tx, &e); /* where it is not there yet */
	assert_said(&s, "in the mempool", 0);
	wf_mine_pool(s.f, 4);
	assert_said(&s, "52 of 52, 1 confirmation", 1);
	close_seen(&s);
}

/* Of another branch only what is its own is looked through. */
static void what_a_reorganisation_brings_is_found(void **state)
{
	struct seen s = open_seen();
	struct block *b;

	(void)state;
	assert_said(&s, "in the mempool", 0);
	contradict(&s);
	assert_said(&s, NULL, 1);
	b = fx_mine(&s.f->fx, s.below, &s.tx, 1);
	fx_accept(&s.f->fx, b);
	wf_branch(s.f, b, 3, 2);
	assert_said(&s, "41 of 43, 3 confirmations", 3);
	block_unref(b);
	close_seen(&s);
}

static void one_that_was_never_looked_for_is_looked_for_everywhere(void **state)
{
	struct seen s = open_seen();

	(void)state;
	wf_mine_pool(s.f, 4);
	for (int i = 0; i < 9; i++)
		wf_mine(s.f, 4, NULL, 0);
	assert_said(&s, "41 of 50, 10 confirmations", 10);
	tx_unref(s.tx);
	s.tx = tx_copy(&s.f->fx.genesis->tx[0]);
	s.cache = (struct tx_lookup_cache){0};
	assert_said(&s, "0 of 50, 51 confirmations", 51);
	close_seen(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_gone_is_not_looked_for_in_the_same_blocks),
		cmocka_unit_test(what_is_in_a_block_is_found_there_and_back_in_the_mempool),
		cmocka_unit_test(what_a_reorganisation_brings_is_found),
		cmocka_unit_test(one_that_was_never_looked_for_is_looked_for_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
