/* The kinds of script. Source: tally-protocol(7), DESCRIPTION. */
#ifndef TALLY_PRIMITIVES_SCRIPT_H
#define TALLY_PRIMITIVES_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/crypto/key.h>

#define SCRIPT_PAY_BYTES    22
#define SCRIPT_MEMO_MAX     75
#define SCRIPT_INPUT_BYTES  98
#define SCRIPT_COINBASE_MIN 2
#define SCRIPT_COINBASE_MAX 100

enum script_kind {
	SCRIPT_BAD,
	SCRIPT_PAY,  /* 00 14 <key hash> */
	SCRIPT_MEMO, /* 6a n <n bytes>, n = 1..75 */
};

/* The kind of an output script. *push (may be NULL) borrows the 20-byte key hash of a SCRIPT_PAY or the
 * bytes of a SCRIPT_MEMO. */
enum script_kind script_output(struct span script, struct span *push);
void script_pay(uint8_t out[SCRIPT_PAY_BYTES], const struct key_hash *kh);
/* 1 <= n <= SCRIPT_MEMO_MAX. Returns the length of the script, n + 2. */
size_t script_memo(uint8_t out[SCRIPT_MEMO_MAX + 2], const void *memo, size_t n);

/* The script must be exactly 40 <signature> 20 <public key>. */
bool script_input_parse(struct span script, struct signature *sig, struct pubkey *pub);
void script_input(uint8_t out[SCRIPT_INPUT_BYTES], const struct signature *sig,
		  const struct pubkey *pub);

/* The height that a coinbase script must begin with: 00 for 0, 51..60 for 1..16, above that a length
 * and the minimal little-endian signed number. Returns the number of bytes written, 1..6. */
#define SCRIPT_HEIGHT_MAX 6
size_t script_height(uint8_t out[SCRIPT_HEIGHT_MAX], uint32_t height);

#endif
