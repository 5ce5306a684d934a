/* Results of commands, for the files of rpc. */
#ifndef TALLY_RPC_JSON_RESULT_PRIV_H
#define TALLY_RPC_JSON_RESULT_PRIV_H

#include <jansson.h>

/* A result that is finished JSON text is a json_t string: a NUL, this byte, then the text. No
 * string from outside begins with a NUL, and the number that follows the NUL of an amount
 * (json_amount.c) does not begin with this byte. */
#define JSON_RESULT_READY '\x02'

/* For struct command's text: the result as it is, if it is a string, else "". mem_alloc'ed. */
char *json_result_string(const json_t *result);

#endif
