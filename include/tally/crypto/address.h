/* Addresses: bech32 (BIP 173), hrp "tly", version 0, 20-byte program. */
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
/* Either all upper or all lower case. ERR_USAGE "bad-address" with what is wrong
 * (checksum, length, another chain's prefix) where it is none. */
bool address_decode(struct key_hash *out, const char *text, struct err *e);
/* Does it begin like an address (tly1 in either case)? Then it is no label. */
bool address_looks_like(const char *text);

/* The codec beneath: BECH32 is BIP 173's checksum, BECH32M BIP 350's. `data` are 5-bit groups without checksum; out holds
 * strlen(hrp) + 1 + n + 6 + 1. BIP 173's limit of 90 characters holds where
 * max_chars is 90; an invite may be longer. */
#define BECH32_MAX_CHARS 90
enum bech32_kind { BECH32, BECH32M };
bool bech32_encode(char *out, size_t out_size, enum bech32_kind kind, const char *hrp,
		   const uint8_t *data, size_t n);
/* hrp holds 84 bytes, data at least strlen(text). ERR_DECODE with the reason. */
bool bech32_decode(char hrp[84], uint8_t *data, size_t *n, enum bech32_kind kind, const char *text,
		   size_t max_chars, struct err *e);
/* 8-bit bytes to 5-bit groups and back (pad: fill the last group with zeros;
 * without: fail on leftover bits that are not zero padding). */
bool bech32_convert(uint8_t *out, size_t *out_n, unsigned to_bits, const uint8_t *in, size_t in_n,
		    unsigned from_bits, bool pad);

#endif
