/* Ed25519 keys and signatures (libsodium). Source: tally-protocol(7), DESCRIPTION and TRANSACTIONS. */
#ifndef TALLY_CRYPTO_KEY_H
#define TALLY_CRYPTO_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/base/rng.h>
#include <tally/crypto/hash.h>

#define PUBKEY_BYTES    32
#define SIGNATURE_BYTES 64
#define SEED_BYTES      32
#define KEY_HASH_BYTES  20

struct pubkey {
	uint8_t b[PUBKEY_BYTES];
};
struct signature {
	uint8_t b[SIGNATURE_BYTES];
};
struct key_hash {
	uint8_t b[KEY_HASH_BYTES];
};
/* The secret: 32 random bytes, from which libsodium derives the key pair. */
struct key_seed {
	uint8_t b[SEED_BYTES];
};

/* Starts libsodium and chooses the SHA-256 engine. Call it once, before any other function of this
 * layer and before threads are started. ERR_INTERNAL "sodium-init" if the system has no randomness. */
bool crypto_start(struct err *e);
/* Verifies the two signatures of tally-protocol(7), TRANSACTIONS, on which verifiers with and without
 * the cofactor differ. ERR_INTERNAL "ed25519-rules" if the installed libsodium has other rules, so
 * that this node would split from the chain of the others. */
bool key_selfcheck(struct err *e);

void key_generate(struct key_seed *seed, struct pubkey *pub, const struct rng *rng);
void key_pubkey(struct pubkey *pub, const struct key_seed *seed);
/* BLAKE2b-160 of the public key. */
void key_hash(struct key_hash *out, const struct pubkey *pub);
/* Signs the 32-byte digest. */
void key_sign(struct signature *sig, const struct key_seed *seed, const struct hash256 *digest);
/* Verifies without the cofactor. Source: tally-protocol(7), TRANSACTIONS. Any thread may call it. */
bool key_verify(const struct signature *sig, const struct pubkey *pub,
		const struct hash256 *digest);

#endif
