/* tally-bench: runs the benchmarks that need no running node. Makes chains on disk for the others, see bench.py. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void make_chain(const char *kind, size_t n, const char *dir)
{
	struct fx fx;
	struct bench_blocks b;
	struct chain_entry tip;
	struct block *parent;
	struct err e = {0};

	fx_open(&fx,
		&(struct fx_options){.dir = dir, .threads = bench_cores(), .system_clock = true});
	if (strcmp(kind, "payments") == 0) {
		bench_payments(&b, &fx, n, 1000);
	} else {
		tip = chain_tip(fx.chain);
		fx_must_e(chain_read_block(fx.chain, tip.index, &parent, &e));
		fx_must(tip.height <= n);
		bench_empty(&b, &fx, parent, n - tip.height);
		block_unref(parent);
	}
	bench_connect(&fx, &b);
	printf("%u\n", chain_height(fx.chain));
	bench_blocks_clear(&b);
	fx_close(&fx);
}

int main(int argc, char **argv)
{
	struct err e = {0};

	fx_must_e(crypto_start(&e));
	if (argc == 5 && strcmp(argv[1], "make") == 0) {
		make_chain(argv[2], (size_t)strtoul(argv[3], NULL, 10), argv[4]);
		return 0;
	}
	if (argc > 3 || argc < 2 || strcmp(argv[1], "run") != 0) {
		fprintf(stderr, "usage: tally-bench run [NAME]\n"
				"       tally-bench make empty|payments N DIR\n");
		return 2;
	}
	bench_crypto(argc == 3 ? argv[2] : NULL);
	bench_chain(argc == 3 ? argv[2] : NULL);
	bench_pool(argc == 3 ? argv[2] : NULL);
	return 0;
}
