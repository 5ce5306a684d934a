/* Chains for the benchmarks. Mining them is fast: their spacing is 0, so blocks need almost no work. */
#include "bench.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#define OUTPUTS  1000 /* outputs of a transaction that makes coins */
#define SPLITS   30   /* such transactions per block */
#define ACCEPTED 16   /* blocks accepted before each call of chain_work() */

void bench_empty(struct bench_blocks *out, struct fx *fx, const struct block *parent, size_t n)
{
	*out = (struct bench_blocks){.b = mem_array(n + 1, sizeof(*out->b)), .n = n};
	for (size_t i = 0; i < n; i++) {
		out->b[i] = fx_mine(fx, parent, NULL, 0);
		parent = out->b[i];
	}
}

/* A transaction that splits a coin into n equal ones. */
static struct tx *split_coin(struct fx *fx, struct fx_in in, size_t n)
{
	struct fx_out *outs = mem_array(n, sizeof(*outs));
	struct tx *tx;

	for (size_t i = 0; i < n; i++)
		outs[i] = (struct fx_out){.key = (unsigned)(i % FX_KEYS),
					  .value = in.coin.value / (int64_t)n};
	tx = fx_pay(fx, &in, 1, outs, n);
	free(outs);
	return tx;
}

static const struct block *add(struct bench_blocks *out, struct fx *fx, const struct block *parent,
			       struct tx **txs, size_t n)
{
	out->b[out->n] = fx_mine(fx, parent, txs, n);
	for (size_t i = 0; i < n; i++)
		tx_unref(txs[i]);
	return out->b[out->n++];
}

/* Splits the genesis coin into n_splits coins, and each of these into OUTPUTS coins. Returns the last block. */
static const struct block *make_coins(struct bench_blocks *out, struct fx *fx, size_t n_splits)
{
	struct tx *txs[SPLITS];
	const struct block *parent = fx->genesis, *split;

	txs[0] = split_coin(fx, fx_in_coinbase(fx->genesis), n_splits);
	split = parent = add(out, fx, parent, txs, 1);
	for (size_t made = 0; made < n_splits;) {
		size_t n = 0;

		for (; n < SPLITS && made < n_splits; n++, made++)
			txs[n] = split_coin(fx,
					    fx_in(&split->tx[1], (uint32_t)made, fx_height(split)),
					    OUTPUTS);
		parent = add(out, fx, parent, txs, n);
	}
	return parent;
}

static struct tx *pay(struct fx *fx, const struct tx *from, uint32_t index, uint32_t height)
{
	struct fx_in in = fx_in(from, index, height);
	struct fx_out outs[2] = {{.key = (index + 1) % FX_KEYS, .value = in.coin.value / 3},
				 {.key = index % FX_KEYS, .value = in.coin.value / 3}};

	return fx_pay(fx, &in, 1, outs, 2);
}

void bench_payments(struct bench_blocks *out, struct fx *fx, size_t payments, size_t each)
{
	size_t n_splits = (payments + OUTPUTS - 1) / OUTPUTS, made = 0;
	struct tx **txs = mem_array(each, sizeof(struct tx *));
	const struct block *parent;

	*out = (struct bench_blocks){
		.b = mem_array(2 + n_splits / SPLITS + 1 + payments / each, sizeof(*out->b)),
		.payments = payments};
	parent = make_coins(out, fx, n_splits);
	for (size_t k = 1; made < payments;
	     k++) { /* from block 1 on, transactions 1 to n_tx - 1 have the coins */
		const struct block *coins = out->b[k];

		for (uint32_t t = 1; t < coins->n_tx && made < payments; t++)
			for (uint32_t i = 0; i < OUTPUTS && made < payments; i++) {
				txs[made % each] = pay(fx, &coins->tx[t], i, fx_height(coins));
				if (++made % each == 0 || made == payments)
					parent = add(out, fx, parent, txs, (made - 1) % each + 1);
			}
	}
	free(txs);
}

void bench_blocks_clear(struct bench_blocks *b)
{
	for (size_t i = 0; i < b->n; i++)
		block_unref(b->b[i]);
	free(b->b);
	memset(b, 0, sizeof(*b));
}

void bench_connect(struct fx *fx, const struct bench_blocks *b)
{
	struct err e = {0};

	chain_set_catching_up(fx->chain, true);
	for (size_t i = 0; i < b->n; i++) {
		fx_accept(fx, b->b[i]);
		if (i % ACCEPTED == ACCEPTED - 1)
			fx_must_e(chain_work(fx->chain, 1000, NULL, &e));
	}
	fx_settle(fx);
	fx_must_e(chain_commit(fx->chain, &e));
	chain_set_catching_up(fx->chain, false);
	fx_must(b->n == 0 || fx_is_tip(fx, b->b[b->n - 1]));
}
