/* The engine that tries eight nonces at once with AVX2, for processors without SHA instructions. */
#include "crypto/sha256_priv.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define LANES  8
#define TARGET __attribute__((target("avx2")))
typedef uint32_t vec __attribute__((vector_size(32)));
#define ROTR(x, n)    ((x) >> (n) | (x) << (32 - (n)))
#define XOR3(a, b, c) ((a) ^ (b) ^ (c))
#define CH(e, f, g)   ((g) ^ ((e) & ((f) ^ (g))))
#define MAJ(a, b, c)  (((a) & (b)) | ((c) & ((a) | (b))))
/* AVX2 has no unsigned comparison: a <= b if min(a, b) == a. */
#define AT_MOST(a, b)                                             \
	((unsigned)_mm256_movemask_ps((__m256)_mm256_cmpeq_epi32( \
		_mm256_min_epu32((__m256i)(a), (__m256i)(b)), (__m256i)(a))))

#include "crypto/sha256_lanes_priv.h"

static bool avx2_usable(void)
{
	return __builtin_cpu_supports("avx2");
}

const struct sha256_engine sha256_avx2 = {"avx2", avx2_usable, NULL, lanes_scan};

#endif
