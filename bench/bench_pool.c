/* The next block from a mempool that is full. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#include <tally/base/mem.h>
#include <tally/mempool/mempool.h>
#include <tally/primitives/block.h>

#define ROUNDS 9
#define FANS   25
#define COINS  3000 /* of each fan */
#define PER_MB 10   /* fans a block */

struct full_pool {
	struct fx fx;
	struct mempool *pool;
	struct tx *fans[FANS];
	double *rates; /* fee rates of what waits, in order of entry */
	size_t n;
};

static void connected(void *arg, const struct chain_entry *at, const struct block *b)
{
	struct full_pool *f = arg;

	(void)at;
	if (f->pool)
		mempool_block_connected(f->pool, b);
}

static const struct chain_events events = {.connected = connected};

static struct block *mine(struct full_pool *f, struct block *take_tip, struct tx *const *txs,
			  size_t n)
{
	struct block *b = fx_mine(&f->fx, take_tip, txs, n);

	fx_accept(&f->fx, b);
	fx_settle(&f->fx);
	block_unref(take_tip);
	return b;
}

/* 75,000 coins of key 0. */
static void make_coins(struct full_pool *f)
{
	struct fx_in in = fx_in_coinbase(f->fx.genesis);
	struct fx_out *out = mem_array(COINS, sizeof(*out));
	const int64_t each = f->fx.params.reward / FANS - 1;
	struct tx *root;
	struct block *tip;

	for (size_t i = 0; i < COINS; i++)
		out[i] = (struct fx_out){.key = 0, .value = each};
	root = fx_pay(&f->fx, &in, 1, out, FANS);
	tip = mine(f, block_ref(f->fx.genesis), &root, 1);
	for (size_t i = 0; i < COINS; i++)
		out[i].value = (each - 100000) / COINS;
	for (uint32_t i = 0; i < FANS; i++) {
		in = fx_in(root, i, 1);
		f->fans[i] = fx_pay(&f->fx, &in, 1, out, COINS);
	}
	for (size_t i = 0; i < FANS; i += PER_MB)
		tip = mine(f, tip, f->fans + i, i + PER_MB < FANS ? PER_MB : FANS - i);
	block_unref(tip);
	tx_unref(root);
	free(out);
}

/* Payments of every rate from 1 to 20 units a byte, until they are refused. */
static void fill(struct full_pool *f)
{
	struct err e = {0};
	bool ok = true;

	f->rates = mem_array(FANS * COINS, sizeof(*f->rates));
	for (uint32_t i = 0; i < FANS * COINS && ok; i++) {
		const int64_t fee = 180 + (int64_t)(i * UINT32_C(2654435761) % 3420);
		struct tx *tx = fx_pay_one(&f->fx, fx_in(f->fans[i / COINS], i % COINS, 2), 1, fee);

		ok = mempool_accept(f->pool, tx, &e);
		if (ok)
			f->rates[f->n++] = (double)fee / (double)tx->raw.len;
		tx_unref(tx);
	}
}

static double assemble_ms(void *arg)
{
	struct full_pool *f = arg;
	const double start = bench_now();
	struct tx **txs;
	size_t n;
	int64_t fees;

	mempool_assemble(f->pool, f->fx.params.max_block_bytes - BLOCK_RESERVE_BYTES, &txs, &n,
			 &fees);
	const double took = bench_now() - start;
	for (size_t i = 0; i < n; i++)
		tx_unref(txs[i]);
	free(txs);
	return took * 1000;
}

static int by_rate(const void *a, const void *b)
{
	const double *l = a, *r = b;

	return *l < *r ? 1 : *l > *r ? -1 : 0;
}

static double sort_ms(void *arg)
{
	const struct full_pool *f = arg;
	double *rates = mem_array(f->n, sizeof(*rates));
	double start;

	for (size_t i = 0; i < f->n; i++)
		rates[i] = f->rates[i];
	start = bench_now();
	qsort(rates, f->n, sizeof(*rates), by_rate);
	start = bench_now() - start;
	free(rates);
	return start * 1000;
}

void bench_pool(const char *filter)
{
	struct full_pool f = {0};
	struct bench_pair p;

	if (!bench_wanted(filter, "assemble_full_pool"))
		return;
	fx_open(&f.fx, &(struct fx_options){.threads = bench_cores(),
					    .system_clock = true,
					    .events = &events,
					    .events_arg = &f});
	make_coins(&f);
	f.pool = mempool_new(&(struct mempool_options){.chain = f.fx.chain,
						       .sigpool = f.fx.sigpool,
						       .clock = f.fx.clock,
						       .max_bytes = MEMPOOL_MAX_BYTES});
	fill(&f);
	p = bench_beside(assemble_ms, sort_ms, &f, ROUNDS);
	bench_print(&(struct line){.name = "assemble_full_pool",
				   .unit = "ms",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "qsort of as many fee rates"});
	mempool_free(f.pool);
	for (size_t i = 0; i < FANS; i++)
		tx_unref(f.fans[i]);
	free(f.rates);
	fx_close(&f.fx);
}
