#include <tally/mining/genesis_bits.h>

#include <tally/base/checked.h>
#include <tally/consensus/target.h>
#include <tally/crypto/pow.h>
#include <tally/primitives/block.h>

#define MEASURE_US   700000
#define MEASURE_STEP 65536 /* nonces between two looks at the clock */

/* floor((2^256 - 1) / d). */
static struct u256 max_divided_by(uint64_t d)
{
	struct u256 q;
	unsigned __int128 rest = 0;

	for (int i = 3; i >= 0; i--) {
		rest = rest << 64 | UINT64_MAX;
		q.w[i] = (uint64_t)(rest / d);
		rest %= d;
	}
	return q;
}

uint32_t genesis_bits_measure(const struct chain_params *p, const struct clock *clock)
{
	const int64_t begin = clock_mono_us(clock);
	uint8_t header[HEADER_BYTES] = {0};
	const uint8_t never[32] = {0}; /* a target that no hash meets */
	struct u256 target, limit;
	uint64_t hashes = 0, tried;
	uint32_t nonce;
	int64_t took;

	if (p->spacing == 0)
		return p->pow_limit;
	do {
		pow_scan(header, never, (uint32_t)hashes, MEASURE_STEP, &nonce, &tried);
		hashes += tried;
		took = clock_mono_us(clock) - begin;
	} while (took < MEASURE_US);
	/* One hash in rate * spacing must meet the target. */
	target = max_divided_by(
		MAX((uint64_t)((double)hashes * 1e6 / (double)took * p->spacing), 1));
	if (target_from_bits(&limit, p->pow_limit) && u256_cmp(&target, &limit) > 0)
		return p->pow_limit;
	return target_to_bits(&target);
}
