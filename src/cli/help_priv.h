#ifndef TALLY_CLI_HELP_PRIV_H
#define TALLY_CLI_HELP_PRIV_H

#include "cli/cli_priv.h"

/* Prints the commands on standard error: the answer to a command line without a command. */
void help_print_usage(void);
/* Prints the help of a command, or of the program if it is NULL, on standard output. */
void help_print(const struct cli_command *command);

#endif
