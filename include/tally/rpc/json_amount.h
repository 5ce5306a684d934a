/* Amounts in JSON: numbers with exactly eight decimal places, which jansson cannot print by
 * itself. */
#ifndef TALLY_RPC_JSON_AMOUNT_H
#define TALLY_RPC_JSON_AMOUNT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <tally/primitives/amount.h>

/* An amount as a JSON value. Only json_amount_print (and json_result_text) print it as a number. */
json_t *json_amount(int64_t units);
/* Prints JSON that may contain such amounts. flags: jansson's. malloc'ed; NULL: jansson can't print
 * it. */
char *json_amount_print(const json_t *v, size_t flags);
/* The amount as a person reads it ("12.5"), whether made by json_amount or parsed from JSON. False:
 * not an amount. */
bool json_amount_text(const json_t *v, char out[AMOUNT_CHARS + 1]);

#endif
