/* Amounts: signed 64-bit units, 100,000,000 to the coin. Source: tally-protocol(7), DESCRIPTION. */
#ifndef TALLY_PRIMITIVES_AMOUNT_H
#define TALLY_PRIMITIVES_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>

#define COIN      INT64_C(100000000)
#define MAX_MONEY INT64_C(2100000000000000)

bool amount_valid(int64_t a); /* 0 .. MAX_MONEY */
/* *sum += a. False, and *sum unchanged, if a, *sum or the result is out of range. */
bool amount_add(int64_t *sum, int64_t a) __attribute__((warn_unused_result));

/* Reads an amount in coins: decimal digits, at most 8 of them after the point, and at least one on
 * each side of it; no sign, no exponent. Zero is refused unless zero_ok. ERR_USAGE "bad-amount", for
 * example "'1.123456789' has too many decimals: at most 8 places". */
bool amount_parse(int64_t *out, const char *text, bool zero_ok, struct err *e);
#define AMOUNT_CHARS 21
/* "12.5": without trailing zeros, and without a point if whole. Negative amounts begin with '-'. */
void amount_format(char out[AMOUNT_CHARS + 1], int64_t a);
/* "12.50000000": always 8 decimals, for JSON. */
void amount_format_fixed(char out[AMOUNT_CHARS + 1], int64_t a);

#endif
