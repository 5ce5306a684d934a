/* SHA-256 by the processor's own instructions (SHA-NI), and the search for a nonce: two headers at a time, so that
 * one fills the waits of the other, from the state after the first block on.
 * Source of the instructions' use: Intel, "New Instructions Supporting the Secure Hash Algorithm", 2013. */
#include "crypto/sha256_priv.h"

#if defined(__x86_64__) || defined(__i386__)

#include <cpuid.h>
#include <immintrin.h>
#include <string.h>

#include <tally/base/bytes.h>

#define NI       __attribute__((target("sha,sse4.1,ssse3")))
#define NI_FORCE static inline __attribute__((always_inline, target("sha,sse4.1,ssse3")))

#define STEPS     16 /* of four rounds */
#define HEADER_AT 64 /* where the second block of a header begins */

/* FIPS 180-4, 4.2.2. */
static const uint32_t k[64] __attribute__((aligned(16))) = {
	0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4,
	0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe,
	0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f,
	0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7,
	0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc,
	0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b,
	0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116,
	0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
	0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7,
	0xc67178f2};

/* The state as the instructions have it: a b e f and c d g h, from the highest word down. */
struct state {
	__m128i abef, cdgh;
};

NI_FORCE struct state pack(__m128i dcba, __m128i hgfe)
{
	__m128i cdab = _mm_shuffle_epi32(dcba, 0xb1), efgh = _mm_shuffle_epi32(hgfe, 0x1b);

	return (struct state){_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xf0)};
}

/* Lowest word first: a b c d and e f g h, as the words of a message stand. */
NI_FORCE void unpack(const struct state *s, __m128i *abcd, __m128i *efgh)
{
	__m128i feba = _mm_shuffle_epi32(s->abef, 0x1b), dchg = _mm_shuffle_epi32(s->cdgh, 0xb1);

	*abcd = _mm_blend_epi16(feba, dchg, 0xf0);
	*efgh = _mm_alignr_epi8(dchg, feba, 8);
}

/* Four rounds; m holds the last sixteen words of the schedule, the oldest of them is replaced. */
NI_FORCE void step(struct state *s, __m128i m[4], int i)
{
	__m128i w;

	if (i >= 4) {
		w = _mm_sha256msg1_epu32(m[i & 3], m[(i + 1) & 3]);
		w = _mm_add_epi32(w, _mm_alignr_epi8(m[(i + 3) & 3], m[(i + 2) & 3], 4));
		m[i & 3] = _mm_sha256msg2_epu32(w, m[(i + 3) & 3]);
	}
	w = _mm_add_epi32(m[i & 3], _mm_load_si128((const __m128i *)(const void *)&k[4 * i]));
	s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, w);
	s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(w, 0x0e));
}

NI_FORCE void add(struct state *s, const struct state *to)
{
	s->abef = _mm_add_epi32(s->abef, to->abef);
	s->cdgh = _mm_add_epi32(s->cdgh, to->cdgh);
}

NI_FORCE struct state load(const uint32_t words[SHA256_WORDS])
{
	return pack(_mm_loadu_si128((const __m128i *)(const void *)words),
		    _mm_loadu_si128((const __m128i *)(const void *)(words + 4)));
}

NI static void transform(uint32_t words[SHA256_WORDS], const uint8_t *blocks, size_t n)
{
	const __m128i turn = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
	struct state s = load(words);
	__m128i abcd, efgh;

	for (; n > 0; n--, blocks += SHA256_BLOCK_BYTES) {
		struct state before = s;
		__m128i m[4];

		for (int i = 0; i < 4; i++)
			m[i] = _mm_shuffle_epi8(
				_mm_loadu_si128((const __m128i *)(const void *)(blocks + 16 * i)),
				turn);
#pragma GCC unroll 16
		for (int i = 0; i < STEPS; i++)
			step(&s, m, i);
		add(&s, &before);
	}
	unpack(&s, &abcd, &efgh);
	_mm_storeu_si128((__m128i *)(void *)words, abcd);
	_mm_storeu_si128((__m128i *)(void *)(words + 4), efgh);
}

/* What does not change from nonce to nonce. */
struct job {
	struct state mid, start;
	uint32_t tail[3]; /* the words before the nonce */
};

/* The highest word of both hashes, as numbers, of headers with these nonces. */
NI_FORCE void two(const struct job *j, uint32_t a_nonce, uint32_t b_nonce, uint32_t out[2])
{
	const __m128i end = _mm_set_epi32(0, 0, 0, (int)0x80000000), none = _mm_setzero_si128();
	const __m128i header_bits = _mm_set_epi32(640, 0, 0, 0),
		      hash_bits = _mm_set_epi32(256, 0, 0, 0);
	__m128i ma[4] = {_mm_set_epi32((int)__builtin_bswap32(a_nonce), (int)j->tail[2],
				       (int)j->tail[1], (int)j->tail[0]),
			 end, none, header_bits};
	__m128i mb[4] = {_mm_set_epi32((int)__builtin_bswap32(b_nonce), (int)j->tail[2],
				       (int)j->tail[1], (int)j->tail[0]),
			 end, none, header_bits};
	struct state a = j->mid, b = j->mid;

#pragma GCC unroll 16
	for (int i = 0; i < STEPS; i++) {
		step(&a, ma, i);
		step(&b, mb, i);
	}
	add(&a, &j->mid);
	add(&b, &j->mid);
	unpack(&a, &ma[0], &ma[1]);
	unpack(&b, &mb[0], &mb[1]);
	ma[2] = mb[2] = end;
	ma[3] = mb[3] = hash_bits;
	a = b = j->start;
#pragma GCC unroll 16
	for (int i = 0; i < STEPS; i++) {
		step(&a, ma, i);
		step(&b, mb, i);
	}
	/* h is the lowest word of cdgh; nothing else of the sum is needed. */
	out[0] = __builtin_bswap32((uint32_t)_mm_cvtsi128_si32(a.cdgh) + sha256_start[7]);
	out[1] = __builtin_bswap32((uint32_t)_mm_cvtsi128_si32(b.cdgh) + sha256_start[7]);
}

NI static uint64_t scan(const struct scan *s, bool *found)
{
	const uint32_t most = le32(s->target + 28);
	uint32_t words[SHA256_WORDS], high[2];
	struct job j;

	memcpy(words, sha256_start, sizeof(words));
	transform(words, s->header, 1);
	j.mid = load(words);
	j.start = load(sha256_start);
	for (int i = 0; i < 3; i++)
		j.tail[i] = __builtin_bswap32(le32(s->header + HEADER_AT + 4 * i));
	for (uint64_t i = 0; i < s->count; i += 2) {
		const uint32_t nonce = (uint32_t)(s->first + i);

		two(&j, nonce, nonce + 1, high);
		for (uint32_t lane = 0; lane < 2 && i + lane < s->count; lane++)
			if (high[lane] <= most && scan_try(s, nonce + lane)) {
				*found = true;
				return i + lane + 1;
			}
	}
	return s->count;
}

static bool machine_can(void)
{
	unsigned a, b, c, d;

	if (!__get_cpuid(1, &a, &b, &c, &d) || !(c & bit_SSSE3) || !(c & bit_SSE4_1))
		return false;
	return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b & bit_SHA);
}

const struct sha256_engine *sha256_ni(void)
{
	static const struct sha256_engine engine = {
		.name = "SHA-NI", .transform = transform, .scan = scan};

	return machine_can() ? &engine : NULL;
}

#else

const struct sha256_engine *sha256_ni(void)
{
	return NULL;
}

#endif
