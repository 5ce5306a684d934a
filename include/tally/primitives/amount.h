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
/* *sum += a; false (and *sum unchanged) where either or the sum is out of range. */
bool amount_add(int64_t *sum, int64_t a) __attribute__((warn_unused_result));

/* Decimal coins with at most 8 places, no sign, no exponent, digits on both sides of a point.
 * ERR_USAGE "bad-amount": "'0' is not an amount: give more than 0", "'1.123456789' has too many
 * decimals: at most 8 places", ... zero is refused unless zero_ok. */
bool amount_parse(int64_t *out, const char *text, bool zero_ok, struct err *e);
#define AMOUNT_CHARS 21
/* "12.5": no trailing zeros, no point where whole; a leading '-' where negative. */
void amount_format(char out[AMOUNT_CHARS + 1], int64_t a);
/* "12.50000000": always 8 places, for JSON. */
void amount_format_fixed(char out[AMOUNT_CHARS + 1], int64_t a);

#endif
