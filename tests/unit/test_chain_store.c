/* Opening a chain after crashes at every point, after damage, and after the disk was full.
 * Rebuilding coins. */
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>

#include "chain_listener.h"

/* Two branches with payments: a has n blocks; b forks from its second one and has n + 1, so b
 * wins. */
struct branches {
	struct block *blocks[64];
	unsigned n;
	struct block *best;
};

static void mine_branches(struct fx *fx, struct branches *br, unsigned n)
{
	struct block *parent = fx->genesis;

	br->n = 0;
	for (unsigned i = 0; i < 2 * n - 1; i++) {
		struct tx *pay;

		if (i == n)
			parent = br->blocks[1];
		pay = fx_pay_one(fx, fx_in_coinbase(parent), i % FX_KEYS, 100);
		parent = br->blocks[br->n++] = fx_mine(fx, parent, &pay, 1);
		tx_unref(pay);
	}
	br->best = br->blocks[br->n - 1];
}

static void unref_branches(struct branches *br)
{
	while (br->n > 0)
		block_unref(br->blocks[--br->n]);
}

static void feed_branches(struct fx *fx, const struct branches *br)
{
	for (unsigned i = 0; i < br->n; i++) {
		struct err e = {0};

		if (!chain_accept_block(fx->chain, br->blocks[i], &e))
			assert_int_equal(e.cls, ERR_KNOWN);
	}
}

/* --- crashes ------------------------------------------------------------------------------ */

/* Lets the chain work for `steps` steps and crash, then continue from what is stored. False: it was
 * idle before that. */
static bool crash_after(struct fx *fx, const struct branches *br, unsigned first, unsigned steps)
{
	enum chain_work_state st = CHAIN_MORE;

	for (unsigned i = 0; i < first; i++)
		fx_accept(fx, br->blocks[i]);
	fx_settle(fx);
	feed_branches(fx, br);
	for (unsigned i = 0; i < steps && st != CHAIN_IDLE; i++)
		assert_true(chain_work(fx->chain, 0, &st, NULL));
	fx_crash(fx);
	fx_check_coins(fx);
	feed_branches(fx, br);
	fx_settle(fx);
	assert_true(fx_is_tip(fx, br->best));
	fx_check_coins(fx);
	return st != CHAIN_IDLE;
}

static void a_crash_at_any_step_of_a_reorganisation_does_no_harm(void **state)
{
	bool more = true;

	(void)state;
	for (unsigned steps = 0; more; steps += 7) {
		struct fx fx;
		struct branches br;

		fx_open(&fx, NULL);
		mine_branches(&fx, &br, 8);
		more = crash_after(&fx, &br, 8, steps);
		unref_branches(&br);
		fx_close(&fx);
	}
}

static void a_clean_stop_at_any_step_leaves_a_consistent_chain(void **state)
{
	struct fx fx;
	struct branches br;
	enum chain_work_state st;

	(void)state;
	fx_open(&fx, NULL);
	mine_branches(&fx, &br, 8);
	feed_branches(&fx, &br);
	do {
		struct block_hash tip;

		for (int k = 0; k < 9; k++)
			assert_true(chain_work(fx.chain, 0, &st, NULL));
		tip = chain_tip(fx.chain).hash;
		fx_stop(&fx);
		fx_start(&fx);
		/* Blocks that were on disk and not yet reported may be connected as well. */
		if (memcmp(chain_tip(fx.chain).hash.h.b, tip.h.b, HASH_BYTES) != 0)
			assert_true(chain_tip(fx.chain).height > 0);
		fx_check_coins(&fx);
		feed_branches(&fx, &br);
		for (int k = 0; k < 40; k++)
			assert_true(chain_work(fx.chain, 0, &st, NULL));
	} while (st != CHAIN_IDLE);
	assert_true(fx_is_tip(&fx, br.best));
	unref_branches(&br);
	fx_close(&fx);
}

struct reporter {
	int fd;
};

/* The child process reports the height of a connected block. */
static void report(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct reporter *r = arg;
	uint32_t height = at->height;

	(void)b;
	if (write(r->fd, &height, sizeof(height)) != (ssize_t)sizeof(height))
		_exit(1);
}

static const struct chain_events report_events = {.connected = report};

/* The child process: accepts blocks, a few at a time, until it is killed or done. */
static void run_child(struct fx *fx, const struct branches *br, bool catching_up)
{
	fx_start(fx);
	chain_set_catching_up(fx->chain, catching_up);
	for (unsigned i = 0; i < br->n; i++) {
		(void)chain_accept_block(fx->chain, br->blocks[i], NULL);
		if (i % 3 == 0)
			fx_settle(fx);
		if (catching_up && i % 10 == 0)
			chain_commit(fx->chain, NULL);
	}
	fx_settle(fx);
	_exit(0);
}

/* Starts a child process and kills it after us microseconds. Returns the last height that it
 * reported. */
static uint32_t kill_child(struct fx *fx, const struct branches *br, bool catching_up, long us)
{
	struct timespec ts = {.tv_nsec = us * 1000};
	struct reporter r;
	uint32_t height, told = 0;
	int pipes[2], status;
	pid_t pid;

	assert_int_equal(pipe(pipes), 0);
	r.fd = pipes[1];
	fx->o.events = &report_events;
	fx->o.events_arg = &r;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		run_child(fx, br, catching_up);
	close(pipes[1]);
	nanosleep(&ts, NULL);
	kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) == 0);
	while (read(pipes[0], &height, sizeof(height)) == (ssize_t)sizeof(height))
		told = height;
	close(pipes[0]);
	fx->o.events = NULL;
	return told;
}

static void a_killed_process_leaves_a_consistent_chain(void **state)
{
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 31);
	for (int round = 0; round < 3; round++) {
		struct fx fx;
		struct branches br;

		fx_open(&fx, &(struct fx_options){.threads = 1});
		mine_branches(&fx, &br, 24);
		fx_stop(&fx);
		for (int k = 0; k < 5; k++) {
			bool catching_up = round == 1;
			uint32_t told;

			told = kill_child(&fx, &br, catching_up,
					  5000 + (long)rng_below(&rng.rng, 60000));
			fx_start(&fx);
			fx_check_coins(&fx);
			/* At the tip a reported block is on disk. The reorganisation begins at
			 * height 24 and makes the chain lower again, so only lower reports count. */
			if (!catching_up && told < 20)
				assert_true(chain_height(fx.chain) >= told);
			fx_stop(&fx);
		}
		fx_start(&fx);
		feed_branches(&fx, &br);
		fx_settle(&fx);
		assert_true(fx_is_tip(&fx, br.best));
		fx_check_coins(&fx);
		unref_branches(&br);
		fx_close(&fx);
	}
}

/* --- failures ----------------------------------------------------------------------------- */

static void a_full_disk_stops_the_chain(void **state)
{
	struct fx fx;
	struct block *b;
	struct err e = {0};

	(void)state;
	fx_open(&fx, NULL);
	b = fx_mine(&fx, fx.genesis, NULL, 0);
	fx_stop(&fx);
	fx.o.min_free = UINT64_C(1) << 60;
	fx_start(&fx);
	assert_false(chain_accept_block(fx.chain, b, &e));
	assert_int_equal(e.cls, ERR_NOSPACE);
	err_clear(&e);
	assert_false(chain_work(fx.chain, 1000, NULL, &e));
	assert_int_equal(e.cls, ERR_NOSPACE);
	assert_false(chain_commit(fx.chain, NULL));
	fx_stop(&fx);
	fx.o.min_free = STORE_MIN_FREE_START;
	fx_start(&fx);
	assert_true(fx_is_tip(&fx, fx.genesis));
	fx_accept(&fx, b);
	fx_settle(&fx);
	assert_true(fx_is_tip(&fx, b));
	block_unref(b);
	fx_close(&fx);
}

/* Opening the chain fails, opening the store does not. */
static struct err refuse_open(struct fx *fx)
{
	struct chain_options o = {.store = fx->store,
				  .sigpool = fx->sigpool,
				  .clock = fx->clock,
				  .cache_bytes = CHAIN_CACHE_DEFAULT};
	struct chain *c;
	struct err e = {0};

	assert_false(chain_open(&c, &o, &e));
	return e;
}

static void a_damaged_database_is_refused_and_the_error_names_the_remedy(void **state)
{
	struct fx fx;
	struct block *b;
	uint8_t header[HEADER_BYTES];
	struct err e;

	(void)state;
	fx_open(&fx, NULL);
	b = fx_extend(&fx, fx.genesis, 3);
	fx_settle(&fx);
	/* A header without its parent. */
	b->header.nonce++;
	header_encode(header, &b->header);
	memset(header + 4, 9, HASH_BYTES);
	assert_true(store_put_header(fx.store, 9, 0, header, 0, NULL));
	e = refuse_open(&fx);
	assert_int_equal(e.cls, ERR_CORRUPT);
	assert_non_null(strstr(e.detail, "reindex"));
	fx_crash(&fx);
	/* A tip that is not among the headers. */
	assert_true(store_put_meta(fx.store, "tip", header, HASH_BYTES, NULL));
	assert_int_equal(refuse_open(&fx).cls, ERR_CORRUPT);
	fx_crash(&fx);
	assert_int_equal(chain_height(fx.chain), 3);
	block_unref(b);
	fx_close(&fx);
}

/* --- coins -------------------------------------------------------------------------------- */

static void rebuilt_coins_are_the_same(void **state)
{
	struct fx fx;
	struct branches br;
	struct outpoint junk = {.index = 3};
	struct coin c = {.value = 7};
	uint64_t count = 0;
	size_t want;

	(void)state;
	fx_open(&fx, &(struct fx_options){.cache_bytes = 1});
	mine_branches(&fx, &br, 12);
	feed_branches(&fx, &br);
	fx_settle(&fx);
	want = fx_check_coins(&fx);
	/* Damage the coins: one too many, one missing. */
	fx_stop(&fx);
	fx_start(&fx);
	assert_true(store_put_coin(fx.store, &junk, &c, NULL));
	junk = (struct outpoint){.txid = br.best->tx[0].id, .index = 0};
	assert_true(store_del_coin(fx.store, &junk, NULL));
	assert_true(store_commit(fx.store, true, NULL));
	assert_false(fx_has_coin(&fx, &br.best->tx[0], 0));
	assert_true(chain_reindex_coins(fx.chain, &count, NULL));
	assert_int_equal(count, want);
	assert_int_equal(fx_check_coins(&fx), want);
	fx_crash(&fx);
	assert_true(fx_is_tip(&fx, br.best));
	assert_int_equal(fx_check_coins(&fx), want);
	unref_branches(&br);
	fx_close(&fx);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_crash_at_any_step_of_a_reorganisation_does_no_harm),
		cmocka_unit_test(a_clean_stop_at_any_step_leaves_a_consistent_chain),
		cmocka_unit_test(a_killed_process_leaves_a_consistent_chain),
		cmocka_unit_test(a_full_disk_stops_the_chain),
		cmocka_unit_test(a_damaged_database_is_refused_and_the_error_names_the_remedy),
		cmocka_unit_test(rebuilt_coins_are_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
