/* What the benches share. Each prints lines `name value unit`, and behind them the limit
 * measured in the same run and what is aimed at:
 *
 *   signature_checks 34512 checks/s  limit 35214 (libsodium alone, every core)  ratio 0.98  aim 0.90  met
 */
#ifndef TALLY_BENCH_BENCH_H
#define TALLY_BENCH_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "../tests/unit/chain_fixture.h"

enum aim { AIM_NONE, AIM_RATIO, AIM_AT_LEAST };

struct line {
	const char *name, *unit;
	double value;
	double limit; /* 0: none */
	double ratio; /* 0: value / limit */
	const char *limit_is;
	enum aim aim;
	double aim_value;
};
void bench_print(const struct line *l);

double bench_now(void); /* seconds, monotonic */
double bench_median(double *values, size_t n);
unsigned bench_cores(void);

/* Measures a and the limit b by turns, so that a busy moment of the machine spoils neither the one nor the
 * other alone: medians of both, and of their ratios. */
typedef double bench_fn(void *arg);
struct bench_pair {
	double value, limit, ratio;
};
struct bench_pair bench_beside(bench_fn *value, bench_fn *limit, void *arg, unsigned rounds);

/* checks.c: signatures of random digests, and how fast libsodium alone checks them. */
struct sigcheck *bench_checks(size_t n);
/* Each of `threads` threads goes through all n; checks a second altogether. */
double bench_raw_rate(const struct sigcheck *checks, size_t n, unsigned threads);

/* blocks.c: chains in memory, upon the fixture's genesis. */
struct bench_blocks {
	struct block **b;
	size_t n;
	size_t payments;
};
void bench_empty(struct bench_blocks *out, struct fx *fx, const struct block *parent, size_t n);
/* Blocks of `each` signed payments (1 in, 2 out) with `payments` altogether; before them, those that make
 * the coins they spend. */
void bench_payments(struct bench_blocks *out, struct fx *fx, size_t payments, size_t each);
void bench_blocks_clear(struct bench_blocks *b);
/* Accepts and connects them as a node that catches up does. */
void bench_connect(struct fx *fx, const struct bench_blocks *b);

/* The benches. */
void bench_crypto(const char *filter);
void bench_chain(const char *filter);
void bench_pool(const char *filter);
bool bench_wanted(const char *filter, const char *name);

#endif
