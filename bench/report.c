/* Measuring, comparing with a limit, and printing a line for each figure. */
#include "bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
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
