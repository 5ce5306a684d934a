/* reindexutxo: rebuilds the table of unspent outputs. */
#include <stdio.h>

#include "cli/commands_priv.h"
#include "cli/invoke_priv.h"

static bool run_reindexutxo(struct invocation *in, struct err *e)
{
	struct cli_result result;

	if (!invoke(in, "reindexutxo", NULL, &result, e))
		return false;
	printf("%" JSON_INTEGER_FORMAT " unspent outputs\n",
	       json_integer_value(json_object_get(result.value, "outputs")));
	cli_result_clear(&result);
	return true;
}

const struct cli_command cmd_reindexutxo = {
	.name = "reindexutxo",
	.summary = "rebuilds the table of unspent outputs from the blocks",
	.run = run_reindexutxo,
};
