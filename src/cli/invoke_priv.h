/* Running RPC commands, in the node that runs or in the data directory itself. */
#ifndef TALLY_CLI_INVOKE_PRIV_H
#define TALLY_CLI_INVOKE_PRIV_H

#include <jansson.h>

#include "cli/cli_priv.h"

struct cli_call {
	const char *command;
	json_t *params;
};

struct cli_result {
	json_t *value;
	char *json; /* as the node printed it; numbers keep their digits */
};
void cli_result_clear(struct cli_result *r);

/* Fails with ERR_NOTFOUND "no-directory" if the data directory does not exist. */
bool data_dir_exists(const struct config *c, struct err *e);
/* Runs an RPC command through the control port of the node that runs in the data directory, else by
 * opening the databases. Waits up to 10 s for a node that is starting. take_params: NULL means none.
 * Fails with the error of the command, or ERR_BUSY "dir-in-use". */
bool invoke(const struct invocation *in, const char *command, json_t *take_params,
	    struct cli_result *result, struct err *e);
/* As invoke, then prints the result as text. */
bool invoke_and_print(const struct invocation *in, const char *command, json_t *take_params,
		      struct err *e);

#endif
