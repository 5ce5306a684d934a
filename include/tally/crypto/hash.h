/* SHA-256d, and a type of its own for each kind of hash. Hashes are stored in the byte order in which
 * they are computed and sent ("internal"), and shown with their bytes reversed, as in Bitcoin. */
#ifndef TALLY_CRYPTO_HASH_H
#define TALLY_CRYPTO_HASH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HASH_BYTES     32
#define HASH_HEX_CHARS 64

struct hash256 {
	uint8_t b[HASH_BYTES];
};
struct txid {
	struct hash256 h;
};
struct block_hash {
	struct hash256 h;
};

/* SHA-256 applied twice. Source: tally-protocol(7), DESCRIPTION. */
void sha256d(struct hash256 *out, const void *bytes, size_t n);
/* sha256d(left | right): a node of a merkle tree. */
void sha256d_pair(struct hash256 *out, const struct hash256 *left, const struct hash256 *right);

/* The engine that crypto_start chose for this machine: "sha-ni" or "libsodium". */
const char *sha256d_engine(void);

/* Streaming. */
struct sha256d {
	uint32_t state[8];
	uint64_t total;   /* bytes so far */
	uint8_t held[64]; /* the last total % 64 of them: an incomplete block */
};
void sha256d_init(struct sha256d *s);
void sha256d_update(struct sha256d *s, const void *bytes, size_t n);
void sha256d_final(struct sha256d *s, struct hash256 *out);

/* SipHash-2-4 under a secret key: for tables in which a peer must not be able to choose the place of
 * an entry. */
#define SHORT_HASH_KEY_BYTES 16
uint64_t short_hash(const uint8_t key[SHORT_HASH_KEY_BYTES], const void *bytes, size_t n);

bool hash256_is_zero(const struct hash256 *h);
bool hash256_equal(const struct hash256 *a, const struct hash256 *b);
/* 64 hex digits, bytes reversed, and a NUL. */
void hash256_hex(char out[HASH_HEX_CHARS + 1], const struct hash256 *h);
bool hash256_parse(struct hash256 *out, const char *hex); /* exactly 64 digits */
/* "00a3f1..c9" and a NUL: the short form for screens and log. Proof of work makes hashes begin with
 * many zeros; at most two of them are kept, so that different blocks look different. Both parts occur
 * in the long form, so that a search for them finds it. */
#define HASH_SHORT_CHARS 10
void hash256_short(char out[HASH_SHORT_CHARS + 1], const struct hash256 *h);

#endif
