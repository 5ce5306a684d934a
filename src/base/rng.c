#include <tally/base/rng.h>

#include <assert.h>

#include <sodium.h>

void rng_fill(const struct rng *r, void *out, size_t bytes)
{
	r->fill(r->ctx, out, bytes);
}

uint64_t rng_u64(const struct rng *r)
{
	uint64_t v;

	r->fill(r->ctx, &v, sizeof(v));
	return v;
}

uint64_t rng_below(const struct rng *r, uint64_t n)
{
	uint64_t skip, v;

	assert(n > 0);
	/* 2^64 mod n: without that many of the lowest numbers, every remainder is equally likely. */
	skip = -n % n;
	do
		v = rng_u64(r);
	while (v < skip);
	return v % n;
}

static void system_fill(void *ctx, void *out, size_t bytes)
{
	(void)ctx;
	randombytes_buf(out, bytes);
}

const struct rng *rng_system(void)
{
	static const struct rng system = {system_fill, NULL};

	return &system;
}

static uint64_t rotl(uint64_t v, unsigned n)
{
	return v << n | v >> (64 - n);
}

/* xoshiro256**. Source: Blackman and Vigna, https://prng.di.unimi.it/xoshiro256starstar.c */
static uint64_t seeded_next(uint64_t s[4])
{
	uint64_t result = rotl(s[1] * 5, 7) * 9;
	uint64_t t = s[1] << 17;

	s[2] ^= s[0];
	s[3] ^= s[1];
	s[1] ^= s[2];
	s[0] ^= s[3];
	s[2] ^= t;
	s[3] = rotl(s[3], 45);
	return result;
}

static void seeded_fill(void *ctx, void *out, size_t bytes)
{
	struct rng_seeded *r = ctx;
	uint8_t *p = out;

	while (bytes) {
		uint64_t v = seeded_next(r->s);
		size_t n = bytes < sizeof(v) ? bytes : sizeof(v);

		/* Byte by byte, so that a seed gives the same bytes on any machine. */
		for (size_t i = 0; i < n; i++)
			p[i] = (uint8_t)(v >> (8 * i));
		p += n;
		bytes -= n;
	}
}

void rng_seeded_init(struct rng_seeded *r, uint64_t seed)
{
	r->rng = (struct rng){seeded_fill, r};
	/* splitmix64 fills the state, as the authors of xoshiro recommend. */
	for (int i = 0; i < 4; i++) {
		uint64_t z = (seed += UINT64_C(0x9e3779b97f4a7c15));

		z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
		z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
		r->s[i] = z ^ z >> 31;
	}
}
