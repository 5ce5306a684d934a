/* What rpc keeps of one node between calls. */
#ifndef TALLY_RPC_RPC_STATE_PRIV_H
#define TALLY_RPC_RPC_STATE_PRIV_H

#include <tally/base/list.h>
#include <tally/rpc/command_line.h>
#include <tally/rpc/rpc.h>

struct event;

struct rpc {
	struct node *node;
	struct list calls;         /* unanswered calls: struct call */
	struct list async_calls;   /* struct async_run: the next to get a slice comes first */
	struct event *async_event; /* NULL: none was needed yet */
	rpc_renderer *renderer;    /* NULL: this node has no screen */
	bool closed;               /* rpc_close was called: freed with its last call */
	/* What two commands (help, tally_command) need of the files above them. The table of
	 * commands names every command, so a command that called those files directly would close a
	 * circle. Set by rpc_new. */
	char *(*help)(const char *name, struct err *e);
	void (*run_line)(struct rpc *r, const struct command_line *l);
};

#endif
