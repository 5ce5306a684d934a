/* The engine that tries sixteen nonces at once with AVX-512. */
#include "crypto/sha256_priv.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define LANES  16
#define TARGET __attribute__((target("avx512f")))
typedef uint32_t vec __attribute__((vector_size(64)));
#define ROTR(x, n) ((vec)_mm512_ror_epi32((__m512i)(x), n))
#define TERNARY(a, b, c, table) \
	((vec)_mm512_ternarylogic_epi32((__m512i)(a), (__m512i)(b), (__m512i)(c), table))
#define XOR3(a, b, c) TERNARY(a, b, c, 0x96)
#define CH(e, f, g)   TERNARY(e, f, g, 0xca)
#define MAJ(a, b, c)  TERNARY(a, b, c, 0xe8)
#define AT_MOST(a, b) _mm512_cmple_epu32_mask((__m512i)(a), (__m512i)(b))

#include "crypto/sha256_lanes_priv.h"

static bool avx512_usable(void)
{
	return __builtin_cpu_supports("avx512f");
}

const struct sha256_engine sha256_avx512 = {"avx512", avx512_usable, NULL, lanes_scan};

#endif
