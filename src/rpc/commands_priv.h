/* The rows of all commands, by subject: what command_table.c lists. Each array ends with name
 * NULL. */
#ifndef TALLY_RPC_COMMANDS_PRIV_H
#define TALLY_RPC_COMMANDS_PRIV_H

#include <tally/rpc/command.h>

extern const struct command commands_addrs[], commands_bans[], commands_block[], commands_chain[],
	commands_coins[], commands_connect[], commands_join[], commands_mempool[],
	commands_mining[], commands_net[], commands_node[], commands_pay[], commands_wallet[];

#endif
