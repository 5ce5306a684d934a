/* What the two files about prompt lines share. */
#ifndef TALLY_RPC_COMMAND_LINE_PRIV_H
#define TALLY_RPC_COMMAND_LINE_PRIV_H

#include <stdbool.h>

#include <tally/rpc/command.h>

/* False for the parameter "preview", which the prompt sets by itself: usage and completion don't
 * list it. */
bool command_line_lists(const struct command_param *p);

#endif
