/* getbalance: the balance of the wallet, or of one address. */
#include <stdio.h>
#include <string.h>

#include <tally/rpc/json_amount.h>

#include "cli/commands_priv.h"
#include "cli/invocation_priv.h"
#include "cli/invoke_priv.h"
#include "cli/output_priv.h"

static bool run_getbalance(struct invocation *in, struct err *e)
{
	const char *of = invocation_value(in, "address");
	char balance[AMOUNT_CHARS + 1] = "?", spendable[AMOUNT_CHARS + 1];
	struct cli_result result;
	json_t *params;

	if (!of)
		return invoke_and_print(in, "tally_balance", NULL, e);
	if (!invocation_params(in, "address", &params, e) ||
	    !invoke(in, "tally_balance", params, &result, e))
		return false;
	/* Prints the address or label as the user typed it. */
	json_amount_text(json_object_get(result.value, "balance"), balance);
	printf("Balance of '%s': %s\n", of, balance);
	if (json_amount_text(json_object_get(result.value, "spendable"), spendable) &&
	    strcmp(spendable, balance) != 0)
		output_note("this is the balance according to the blocks; %s can be spent now",
			    spendable);
	cli_result_clear(&result);
	return true;
}

static const struct cli_option options[] = {
	{.name = "address",
	 .value_name = "ADDR",
	 .help = "any address of the chain, or a label (default: the whole wallet)"},
	{.name = NULL},
};

const struct cli_command cmd_getbalance = {
	.name = "getbalance",
	.summary = "prints the balance of the wallet or of an address",
	.options = options,
	.run = run_getbalance,
};
