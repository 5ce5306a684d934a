/* The arguments of a call as C values. Each function returns false after it has answered the call
 * with an error: a value of the wrong type or out of range, or a required one that is missing. *out
 * is the fallback if the argument is left out. */
#ifndef TALLY_RPC_ARGS_PRIV_H
#define TALLY_RPC_ARGS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/crypto/address.h>
#include <tally/crypto/hash.h>

#include "rpc/call_state_priv.h"

/* From lo to hi. A JSON number or decimal digits in a string. */
bool call_number(struct call *c, const char *name, int64_t lo, int64_t hi, int64_t fallback,
		 int64_t *out);
bool call_flag(struct call *c, const char *name, bool fallback, bool *out);
/* *out is borrowed from the call. */
bool call_text(struct call *c, const char *name, const char *fallback, const char **out);
/* Coins, as a JSON number or a string; *out in units. */
bool call_amount(struct call *c, const char *name, int64_t *out);
bool call_hash(struct call *c, const char *name, struct hash256 *out);
/* An address or a label. make: an unknown label gets a new address. */
bool call_address(struct call *c, const char *name, bool make, struct key_hash *out);

#endif
