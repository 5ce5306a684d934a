/* Tries LANES nonces at once: each vector register holds the same word of LANES headers. The engine
 * that includes this file defines LANES, TARGET, vec, ROTR(x, n), XOR3(a, b, c), CH(e, f, g),
 * MAJ(a, b, c) and AT_MOST(a, b), an unsigned comparison that gives a bit mask with lane 0 lowest. It
 * uses lanes_scan.
 *
 * All rounds are unrolled, so that the compiler folds the words that are constant: padding and the
 * words before the nonce. Source of the rounds: FIPS 180-4, section 6.2.2. */

#define INLINE static inline __attribute__((always_inline)) TARGET

struct lanes {
	vec v[SHA256_WORDS];
};

INLINE vec all(uint32_t x)
{
	return (vec){0} + x;
}

INLINE vec swap_bytes(vec x)
{
	return (ROTR(x, 8) & 0xff00ff00U) | (ROTR(x, 24) & 0x00ff00ffU);
}

/* One round. Instead of moving all eight words by one place in each round, S(i) renames them: the word
 * called i is at index (i - round) % 8. */
INLINE void one_round(struct lanes *s, int round, vec wk)
{
#define S(i) s->v[((i) + 64 - round) % 8]
	vec e = S(4), a = S(0);
	vec t = S(7) + XOR3(ROTR(e, 6), ROTR(e, 11), ROTR(e, 25)) + CH(e, S(5), S(6)) + wk;

	S(3) += t;
	S(7) = t + XOR3(ROTR(a, 2), ROTR(a, 13), ROTR(a, 22)) + MAJ(a, S(1), S(2));
#undef S
}

/* Word i of the message schedule; it replaces word i - 16. */
INLINE vec schedule(vec w[16], int i)
{
	vec a = w[(i + 1) % 16], b = w[(i + 14) % 16];

	w[i % 16] += XOR3(ROTR(a, 7), ROTR(a, 18), a >> 3) + w[(i + 9) % 16] +
		     XOR3(ROTR(b, 17), ROTR(b, 19), b >> 10);
	return w[i % 16];
}

INLINE void all_rounds(struct lanes *s, vec w[16], int n)
{
#pragma GCC unroll 64
	for (int i = 0; i < n; i++)
		one_round(s, i, (i < 16 ? w[i] : schedule(w, i)) + sha256_k[i]);
}

/* The second hash needs 61 of its 64 rounds: only its last word (H) is compared, and H after round 63
 * is E after round 60. */
INLINE unsigned scan_lanes(const struct sha256_scan *scan, vec nonces)
{
	struct lanes s;
	vec w[16] = {all(scan->tail[0]), all(scan->tail[1]), all(scan->tail[2]), swap_bytes(nonces),
		     all(0x80000000U)};

	w[15] = all(640);
	for (int i = 0; i < SHA256_WORDS; i++)
		s.v[i] = all(scan->mid[i]);
	all_rounds(&s, w, 64);
	for (int i = 0; i < SHA256_WORDS; i++) {
		w[i] = s.v[i] + all(scan->mid[i]);
		s.v[i] = all(sha256_iv[i]);
		w[i + 8] = all(0);
	}
	w[8] = all(0x80000000U);
	w[15] = all(256);
	all_rounds(&s, w, 61);
	return AT_MOST(swap_bytes(s.v[(4 + 64 - 61) % 8] + sha256_iv[7]), all(scan->top));
}

TARGET static uint64_t lanes_scan(const struct sha256_scan *scan, uint32_t first, uint64_t n)
{
	uint64_t i = 0;
	vec nonces = all(first);

	for (int k = 0; k < LANES; k++)
		nonces[k] += (uint32_t)k;
	for (; i + LANES <= n; i += LANES, nonces += LANES) {
		unsigned mask = scan_lanes(scan, nonces);

		if (mask != 0)
			return i + (unsigned)__builtin_ctz(mask);
	}
	return i < n ? i + sha256_sodium.scan(scan, (uint32_t)(first + i), n - i) : n;
}
