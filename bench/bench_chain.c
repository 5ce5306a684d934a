/* Connecting blocks, in this process: chain, coins cache and database, no peers. */
#include "bench.h"

#include <stdlib.h>

#include <tally/base/bytes.h>
#include <tally/primitives/block.h>

#define ROUNDS   3
#define PAYMENTS 20000
#define EMPTY    20000

struct load {
	struct bench_blocks blocks;
	struct sigcheck *checks;
};

/* A fresh chain each time. Blocks are decoded from their bytes, as they come from a peer. */
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

/* The same records, in order, in one transaction: body, header and one coin a block. */
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

static void payments(void)
{
	struct load l = {.checks = bench_checks(4096)};
	struct bench_pair p;
	struct fx fx;

	fx_open(&fx, &(struct fx_options){.system_clock = true});
	bench_payments(&l.blocks, &fx, PAYMENTS, 1000);
	p = bench_beside(payments_rate, raw_rate, &l, ROUNDS);
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
	p = bench_beside(blocks_rate, puts_rate, &l, ROUNDS);
	bench_print(&(struct line){.name = "connect_empty",
				   .unit = "blocks/s",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "Berkeley DB alone, the same records"});
	bench_blocks_clear(&l.blocks);
	fx_close(&fx);
}

void bench_chain(const char *filter)
{
	if (bench_wanted(filter, "connect_payments"))
		payments();
	if (bench_wanted(filter, "connect_empty"))
		empty();
}
