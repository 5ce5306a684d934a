/* Retargeting. Source: tally-protocol(7), DIFFICULTY. */
#include <tally/consensus/params.h>

#include <tally/base/checked.h>
#include <tally/consensus/target.h>

#define WINDOW     30 /* blocks of the moving average */
#define STEP_MAX   60 /* at most this many spacings count as the time between two blocks */
#define WIDE_LIMBS 9  /* 288 bits: a target times (WINDOW - 1 + STEP_MAX) * SPACING_MAX < 2^23 */

/* Little-endian limbs of 32 bits, so that products and remainders fit in 64 bits. */
struct wide {
	uint32_t w[WIDE_LIMBS];
};

static struct wide wide_multiply(const struct u256 *a, uint32_t by)
{
	struct wide out;
	uint64_t carry = 0;

	for (int i = 0; i < WIDE_LIMBS; i++) {
		uint32_t limb = i < 8 ? (uint32_t)(a->w[i / 2] >> (i % 2 * 32)) : 0;
		carry += (uint64_t)limb * by;
		out.w[i] = (uint32_t)carry;
		carry >>= 32;
	}
	return out;
}

static void wide_divide(struct wide *a, uint32_t by)
{
	uint64_t rest = 0;

	for (int i = WIDE_LIMBS - 1; i >= 0; i--) {
		rest = rest << 32 | a->w[i];
		a->w[i] = (uint32_t)(rest / by);
		rest %= by;
	}
}

/* The smaller of the number and `most`. */
static struct u256 wide_at_most(const struct wide *a, const struct u256 *most)
{
	struct u256 low;

	if (a->w[WIDE_LIMBS - 1])
		return *most;
	for (int i = 0; i < 4; i++)
		low.w[i] = (uint64_t)a->w[2 * i + 1] << 32 | a->w[2 * i];
	return u256_cmp(&low, most) < 0 ? low : *most;
}

uint32_t next_bits(const struct chain_params *p, uint32_t parent_height, uint32_t parent_bits,
		   uint32_t parent_time, uint32_t grandparent_time)
{
	struct u256 target, limit;

	if (p->spacing == 0)
		return p->pow_limit;
	if (parent_height == 0)
		return parent_bits;
	/* Can't fail: the parent's header passed these rules. */
	if (!target_from_bits(&target, parent_bits) || !target_from_bits(&limit, p->pow_limit))
		return p->pow_limit;

	uint32_t t = parent_time > grandparent_time ? parent_time - grandparent_time : 0;
	t = MIN(t, STEP_MAX * p->spacing);
	struct wide product = wide_multiply(&target, (WINDOW - 1) * p->spacing + t);
	wide_divide(&product, WINDOW * p->spacing);
	target = wide_at_most(&product, &limit);
	if (u256_is_zero(&target))
		target = u256_from_u64(1);
	return target_to_bits(&target);
}
