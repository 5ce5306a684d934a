/* Makes signatures for the benchmarks, and measures how fast libsodium checks them. No benchmark
 * that checks signatures can be faster. */
#include "bench.h"

#include <pthread.h>
#include <stdlib.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>

struct sigcheck *bench_checks(size_t n)
{
	struct sigcheck *checks = mem_array(n, sizeof(*checks));
	struct key_seed seed = {{7}};
	struct rng_seeded rng;

	rng_seeded_init(&rng, 1);
	for (size_t i = 0; i < n; i++) {
		if (i % 64 == 0)
			key_generate(&seed, &checks[i].pub, &rng.rng);
		else
			checks[i].pub = checks[i - 1].pub;
		rng_fill(&rng.rng, checks[i].digest.b, HASH_BYTES);
		key_sign(&checks[i].sig, &seed, &checks[i].digest);
	}
	return checks;
}

struct share {
	const struct sigcheck *checks;
	size_t n;
	pthread_t thread;
};

static void *check_all(void *arg)
{
	const struct share *s = arg;

	for (size_t i = 0; i < s->n; i++)
		fx_must(key_verify(&s->checks[i].sig, &s->checks[i].pub, &s->checks[i].digest));
	return NULL;
}

double bench_raw_rate(const struct sigcheck *checks, size_t n, unsigned threads)
{
	struct share *shares = mem_array(threads, sizeof(*shares));
	double start = bench_now(), took;

	for (unsigned i = 0; i < threads; i++) {
		shares[i] = (struct share){.checks = checks, .n = n};
		fx_must(pthread_create(&shares[i].thread, NULL, check_all, &shares[i]) == 0);
	}
	for (unsigned i = 0; i < threads; i++)
		pthread_join(shares[i].thread, NULL);
	took = bench_now() - start;
	free(shares);
	return (double)n * threads / took;
}
