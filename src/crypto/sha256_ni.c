/* The engine on the SHA instructions of x86. Two registers, ABEF and CDGH, hold the state;
 * sha256rnds2 computes two rounds. Each instruction depends on the one before, so the scan interleaves
 * two hashes to hide the latency. Source: Intel 64 and IA-32 manual, volume 2, SHA256RNDS2,
 * SHA256MSG1, SHA256MSG2. */
#include "crypto/sha256_priv.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1")))
#define INLINE static inline __attribute__((always_inline)) TARGET

struct ni_state {
	__m128i abef, cdgh;
};

struct ni_words {
	__m128i m[4]; /* the last 16 words of the message schedule; the oldest four at group % 4 */
};

INLINE __m128i swap_pairs(__m128i x)
{
	return _mm_shuffle_epi32(x, 0xb1);
}

INLINE struct ni_state state_load(const uint32_t s[SHA256_WORDS])
{
	__m128i badc = swap_pairs(_mm_loadu_si128((const __m128i *)(const void *)s));
	__m128i fehg = swap_pairs(_mm_loadu_si128((const __m128i *)(const void *)(s + 4)));

	return (struct ni_state){_mm_unpacklo_epi64(fehg, badc), _mm_unpackhi_epi64(fehg, badc)};
}

INLINE __m128i state_abcd(struct ni_state s)
{
	return swap_pairs(_mm_unpackhi_epi64(s.abef, s.cdgh));
}

INLINE __m128i state_efgh(struct ni_state s)
{
	return swap_pairs(_mm_unpacklo_epi64(s.abef, s.cdgh));
}

INLINE struct ni_state state_add(struct ni_state a, struct ni_state b)
{
	return (struct ni_state){_mm_add_epi32(a.abef, b.abef), _mm_add_epi32(a.cdgh, b.cdgh)};
}

INLINE __m128i with_k(const struct ni_words *w, int group)
{
	return _mm_add_epi32(w->m[group % 4],
			     _mm_load_si128((const __m128i *)(const void *)(sha256_k + 4 * group)));
}

/* Four rounds. */
INLINE void rounds(struct ni_state *s, __m128i wk)
{
	s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, wk);
	s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(wk, 0x0e));
}

/* Replaces the schedule words of this group by those of group + 4. */
INLINE void schedule(struct ni_words *w, int group)
{
	__m128i *m0 = &w->m[group % 4];
	__m128i m1 = w->m[(group + 1) % 4], m2 = w->m[(group + 2) % 4], m3 = w->m[(group + 3) % 4];

	*m0 = _mm_sha256msg2_epu32(
		_mm_add_epi32(_mm_sha256msg1_epu32(*m0, m1), _mm_alignr_epi8(m3, m2, 4)), m3);
}

TARGET static void ni_blocks(uint32_t state[SHA256_WORDS], const uint8_t *blocks, size_t n)
{
	const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	struct ni_state s = state_load(state);

	for (; n > 0; n--, blocks += SHA256_BLOCK_BYTES) {
		const __m128i *in = (const __m128i *)(const void *)blocks;
		struct ni_state before = s;
		struct ni_words w;

		for (int i = 0; i < 4; i++)
			w.m[i] = _mm_shuffle_epi8(_mm_loadu_si128(in + i), swap);
#pragma GCC unroll 16
		for (int group = 0; group < 16; group++) {
			rounds(&s, with_k(&w, group));
			if (group < 12)
				schedule(&w, group);
		}
		s = state_add(s, before);
	}
	_mm_storeu_si128((__m128i *)(void *)state, state_abcd(s));
	_mm_storeu_si128((__m128i *)(void *)(state + 4), state_efgh(s));
}

/* --- two nonces at once --------------------------------------------------------------- */

/* Rounds 0 to 59 of both hashes. */
INLINE void sixty_rounds(struct ni_state s[2], struct ni_words w[2])
{
#pragma GCC unroll 16
	for (int group = 0; group < 15; group++) {
		rounds(&s[0], with_k(&w[0], group));
		rounds(&s[1], with_k(&w[1], group));
		if (group < 12) {
			schedule(&w[0], group);
			schedule(&w[1], group);
		}
	}
}

INLINE struct ni_words header_words(const struct sha256_scan *s, uint32_t nonce)
{
	const uint32_t *t = s->tail;

	return (struct ni_words){
		{_mm_set_epi32((int)__builtin_bswap32(nonce), (int)t[2], (int)t[1], (int)t[0]),
		 _mm_set_epi32(0, 0, 0, INT32_MIN), _mm_setzero_si128(),
		 _mm_set_epi32(640, 0, 0, 0)}};
}

INLINE struct ni_words hash_words(struct ni_state s)
{
	return (struct ni_words){{state_abcd(s), state_efgh(s), _mm_set_epi32(0, 0, 0, INT32_MIN),
				  _mm_set_epi32(256, 0, 0, 0)}};
}

/* The last word of the hash. H after round 63 is F after round 61, so the last two rounds are not
 * needed. */
INLINE uint32_t top_after_sixty(struct ni_state s, const struct ni_words *w)
{
	__m128i abef = _mm_sha256rnds2_epu32(s.cdgh, s.abef, with_k(w, 15));

	return __builtin_bswap32((uint32_t)_mm_cvtsi128_si32(abef) + sha256_iv[7]);
}

TARGET static uint64_t ni_scan(const struct sha256_scan *scan, uint32_t first, uint64_t n)
{
	const struct ni_state mid = state_load(scan->mid), iv = state_load(sha256_iv);
	uint64_t i = 0;

	for (; i + 2 <= n; i += 2) {
		uint32_t nonce = (uint32_t)(first + i);
		struct ni_words w[2] = {header_words(scan, nonce), header_words(scan, nonce + 1)};
		struct ni_state s[2] = {mid, mid};

		sixty_rounds(s, w);
		for (int k = 0; k < 2; k++) {
			rounds(&s[k], with_k(&w[k], 15));
			w[k] = hash_words(state_add(s[k], mid));
			s[k] = iv;
		}
		sixty_rounds(s, w);
		if (top_after_sixty(s[0], &w[0]) <= scan->top)
			return i;
		if (top_after_sixty(s[1], &w[1]) <= scan->top)
			return i + 1;
	}
	return i < n ? i + sha256_sodium.scan(scan, (uint32_t)(first + i), n - i) : n;
}

static bool ni_usable(void)
{
	unsigned a, b, c, d;

	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA) != 0 &&
	       __builtin_cpu_supports("sse4.1");
}

const struct sha256_engine sha256_ni = {"sha-ni", ni_usable, ni_blocks, ni_scan};

#endif
