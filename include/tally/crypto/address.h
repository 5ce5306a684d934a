/* Addresses: bech32 (BIP 173) with human-readable part "tly", version 0 and a program of 20 bytes, the
 * key hash. */
#ifndef TALLY_CRYPTO_ADDRESS_H
#define TALLY_CRYPTO_ADDRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/crypto/key.h>

#define ADDRESS_CHARS 43
#define ADDRESS_HRP   "tly"

void address_encode(char out[ADDRESS_CHARS + 1], const struct key_hash *kh);
/* Accepts all upper case or all lower case. ERR_USAGE "bad-address" says what is wrong: checksum,
 * length, or another chain's prefix. */
bool address_decode(struct key_hash *out, const char *text, struct err *e);
/* True if the text begins with "tly1" in either case. Such a text is never taken for a label. */
bool address_looks_like(const char *text);

/* The bech32 codec: BECH32 has the checksum of BIP 173, BECH32M that of BIP 350. `data` holds n groups
 * of 5 bits, without the checksum; `out` must hold strlen(hrp) + 1 + n + 6 + 1 bytes. False if a
 * character or size is out of range. */
#define BECH32_MAX_CHARS 90
enum bech32_kind { BECH32, BECH32M };
bool bech32_encode(char *out, size_t out_size, enum bech32_kind kind, const char *hrp,
		   const uint8_t *data, size_t n);
/* `data` must hold strlen(text) bytes. max_chars is BECH32_MAX_CHARS (BIP 173's limit of 90) for
 * addresses; an invite may be longer. ERR_DECODE gives the reason. */
bool bech32_decode(char hrp[84], uint8_t *data, size_t *n, enum bech32_kind kind, const char *text,
		   size_t max_chars, struct err *e);
/* Converts bytes to 5-bit groups and back. With pad, zeros fill the last group. Without, it fails if
 * the bits left over are a whole group or not zero. */
bool bech32_convert(uint8_t *out, size_t *out_n, unsigned to_bits, const uint8_t *in, size_t in_n,
		    unsigned from_bits, bool pad);

#endif
