/* Calls to the node that runs in a data directory, through its control port. */
#ifndef TALLY_CLI_REMOTE_PRIV_H
#define TALLY_CLI_REMOTE_PRIV_H

#include <jansson.h>

#include "cli/cli_priv.h"
#include "cli/invoke_priv.h"

/* Calls an RPC command. *found is false if no node answers at the control port; then it fails without
 * an error set. Otherwise it fails with the error of the command, ERR_BUSY "suspended", or ERR_IO
 * "no-answer" or "bad-answer". */
bool remote_call(const struct config *c, const struct cli_call *call, bool *found,
		 struct cli_result *result, struct err *e);
/* True if the process of this directory's node is suspended (^Z). Sets ERR_BUSY "suspended" then. A
 * suspended node would accept a call, but run it only after it is resumed. */
bool remote_is_suspended(const struct config *c, struct err *e);

#endif
