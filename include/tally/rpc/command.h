/* A command: what a person at the prompt, a client of the control port or the command line can
 * call. Each command is one row of a const table in the rpc_*.c file of its subject, next to the
 * function that runs it. Help, completion, usage and argument checks are made from the row. */
#ifndef TALLY_RPC_COMMAND_H
#define TALLY_RPC_COMMAND_H

#include <stdbool.h>

#include <jansson.h>

struct node;
struct call;

/* The kind of an argument, for checking and completion. */
enum arg_type {
	ARG_TEXT,
	ARG_ADDRESS, /* an address or a label */
	ARG_AMOUNT,  /* decimal coins */
	ARG_NUMBER,  /* a whole number, 0 or more unless the command says otherwise */
	ARG_FLAG,    /* true or false */
	ARG_HASH,    /* 64 hex digits */
	ARG_HEX,
	ARG_PEER, /* a peer's number */
	ARG_HOSTPORT,
	ARG_COMMAND, /* the name of a command */
	ARG_JSON,    /* any JSON value */
};

struct command_param {
	const char *name;
	enum arg_type type;
	bool optional;
	const char *help;
};

enum {
	COMMAND_RPC = 1,      /* a method of the control port */
	COMMAND_PROMPT = 2,   /* listed in help and completion of the console's prompt */
	COMMAND_OFFLINE = 4,  /* also runs on a data directory whose node is not running */
	COMMAND_CONFIRM = 8,  /* the prompt shows a preview and asks, unless '!' follows the name */
	COMMAND_CHAIN = 16,   /* refused while the node has no chain */
	COMMAND_MEMPOOL = 32, /* uses the mempool: offline, mempool.dat is read first */
	/* Starts only when no block is partly connected and no reorganisation runs. */
	COMMAND_SETTLED = 64,
};

struct command {
	const char *name;
	const char *category; /* "blockchain", "network", ...: as in Bitcoin Core's help */
	const char *summary;  /* one line */
	const struct command_param *params; /* ends with name NULL; NULL: no parameters */
	unsigned flags;
	/* Ends the call with call_done or call_fail exactly once: before it returns, or later from
	 * the loop. */
	void (*run)(struct node *n, struct call *c);
	/* The result as a person reads it (mem_alloc'ed). NULL: the prompt shows the JSON. */
	char *(*text)(const json_t *result);
};

#endif
