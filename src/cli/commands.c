#include "cli/commands_priv.h"

#include <string.h>

const struct cli_command *const cli_commands[] = {
	&cmd_createblockchain, &cmd_startnode, &cmd_createwallet, &cmd_listaddresses,
	&cmd_getbalance,       &cmd_send,      &cmd_printchain,   &cmd_reindex,
	&cmd_reindexutxo,      &cmd_invite,    &cmd_rpc,          NULL,
};

const struct cli_command *cli_command_find(const char *name)
{
	for (size_t i = 0; cli_commands[i]; i++)
		if (strcmp(cli_commands[i]->name, name) == 0)
			return cli_commands[i];
	return NULL;
}
