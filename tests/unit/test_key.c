/* Ed25519 as the protocol defines it: RFC 8032's vectors, and the edge cases in which
 * libraries differ. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include <sodium.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/crypto/key.h>

/* RFC 8032 section 7.1: TEST 1, TEST 2, TEST 3, TEST SHA(abc). */
static const struct {
	const char *seed, *pub, *message, *sig;
} rfc8032[] = {
	{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
	 "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
	 "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9"
	 "b46bd25bf5f0595bbe24655141438e7a100b"},
	{"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
	 "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
	 "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f1"
	 "1d8c387b2eaeb4302aeeb00d291612bb0c00"},
	{"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
	 "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
	 "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984d"
	 "c6594a7c15e9716ed28dc027beceea1ec40a"},
	{"833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
	 "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
	 "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3fe"
	 "ebbd454d4423643ce80e2a9ac94fa54ca49f",
	 "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431"
	 "e0303dca179c138ac17ad9bef1177331a704"},
};

static struct key_seed seed_of(uint8_t n)
{
	struct key_seed s = {{n, 1, 2, 3}};

	return s;
}

static void public_keys_are_rfc8032s(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rfc8032); i++) {
		struct key_seed seed;
		struct pubkey pub;
		uint8_t want[32];

		assert_true(hex_decode(seed.b, 32, rfc8032[i].seed));
		assert_true(hex_decode(want, 32, rfc8032[i].pub));
		key_pubkey(&pub, &seed);
		assert_memory_equal(pub.b, want, 32);
	}
}

/* key_sign takes a digest; the vectors' messages are signed with libsodium directly. */
static void the_library_signs_as_rfc8032_does(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rfc8032); i++) {
		uint8_t seed[32], pub[32], sk[64], msg[64], sig[64], want[64];
		size_t n = strlen(rfc8032[i].message) / 2;

		assert_true(hex_decode(seed, 32, rfc8032[i].seed));
		assert_true(hex_decode(msg, n, rfc8032[i].message));
		assert_true(hex_decode(want, 64, rfc8032[i].sig));
		crypto_sign_seed_keypair(pub, sk, seed);
		crypto_sign_detached(sig, NULL, msg, n, sk);
		assert_memory_equal(sig, want, 64);
	}
}

static void only_the_signed_digest_verifies(void **state)
{
	struct key_seed seed = seed_of(1), other_seed = seed_of(2);
	struct pubkey pub, other;
	struct hash256 digest = {{7, 7}};
	struct signature sig;

	(void)state;
	key_pubkey(&pub, &seed);
	key_pubkey(&other, &other_seed);
	key_sign(&sig, &seed, &digest);
	assert_true(key_verify(&sig, &pub, &digest));
	assert_false(key_verify(&sig, &other, &digest));
	for (int bit = 0; bit < 512; bit++) {
		struct signature s = sig;

		s.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(key_verify(&s, &pub, &digest));
	}
	for (int bit = 0; bit < 256; bit++) {
		struct hash256 d = digest;
		struct pubkey p = pub;

		d.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		p.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(key_verify(&sig, &pub, &d));
		assert_false(key_verify(&sig, &p, &digest));
	}
	assert_true(key_verify(&sig, &pub, &digest));
}

static void this_library_keeps_the_chain_together(void **state)
{
	struct err e = {0};

	(void)state;
	assert_true(key_selfcheck(&e));
	assert_int_equal(e.cls, ERR_NONE);
}

/* tally-protocol(7), TRANSACTIONS: the public key of mixed order, and both signatures. */
static void mixed_order_keys_verify_without_the_cofactor(void **state)
{
	struct signature no, yes;
	struct hash256 d0, d6;
	struct pubkey a;

	(void)state;
	assert_true(hex_decode(a.b, 32,
			       "f2d100639614c6a6dd00b28f31127ad89655e2ad12da9063e0687f2b282dd773"));
	assert_true(hex_decode(no.b, 64,
			       "309dace591098967eba19b274a8f27f54f2bebdac549f82da580065a26cd9287"
			       "463a781f8ca5abb04e69fdd6edb95a4dd33d414a17792913b2fd493884e7ce01"));
	assert_true(hex_decode(yes.b, 64,
			       "72e5803338daf1dbdec7d9789c866c98d347a70d4f277c226b1addc3d3f14d34"
			       "e6078c8b711ee73f28b39b1a61a61c132af383f17dc13782d412bbb525f90e09"));
	crypto_hash_sha256(d0.b, (const uint8_t *)"tally 0", 7);
	crypto_hash_sha256(d6.b, (const uint8_t *)"tally 6", 7);
	assert_false(key_verify(&no, &a, &d0));
	assert_true(key_verify(&yes, &a, &d6));
	assert_false(key_verify(&yes, &a, &d0));
	assert_false(key_verify(&no, &a, &d6));
}

/* The order of the base point (RFC 8032 section 5.1), little-endian. */
static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58,       0xd6,
				  0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, [31] = 0x10};

static void s_not_below_the_order_is_refused(void **state)
{
	struct key_seed seed = seed_of(3);
	struct hash256 digest = {{9}};
	struct signature sig;
	struct pubkey pub;

	(void)state;
	key_pubkey(&pub, &seed);
	key_sign(&sig, &seed, &digest);
	/* S + L satisfies the equation as S does. */
	for (unsigned times = 1; times <= 8; times++) {
		unsigned carry = 0;

		for (int i = 0; i < 32; i++) {
			carry += sig.b[32 + i] + order[i];
			sig.b[32 + i] = (uint8_t)carry;
			carry >>= 8;
		}
		assert_int_equal(carry, 0);
		assert_false(key_verify(&sig, &pub, &digest));
	}
}

/* Every encoding of a point of order 1, 2, 4 or 8, sign bit clear (libsodium
 * ed25519_ref10.c, ge25519_has_small_order; "Taming the many EdDSAs", table 1). */
static const char *const small_order[] = {
	"0000000000000000000000000000000000000000000000000000000000000000", /* 4 */
	"0100000000000000000000000000000000000000000000000000000000000000", /* 1 */
	"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", /* 8 */
	"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", /* 8 */
	"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 2 */
	"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 4, y = p */
	"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* 1, y = p + 1 */
};

/* k = SHA-512(R | A | digest) mod L. */
static void challenge(uint8_t k[32], const uint8_t r[32], const struct pubkey *a,
		      const struct hash256 *digest)
{
	crypto_hash_sha512_state s;
	uint8_t h[64];

	crypto_hash_sha512_init(&s);
	crypto_hash_sha512_update(&s, r, 32);
	crypto_hash_sha512_update(&s, a->b, 32);
	crypto_hash_sha512_update(&s, digest->b, 32);
	crypto_hash_sha512_final(&s, h);
	crypto_core_ed25519_scalar_reduce(k, h);
}

static void small_order_public_keys_are_refused(void **state)
{
	/* With A of small order and k a multiple of 8, k A is the neutral point, and R = S B
	 * satisfies the equation without knowing a secret key. */
	(void)state;
	for (size_t i = 0; i < 2 * ARRAY_LEN(small_order); i++) {
		struct hash256 digest = {{0}};
		struct signature sig = {{0}};
		uint8_t k[32], one[32] = {1};
		struct pubkey a;

		assert_true(hex_decode(a.b, 32, small_order[i / 2]));
		a.b[31] |= i % 2 ? 0x80 : 0;
		sig.b[32] = 1;
		crypto_scalarmult_ed25519_base_noclamp(sig.b, one);
		do {
			digest.b[0]++;
			challenge(k, sig.b, &a, &digest);
		} while (k[0] % 8);
		assert_false(key_verify(&sig, &a, &digest));
	}
}

/* The secret scalar of a seed (RFC 8032 section 5.1.5). */
static void secret_scalar(uint8_t a[32], const struct key_seed *seed)
{
	uint8_t h[64], wide[64] = {0};

	crypto_hash_sha512(h, seed->b, 32);
	h[0] &= 248;
	h[31] &= 127;
	h[31] |= 64;
	memcpy(wide, h, 32);
	crypto_core_ed25519_scalar_reduce(a, wide);
}

static void small_order_r_is_refused(void **state)
{
	/* The owner of the secret a can choose S = k a, so that S B - k A is the neutral
	 * point: with R its encoding the equation holds. */
	struct key_seed seed = seed_of(4);
	struct pubkey pub;
	uint8_t a[32];

	(void)state;
	key_pubkey(&pub, &seed);
	secret_scalar(a, &seed);
	for (size_t i = 0; i < 2 * ARRAY_LEN(small_order); i++) {
		struct hash256 digest = {{(uint8_t)i}};
		struct signature sig;
		uint8_t k[32];

		assert_true(hex_decode(sig.b, 32, small_order[i / 2]));
		sig.b[31] |= i % 2 ? 0x80 : 0;
		challenge(k, sig.b, &pub, &digest);
		crypto_core_ed25519_scalar_mul(sig.b + 32, k, a);
		assert_false(key_verify(&sig, &pub, &digest));
	}
}

/* Proves that the two tests above make signatures correctly. */
static void the_same_arithmetic_makes_valid_signatures(void **state)
{
	struct key_seed seed = seed_of(5);
	struct hash256 digest = {{5}};
	uint8_t a[32], k[32], ka[32], r[32] = {77};
	struct signature sig;
	struct pubkey pub;

	(void)state;
	key_pubkey(&pub, &seed);
	secret_scalar(a, &seed);
	crypto_scalarmult_ed25519_base_noclamp(sig.b, r);
	challenge(k, sig.b, &pub, &digest);
	crypto_core_ed25519_scalar_mul(ka, k, a);
	crypto_core_ed25519_scalar_add(sig.b + 32, r, ka);
	assert_true(key_verify(&sig, &pub, &digest));
}

static void public_keys_that_are_not_points_are_refused(void **state)
{
	struct key_seed seed = seed_of(6);
	struct hash256 digest = {{6}};
	struct signature sig;
	unsigned refused = 0;
	struct pubkey pub;

	(void)state;
	key_pubkey(&pub, &seed);
	key_sign(&sig, &seed, &digest);
	/* y from p to 2^255 - 1: not canonical, whether a point or not. */
	memset(pub.b, 0xff, 32);
	for (unsigned low = 0xed; low <= 0xff; low++)
		for (unsigned sign = 0; sign <= 0x80; sign += 0x80, refused++) {
			pub.b[0] = (uint8_t)low;
			pub.b[31] = (uint8_t)(0x7f | sign);
			assert_false(key_verify(&sig, &pub, &digest));
		}
	assert_int_equal(refused, 38);
}

/* From Python's hashlib: blake2b(bytes(range(32)), digest_size=20). */
static void key_hashes_are_blake2b_160(void **state)
{
	struct key_hash kh;
	struct pubkey pub;
	uint8_t want[20];

	(void)state;
	for (int i = 0; i < 32; i++)
		pub.b[i] = (uint8_t)i;
	assert_true(hex_decode(want, 20, "b1b133b99f516e6c82ceda892ef5af50fa4b4e71"));
	key_hash(&kh, &pub);
	assert_memory_equal(kh.b, want, 20);
}

static void generated_keys_come_from_the_generator(void **state)
{
	struct rng_seeded a, b;
	struct key_seed s1, s2, s3;
	struct pubkey p1, p2, p3, again;

	(void)state;
	rng_seeded_init(&a, 1);
	rng_seeded_init(&b, 1);
	key_generate(&s1, &p1, &a.rng);
	key_generate(&s2, &p2, &b.rng);
	key_generate(&s3, &p3, &a.rng);
	assert_memory_equal(s1.b, s2.b, 32);
	assert_memory_equal(p1.b, p2.b, 32);
	assert_memory_not_equal(s1.b, s3.b, 32);
	key_pubkey(&again, &s3);
	assert_memory_equal(p3.b, again.b, 32);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(public_keys_are_rfc8032s),
		cmocka_unit_test(the_library_signs_as_rfc8032_does),
		cmocka_unit_test(only_the_signed_digest_verifies),
		cmocka_unit_test(this_library_keeps_the_chain_together),
		cmocka_unit_test(mixed_order_keys_verify_without_the_cofactor),
		cmocka_unit_test(s_not_below_the_order_is_refused),
		cmocka_unit_test(small_order_public_keys_are_refused),
		cmocka_unit_test(small_order_r_is_refused),
		cmocka_unit_test(the_same_arithmetic_makes_valid_signatures),
		cmocka_unit_test(public_keys_that_are_not_points_are_refused),
		cmocka_unit_test(key_hashes_are_blake2b_160),
		cmocka_unit_test(generated_keys_come_from_the_generator),
	};

	return crypto_start(NULL) ? cmocka_run_group_tests_name("key", tests, NULL, NULL) : 1;
}
