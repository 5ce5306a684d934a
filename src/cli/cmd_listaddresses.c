/* listaddresses: one line for each address of the wallet. */
#include <stdio.h>

#include "cli/commands_priv.h"
#include "cli/invoke_priv.h"

static bool run_listaddresses(struct invocation *in, struct err *e)
{
	struct cli_result result;
	json_t *row;
	size_t i;

	if (!invoke(in, "listaddresses", NULL, &result, e))
		return false;
	json_array_foreach(result.value, i, row)
	{
		const char *label = json_string_value(json_object_get(row, "label"));

		printf("%s%s%s\n", json_string_value(json_object_get(row, "address")),
		       label && *label ? "  " : "", label ? label : "");
	}
	cli_result_clear(&result);
	return true;
}

const struct cli_command cmd_listaddresses = {
	.name = "listaddresses",
	.summary = "prints the wallet's addresses with their labels",
	.run = run_listaddresses,
};
