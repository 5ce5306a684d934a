/* The table of all commands. */
#ifndef TALLY_RPC_COMMAND_TABLE_H
#define TALLY_RPC_COMMAND_TABLE_H

#include <stddef.h>

#include <tally/base/err.h>
#include <tally/base/text.h>
#include <tally/rpc/command.h>

/* Iterates over all commands, by subject:
 * size_t group = 0, at = 0; while ((cmd = command_next(&group, &at))) ... */
const struct command *command_next(size_t *group, size_t *at);
/* NULL: there is no such command. */
const struct command *command_find(const char *name);
/* Offers the names of all commands that have `flag` to a search for the nearest spelling. */
void command_nearest(struct nearest *near, unsigned flag);
/* The text of the command `help`: about one command, or a list of all if name is NULL
 * (mem_alloc'ed). NULL: ERR_NOTFOUND "unknown-command". */
char *command_help(const char *name, struct err *e);

#endif
