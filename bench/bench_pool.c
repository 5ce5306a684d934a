/* Benchmark of choosing the transactions of a block from a full mempool. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>

#include <tally/base/mem.h>
#include <tally/mempool/mempool.h>
#include <tally/primitives/block.h>

#define ROUNDS    9
#define SPLITS    25   /* transactions that make coins */
#define COINS     3000 /* outputs of each */
#define PER_BLOCK 10   /* such transactions per block: about 1 MB */

struct full_pool {
	struct fx fx;
	struct mempool *pool;
	struct tx *splits[SPLITS];
	double *rates; /* fee rates of the mempool's transactions, in order of entry */
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

/* Mines a block with these transactions on top of take_tip and connects it. Consumes the reference to take_tip. */
static struct block *mine(struct full_pool *f, struct block *take_tip, struct tx *const *txs,
			  size_t n)
{
	struct block *b = fx_mine(&f->fx, take_tip, txs, n);

	fx_accept(&f->fx, b);
	fx_settle(&f->fx);
	block_unref(take_tip);
	return b;
}

/* Connects blocks that make 75,000 coins of key 0. */
static void make_coins(struct full_pool *f)
{
	struct fx_in in = fx_in_coinbase(f->fx.genesis);
	struct fx_out *out = mem_array(COINS, sizeof(*out));
	const int64_t each = f->fx.params.reward / SPLITS - 1;
	struct tx *root;
	struct block *tip;

	for (size_t i = 0; i < COINS; i++)
		out[i] = (struct fx_out){.key = 0, .value = each};
	root = fx_pay(&f->fx, &in, 1, out, SPLITS);
	tip = mine(f, block_ref(f->fx.genesis), &root, 1);
	for (size_t i = 0; i < COINS; i++)
		out[i].value = (each - 100000) / COINS;
	for (uint32_t i = 0; i < SPLITS; i++) {
		in = fx_in(root, i, 1);
		f->splits[i] = fx_pay(&f->fx, &in, 1, out, COINS);
	}
	for (size_t i = 0; i < SPLITS; i += PER_BLOCK)
		tip = mine(f, tip, f->splits + i, i + PER_BLOCK < SPLITS ? PER_BLOCK : SPLITS - i);
	block_unref(tip);
	tx_unref(root);
	free(out);
}

/* Adds payments with fee rates from 1 to 20 units per byte in random order, until the mempool rejects one. */
static void fill_mempool(struct full_pool *f)
{
	struct err e = {0};
	bool ok = true;

	f->rates = mem_array(SPLITS * COINS, sizeof(*f->rates));
	for (uint32_t i = 0; i < SPLITS * COINS && ok; i++) {
		const int64_t fee = 180 + (int64_t)(i * UINT32_C(2654435761) % 3420);
		struct tx *tx =
			fx_pay_one(&f->fx, fx_in(f->splits[i / COINS], i % COINS, 2), 1, fee);

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
	fill_mempool(&f);
	p = bench_compare(assemble_ms, sort_ms, &f, ROUNDS);
	bench_print(&(struct line){.name = "assemble_full_pool",
				   .unit = "ms",
				   .value = p.value,
				   .limit = p.limit,
				   .ratio = p.ratio,
				   .limit_is = "sorting as many fee rates with qsort"});
	mempool_free(f.pool);
	for (size_t i = 0; i < SPLITS; i++)
		tx_unref(f.splits[i]);
	free(f.rates);
	fx_close(&f.fx);
}
