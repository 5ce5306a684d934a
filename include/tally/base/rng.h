/* Random generators are passed in: the system's, or a seeded one that makes a test or a simulation
 * repeatable. */
#ifndef TALLY_BASE_RNG_H
#define TALLY_BASE_RNG_H

#include <stddef.h>
#include <stdint.h>

struct rng {
	void (*fill)(void *ctx, void *out, size_t bytes);
	void *ctx;
};

void rng_fill(const struct rng *r, void *out, size_t bytes);
uint64_t rng_u64(const struct rng *r);
uint64_t rng_below(const struct rng *r, uint64_t n); /* 0 .. n-1, without bias; n > 0 */

const struct rng *rng_system(void); /* the kernel's generator: suitable for keys */

struct rng_seeded {
	struct rng rng;
	uint64_t s[4];
};
void rng_seeded_init(struct rng_seeded *r, uint64_t seed); /* predictable: never for keys */

#endif
