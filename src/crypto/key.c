#include <tally/crypto/key.h>

#include <sodium.h>

#include <tally/base/text.h>

#include "crypto/sha256_priv.h"

_Static_assert(PUBKEY_BYTES == crypto_sign_PUBLICKEYBYTES, "public key");
_Static_assert(SIGNATURE_BYTES == crypto_sign_BYTES, "signature");
_Static_assert(SEED_BYTES == crypto_sign_SEEDBYTES, "seed");
_Static_assert(KEY_HASH_BYTES >= crypto_generichash_BYTES_MIN, "key hash");

bool crypto_start(struct err *e)
{
	if (sodium_init() < 0)
		return err_set(e, ERR_INTERNAL, "sodium-init",
			       "libsodium does not start: the system must provide random numbers");
	sha256_start();
	return true;
}

/* Is this a valid signature of SHA256(text)? */
static bool sample_verifies(const char *text, size_t n, const char *sig_hex,
			    const struct pubkey *pub)
{
	struct signature sig;
	struct hash256 digest;

	crypto_hash_sha256(digest.b, (const uint8_t *)text, n);
	return hex_decode(sig.b, sizeof(sig.b), sig_hex) && key_verify(&sig, pub, &digest);
}

bool key_selfcheck(struct err *e)
{
	/* The public key has mixed order. Verifiers with the cofactor accept the first signature and
	 * those without reject it; both accept the second. Source: tally-protocol(7), TRANSACTIONS. */
	static const char pub_hex[] =
		"f2d100639614c6a6dd00b28f31127ad89655e2ad12da9063e0687f2b282dd773";
	static const char must_fail[] =
		"309dace591098967eba19b274a8f27f54f2bebdac549f82da580065a26cd9287"
		"463a781f8ca5abb04e69fdd6edb95a4dd33d414a17792913b2fd493884e7ce01";
	static const char must_pass[] =
		"72e5803338daf1dbdec7d9789c866c98d347a70d4f277c226b1addc3d3f14d34"
		"e6078c8b711ee73f28b39b1a61a61c132af383f17dc13782d412bbb525f90e09";
	struct pubkey pub;

	if (hex_decode(pub.b, sizeof(pub.b), pub_hex) &&
	    !sample_verifies("tally 0", 7, must_fail, &pub) &&
	    sample_verifies("tally 6", 7, must_pass, &pub))
		return true;
	return err_set(e, ERR_INTERNAL, "ed25519-rules",
		       "libsodium %s verifies Ed25519 by other rules and would split the chain: "
		       "use libsodium 1.0.18 to 1.0.22",
		       sodium_version_string());
}

/* sk is libsodium's 64-byte secret key; the caller wipes it. */
static void key_pair(struct pubkey *pub, uint8_t sk[crypto_sign_SECRETKEYBYTES],
		     const struct key_seed *seed)
{
	crypto_sign_seed_keypair(pub->b, sk, seed->b);
}

void key_generate(struct key_seed *seed, struct pubkey *pub, const struct rng *rng)
{
	rng_fill(rng, seed->b, sizeof(seed->b));
	key_pubkey(pub, seed);
}

void key_pubkey(struct pubkey *pub, const struct key_seed *seed)
{
	uint8_t sk[crypto_sign_SECRETKEYBYTES];

	key_pair(pub, sk, seed);
	sodium_memzero(sk, sizeof(sk));
}

void key_hash(struct key_hash *out, const struct pubkey *pub)
{
	crypto_generichash(out->b, KEY_HASH_BYTES, pub->b, PUBKEY_BYTES, NULL, 0);
}

void key_sign(struct signature *sig, const struct key_seed *seed, const struct hash256 *digest)
{
	uint8_t sk[crypto_sign_SECRETKEYBYTES];
	struct pubkey pub;

	key_pair(&pub, sk, seed);
	crypto_sign_detached(sig->b, NULL, digest->b, HASH_BYTES, sk);
	sodium_memzero(sk, sizeof(sk));
}

bool key_verify(const struct signature *sig, const struct pubkey *pub, const struct hash256 *digest)
{
	return crypto_sign_verify_detached(sig->b, digest->b, HASH_BYTES, pub->b) == 0;
}
