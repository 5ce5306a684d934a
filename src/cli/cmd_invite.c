/* invite: one word with which other nodes join the chain at this node. */
#include <stdio.h>

#include <tally/net/invite.h>

#include "cli/commands_priv.h"
#include "cli/invocation_priv.h"
#include "cli/invoke_priv.h"
#include "cli/output_priv.h"

static bool run_invite(struct invocation *in, struct err *e)
{
	struct cli_result result;
	struct invite invite;
	const char *word;
	json_t *params;

	if (!invocation_params(in, "address", &params, e) ||
	    !invoke(in, "invite", params, &result, e))
		return false;
	word = json_string_value(result.value);
	printf("%s\n", word);
	if (invite_decode(&invite, word, NULL) && net_addr_scope(&invite.addr) == NET_LOOPBACK)
		output_note(
			"its address is 127.0.0.1, which works only on this machine: give another "
			"with -address HOST");
	cli_result_clear(&result);
	return true;
}

static const struct cli_option options[] = {
	{.name = "address",
	 .value_name = "HOST",
	 .help = "HOST or HOST:PORT at which other nodes reach this one "
		 "(default: its address on the local network)"},
	{.name = NULL},
};

const struct cli_command cmd_invite = {
	.name = "invite",
	.summary = "prints an invite, with which others join: startnode -join WORD",
	.options = options,
	.run = run_invite,
};
