/* tally-bench: runs the benchmarks that need no running node. Makes chains on disk for the others, see bench.py. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

double bench_now(void)
{
	return (double)clock_mono_us(clock_system()) / 1e6;
}

static int by_value(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

double bench_median(double *values, size_t n)
{
	qsort(values, n, sizeof(*values), by_value);
	return n % 2 != 0 ? values[n / 2] : (values[n / 2 - 1] + values[n / 2]) / 2;
}

unsigned bench_cores(void)
{
	const long n = sysconf(_SC_NPROCESSORS_ONLN);

	return n < 1 ? 1 : (unsigned)n;
}

#define ROUNDS_MAX 16

struct bench_pair bench_compare(bench_fn *value, bench_fn *limit, void *arg, unsigned rounds)
{
	double values[ROUNDS_MAX], limits[ROUNDS_MAX], ratios[ROUNDS_MAX];

	fx_must(rounds <= ROUNDS_MAX);
	for (unsigned i = 0; i < rounds; i++) {
		limits[i] = limit(arg);
		values[i] = value(arg);
		ratios[i] = values[i] / limits[i];
	}
	return (struct bench_pair){bench_median(values, rounds), bench_median(limits, rounds),
				   bench_median(ratios, rounds)};
}

static void print_number(double v)
{
	printf(v >= 100 ? " %.0f" : v >= 10 ? " %.1f" : " %.2f", v);
}

void bench_print(const struct line *l)
{
	double ratio = l->ratio;

	if (ratio == 0 && l->limit > 0)
		ratio = l->value / l->limit;
	printf("%s", l->name);
	print_number(l->value);
	printf(" %s", l->unit);
	if (l->limit > 0) {
		printf("  limit");
		print_number(l->limit);
		printf(" (%s)  ratio %.2f", l->limit_is, ratio);
	}
	if (l->aim == AIM_RATIO)
		printf("  aim %.2f  %s", l->aim_value, ratio >= l->aim_value ? "met" : "missed");
	if (l->aim == AIM_AT_LEAST) {
		printf("  aim");
		print_number(l->aim_value);
		printf("  %s", l->value >= l->aim_value ? "met" : "missed");
	}
	putchar('\n');
	fflush(stdout);
}

bool bench_wanted(const char *filter, const char *name)
{
	return filter == NULL || strstr(name, filter) != NULL;
}

/* --- chains on disk ---------------------------------------------------------------- */

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
