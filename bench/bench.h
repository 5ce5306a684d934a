/* Shared by the benchmarks. Each prints lines `name value unit`, then the limit of the machine, measured in the same
 * run, and the aim:
 *
 *   signature_checks 34512 checks/s  limit 35214 (libsodium on one core, times cores)  ratio 0.98  aim 0.90  met
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
	double limit;         /* 0: none */
	double ratio;         /* 0: bench_print computes value / limit */
	const char *limit_is; /* how the limit was measured */
	enum aim aim;         /* which number the aim is for: the ratio or the value */
	double aim_value;     /* at least this */
};
void bench_print(const struct line *l);

double bench_now(void); /* seconds, monotonic */
double bench_median(double *values, size_t n);
unsigned bench_cores(void);

/* Runs two measurements alternately, `rounds` times, so that other load on the machine affects
 * both: `value` is the speed of Tally, `limit` the most that the machine can reach.
 * Returns the medians of both and of their ratio. */
typedef double bench_fn(void *arg);
struct bench_pair {
	double value, limit, ratio;
};
struct bench_pair bench_compare(bench_fn *value, bench_fn *limit, void *arg, unsigned rounds);

/* checks.c: n signatures of random digests, to be freed by the caller. */
struct sigcheck *bench_checks(size_t n);
/* Lets each of `threads` threads check all n signatures with libsodium. Returns checks/s of all threads together. */
double bench_raw_rate(const struct sigcheck *checks, size_t n, unsigned threads);

/* blocks.c: chains in memory that start with the fixture's genesis block. */
struct bench_blocks {
	struct block **b;
	size_t n;
	size_t payments; /* in all blocks together */
};
/* n blocks without payments on top of `parent`. */
void bench_empty(struct bench_blocks *out, struct fx *fx, const struct block *parent, size_t n);
/* Blocks that make coins, then blocks of `each` signed payments that spend them: `payments` in all, with 1 input and
 * 2 outputs. */
void bench_payments(struct bench_blocks *out, struct fx *fx, size_t payments, size_t each);
void bench_blocks_clear(struct bench_blocks *b);
/* Accepts and connects the blocks like a node that is syncing. */
void bench_connect(struct fx *fx, const struct bench_blocks *b);

/* The benchmarks. filter: run only those with this text in their name; NULL: all. */
void bench_crypto(const char *filter);
void bench_chain(const char *filter);
void bench_pool(const char *filter);
bool bench_wanted(const char *filter, const char *name);

#endif
