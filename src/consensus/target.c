/* 256-bit targets and work. */
#include <tally/consensus/target.h>

#include <math.h>

#include <tally/base/bytes.h>

#define LIMBS     4
#define LIMB_BITS 64
#define BITS      (LIMBS * LIMB_BITS)

/* The parts of a compact number: a length byte, a sign bit and 23 bits of mantissa. */
#define COMPACT_SIGN     UINT32_C(0x00800000)
#define COMPACT_MANTISSA UINT32_C(0x007fffff)

int u256_cmp(const struct u256 *a, const struct u256 *b)
{
	for (int i = LIMBS - 1; i >= 0; i--)
		if (a->w[i] != b->w[i])
			return a->w[i] < b->w[i] ? -1 : 1;
	return 0;
}

bool u256_is_zero(const struct u256 *a)
{
	return (a->w[0] | a->w[1] | a->w[2] | a->w[3]) == 0;
}

struct u256 u256_from_u64(uint64_t v)
{
	return (struct u256){{v, 0, 0, 0}};
}

struct u256 u256_add(const struct u256 *a, const struct u256 *b)
{
	struct u256 sum;
	unsigned carry = 0;

	for (int i = 0; i < LIMBS; i++) {
		unsigned over = __builtin_add_overflow(a->w[i], b->w[i], &sum.w[i]);
		over |= __builtin_add_overflow(sum.w[i], carry, &sum.w[i]);
		carry = over;
	}
	if (carry)
		return (struct u256){{UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX}};
	return sum;
}

struct u256 u256_sub(const struct u256 *a, const struct u256 *b)
{
	struct u256 rest;
	unsigned borrow = 0;

	for (int i = 0; i < LIMBS; i++) {
		unsigned under = __builtin_sub_overflow(a->w[i], b->w[i], &rest.w[i]);
		under |= __builtin_sub_overflow(rest.w[i], borrow, &rest.w[i]);
		borrow = under;
	}
	return borrow ? u256_from_u64(0) : rest;
}

/* The number of significant bits: 0 for 0, at most 256. */
static unsigned bit_length(const struct u256 *a)
{
	for (int i = LIMBS - 1; i >= 0; i--)
		if (a->w[i])
			return (unsigned)(i + 1) * LIMB_BITS - (unsigned)__builtin_clzll(a->w[i]);
	return 0;
}

/* a << n modulo 2^256, n < 256. */
static struct u256 shift_left(const struct u256 *a, unsigned n)
{
	struct u256 out = {{0}};
	unsigned limbs = n / LIMB_BITS, bits = n % LIMB_BITS;

	for (unsigned i = limbs; i < LIMBS; i++) {
		out.w[i] = a->w[i - limbs] << bits;
		if (bits && i > limbs)
			out.w[i] |= a->w[i - limbs - 1] >> (LIMB_BITS - bits);
	}
	return out;
}

/* The lowest 64 bits of a >> n, n < 256. */
static uint64_t shift_right_low(const struct u256 *a, unsigned n)
{
	unsigned limb = n / LIMB_BITS, bits = n % LIMB_BITS;
	uint64_t low = a->w[limb] >> bits;

	if (bits && limb + 1 < LIMBS)
		low |= a->w[limb + 1] << (LIMB_BITS - bits);
	return low;
}

static void halve(struct u256 *a)
{
	for (int i = 0; i < LIMBS; i++)
		a->w[i] = (a->w[i] >> 1) | (i + 1 < LIMBS ? a->w[i + 1] << (LIMB_BITS - 1) : 0);
}

/* floor(a / b), b > 0. One step for each bit of the quotient, so that it is fast for targets, which
 * are large. */
static struct u256 divide(struct u256 a, const struct u256 *b)
{
	struct u256 quotient = {{0}};
	unsigned a_bits = bit_length(&a), b_bits = bit_length(b);

	if (a_bits < b_bits)
		return quotient;
	struct u256 step = shift_left(b, a_bits - b_bits);
	for (int i = (int)(a_bits - b_bits); i >= 0; i--) {
		if (u256_cmp(&a, &step) >= 0) {
			a = u256_sub(&a, &step);
			quotient.w[i / LIMB_BITS] |= UINT64_C(1) << (i % LIMB_BITS);
		}
		halve(&step);
	}
	return quotient;
}

double u256_double(const struct u256 *a)
{
	double d = 0;

	for (int i = 0; i < LIMBS; i++)
		d += ldexp((double)a->w[i], i * LIMB_BITS);
	return d;
}

double u256_log2(const struct u256 *a)
{
	return u256_is_zero(a) ? 0 : log2(u256_double(a));
}

void u256_hex(char out[65], const struct u256 *a)
{
	static const char digits[] = "0123456789abcdef";

	for (int i = 0; i < 64; i++)
		out[63 - i] = digits[a->w[i / 16] >> (i % 16 * 4) & 15];
	out[64] = '\0';
}

void u256_to_le(uint8_t out[32], const struct u256 *a)
{
	for (int i = 0; i < LIMBS; i++)
		set_le64(out + 8 * i, a->w[i]);
}

struct u256 u256_from_le(const uint8_t in[32])
{
	struct u256 a;

	for (int i = 0; i < LIMBS; i++)
		a.w[i] = le64(in + 8 * i);
	return a;
}

bool target_from_bits(struct u256 *out, uint32_t bits)
{
	unsigned size = bits >> 24;
	uint32_t word = bits & COMPACT_MANTISSA;

	*out = u256_from_u64(0);
	if (size <= 3)
		word >>= 8 * (3 - size);
	if (word == 0 || bits & COMPACT_SIGN)
		return false;
	if (size > 34 || (word > 0xff && size > 33) || (word > 0xffff && size > 32))
		return false;
	*out = u256_from_u64(word);
	if (size > 3)
		*out = shift_left(out, 8 * (size - 3));
	return true;
}

uint32_t target_to_bits(const struct u256 *target)
{
	unsigned size = (bit_length(target) + 7) / 8;
	uint32_t word;

	if (size <= 3)
		word = (uint32_t)(target->w[0] << (8 * (3 - size)));
	else
		word = (uint32_t)(shift_right_low(target, 8 * (size - 3)) & 0xffffff);
	/* The mantissa's top bit would be read as the sign: shift it right by one byte. */
	if (word & COMPACT_SIGN) {
		word >>= 8;
		size++;
	}
	return word | (uint32_t)size << 24;
}

struct u256 work_of_bits(uint32_t bits)
{
	static const struct u256 one = {{1, 0, 0, 0}};
	struct u256 target;

	if (!target_from_bits(&target, bits))
		return u256_from_u64(0);
	/* 2^256 does not fit in 256 bits, but 2^256 / (t + 1) = (2^256 - t - 1) / (t + 1) + 1, and
	 * 2^256 - t - 1 is ~t. */
	struct u256 rest = {{~target.w[0], ~target.w[1], ~target.w[2], ~target.w[3]}};
	struct u256 divisor = u256_add(&target, &one);
	struct u256 work = divide(rest, &divisor);
	return u256_add(&work, &one);
}

bool pow_ok(const struct block_hash *hash, uint32_t bits)
{
	struct u256 target, h = u256_from_le(hash->h.b);

	return target_from_bits(&target, bits) && u256_cmp(&h, &target) <= 0;
}

double difficulty_of_bits(uint32_t bits, uint32_t pow_limit_bits)
{
	struct u256 target, limit;

	if (!target_from_bits(&target, bits) || !target_from_bits(&limit, pow_limit_bits))
		return 0;
	return u256_double(&limit) / u256_double(&target);
}
