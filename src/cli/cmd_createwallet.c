/* createwallet: makes a new address. */
#include "cli/commands_priv.h"
#include "cli/invocation_priv.h"
#include "cli/invoke_priv.h"

static bool run_createwallet(struct invocation *in, struct err *e)
{
	json_t *params;

	return invocation_params(in, "label", &params, e) &&
	       invoke_and_print(in, "getnewaddress", params, e);
}

static const struct cli_option options[] = {
	{.name = "label",
	 .value_name = "TEXT",
	 .help = "a name that commands accept instead of the address (default: none)"},
	{.name = NULL},
};

const struct cli_command cmd_createwallet = {
	.name = "createwallet",
	.summary = "makes a new address and prints it",
	.options = options,
	.makes_directory = true,
	.run = run_createwallet,
};
