/* Benchmarks of connecting blocks: chain, coins cache and database in one process, without peers. */
#include "bench.h"

#include <stdlib.h>

#include <tally/base/bytes.h>
#include <tally/primitives/block.h>

#include "chain/coins_priv.h"

#define ROUNDS   3
#define PAYMENTS 20000
#define EMPTY    20000

struct load {
	struct bench_blocks blocks;
	struct sigcheck *checks;
};

/* Seconds to decode the blocks from bytes, as if a peer had sent them, and to connect them to a new chain. */
static double connect_time(const struct bench_blocks *blocks)
{
	struct bench_blocks mine = {.b = calloc(blocks->n, sizeof(*mine.b)), .n = blocks->n};
	struct err e = {0};
	struct fx fx;
	double start, took;

	fx_open(&fx, &(struct fx_options){.threads = bench_cores(), .system_clock = true});
	start = bench_now();
	for (size_t i = 0; i < blocks->n; i++)
		fx_must_e(block_decode(&mine.b[i], blocks->b[i]->raw.p, blocks->b[i]->raw.len, &e));
	bench_connect(&fx, &mine);
	took = bench_now() - start;
	bench_blocks_clear(&mine);
	fx_close(&fx);
	return took;
}

static double payments_rate(void *arg)
{
	const struct load *l = arg;

	return (double)l->blocks.payments / connect_time(&l->blocks);
}

/* The limit: each payment needs one signature check. */
static double raw_rate(void *arg)
{
	const struct load *l = arg;

	return bench_raw_rate(l->checks, 4096, 1) * bench_cores();
}

static double blocks_rate(void *arg)
{
	const struct load *l = arg;

	return (double)l->blocks.n / connect_time(&l->blocks);
}

/* The limit: writes the records of the blocks (body, header and one coin each) in key order, in one transaction. */
static double puts_rate(void *arg)
{
	const struct load *l = arg;
	struct err e = {0};
	struct fx fx;
	double start, took;

	fx_open(&fx, &(struct fx_options){.no_genesis = true, .system_clock = true});
	start = bench_now();
	for (size_t i = 0; i < l->blocks.n; i++) {
		const struct block *b = l->blocks.b[i];
		struct outpoint o = {.index = (uint32_t)i};
		struct coin coin = {.value = 1};

		set_be32(o.txid.h.b, (uint32_t)i);
		fx_must_e(store_put_block(fx.store, (uint32_t)i, 0, b->raw, &e));
		fx_must_e(store_put_header(fx.store, (uint32_t)i, 0, b->raw.p, 3, &e));
		fx_must_e(store_put_coin(fx.store, &o, &coin, &e));
	}
	fx_must_e(store_commit(fx.store, true, &e));
	took = bench_now() - start;
	fx_close(&fx);
	return (double)l->blocks.n / took;
}

/* --- coins ------------------------------------------------------------------------- */

#define COINS  400000
#define COMMIT 90000
/* Smaller than all coins together, so that the cache must write some of them before each commit. */
#define COINS_CACHE (UINT64_C(8) << 20)

static struct outpoint random_outpoint(uint32_t n)
{
	struct outpoint o = {.index = 0};
	uint8_t bytes[4];

	set_le32(bytes, n);
	sha256d(&o.txid.h, bytes, sizeof(bytes));
	return o;
}

static double cache_rate(void *arg)
{
	const struct coin coin = {.value = 1};
	struct coins cs;
	struct err e = {0};
	struct fx fx;
	double start, took;

	(void)arg;
	fx_open(&fx, &(struct fx_options){.no_genesis = true, .system_clock = true});
	coins_init(&cs, fx.store, COINS_CACHE);
	start = bench_now();
	for (uint32_t i = 0; i < COINS; i++) {
		struct outpoint o = random_outpoint(i);

		coins_add(&cs, &o, &coin);
		fx_must_e(coins_make_room(&cs, 64, &e));
		if (i % COMMIT == COMMIT - 1)
			fx_must_e(store_commit(fx.store, true, &e));
	}
	fx_must_e(coins_flush(&cs, SIZE_MAX, &e) && store_commit(fx.store, true, &e));
	took = bench_now() - start;
	coins_clear(&cs);
	fx_close(&fx);
	return COINS / took;
}

/* The limit: writes the same coins without the cache, in their random order, with as many per commit. */
static double unsorted_rate(void *arg)
{
	const struct coin coin = {.value = 1};
	struct err e = {0};
	struct fx fx;
	double start, took;

	(void)arg;
	fx_open(&fx, &(struct fx_options){.no_genesis = true, .system_clock = true});
	start = bench_now();
	for (uint32_t i = 0; i < COINS; i++) {
		struct outpoint o = random_outpoint(i);

		fx_must_e(store_put_coin(fx.store, &o, &coin, &e));
		if (i % COMMIT == COMMIT - 1)
			fx_must_e(store_commit(fx.store, true, &e));
	}
	fx_must_e(store_commit(fx.store, true, &e));
	took = bench_now() - start;
	fx_close(&fx);
	return COINS / took;
}

static void coins(void)
{
	struct bench_pair p = bench_compare(cache_rate, unsorted_rate, NULL, ROUNDS);

	bench_print(&(struct line){.name = "coins_flush",
				   .unit = "coins/s",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "Berkeley DB without the cache, in random order",
				   .aim = AIM_RATIO,
				   .aim_value = 1.5});
}

/* --- blocks ------------------------------------------------------------------------ */

static void payments(void)
{
	struct load l = {.checks = bench_checks(4096)};
	struct bench_pair p;
	struct fx fx;

	fx_open(&fx, &(struct fx_options){.system_clock = true});
	bench_payments(&l.blocks, &fx, PAYMENTS, 1000);
	p = bench_compare(payments_rate, raw_rate, &l, ROUNDS);
	bench_print(&(struct line){.name = "connect_payments",
				   .unit = "payments/s",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "libsodium on one core, times cores",
				   .aim = AIM_RATIO,
				   .aim_value = 0.80});
	bench_blocks_clear(&l.blocks);
	fx_close(&fx);
	free(l.checks);
}

static void empty(void)
{
	struct load l = {0};
	struct bench_pair p;
	struct fx fx;

	fx_open(&fx, &(struct fx_options){.system_clock = true});
	bench_empty(&l.blocks, &fx, fx.genesis, EMPTY);
	p = bench_compare(blocks_rate, puts_rate, &l, ROUNDS);
	bench_print(&(struct line){.name = "connect_empty",
				   .unit = "blocks/s",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "Berkeley DB writing the same records"});
	bench_blocks_clear(&l.blocks);
	fx_close(&fx);
}

void bench_chain(const char *filter)
{
	if (bench_wanted(filter, "connect_payments"))
		payments();
	if (bench_wanted(filter, "connect_empty"))
		empty();
	if (bench_wanted(filter, "coins_flush"))
		coins();
}
