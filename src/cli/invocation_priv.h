/* Reading a parsed command line. */
#ifndef TALLY_CLI_INVOCATION_PRIV_H
#define TALLY_CLI_INVOCATION_PRIV_H

#include <jansson.h>

#include "cli/cli_priv.h"

/* Index of an option in command->options, or CLI_OPTIONS_MAX if the command does not have it. */
size_t invocation_option(const struct invocation *in, const char *name);
const char *invocation_value(const struct invocation *in, const char *name); /* NULL: not given */
/* A word of the command line as a JSON string. Returns NULL and sets ERR_USAGE "bad-text" if it is
 * not UTF-8. name: what the error calls it. */
json_t *invocation_json(const char *name, const char *word, struct err *e);
/* Sets *params to an array that holds the value of an option, or to NULL if it is not given. */
bool invocation_params(const struct invocation *in, const char *option, json_t **params,
		       struct err *e);

#endif
