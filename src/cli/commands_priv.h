/* The commands of the command line. Each has a file of its own, with its row. To add a command: such
 * a file, a declaration here, and a line in commands.c. */
#ifndef TALLY_CLI_COMMANDS_PRIV_H
#define TALLY_CLI_COMMANDS_PRIV_H

#include "cli/cli_priv.h"

extern const struct cli_command *const cli_commands[]; /* in the order of help; ends with NULL */
const struct cli_command *cli_command_find(const char *name); /* NULL: unknown */

extern const struct cli_command cmd_createblockchain;
extern const struct cli_command cmd_startnode;
extern const struct cli_command cmd_createwallet;
extern const struct cli_command cmd_listaddresses;
extern const struct cli_command cmd_getbalance;
extern const struct cli_command cmd_send;
extern const struct cli_command cmd_printchain;
extern const struct cli_command cmd_reindex;
extern const struct cli_command cmd_reindexutxo;
extern const struct cli_command cmd_invite;
extern const struct cli_command cmd_rpc;

#endif
