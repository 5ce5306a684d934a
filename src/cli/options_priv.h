/* Parsing the command line. */
#ifndef TALLY_CLI_OPTIONS_PRIV_H
#define TALLY_CLI_OPTIONS_PRIV_H

#include "cli/cli_priv.h"

/* Fails with ERR_USAGE, or as config_finish. */
bool options_parse(struct invocation *in, int argc, char **argv, struct err *e);

#endif
