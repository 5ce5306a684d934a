/* Opens and closes the commands of one node. This file is on top of its layer. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>
#include <tally/rpc/command_line.h>
#include <tally/rpc/command_table.h>

struct rpc *rpc_new(struct node *n)
{
	struct rpc *r = NEW(struct rpc);

	r->node = n;
	list_init(&r->calls);
	list_init(&r->async_calls);
	r->help = command_help;
	r->run_line = command_line_run;
	return r;
}

void rpc_close(struct rpc *r)
{
	if (!r)
		return;
	async_calls_end(r);
	r->closed = true;
	if (list_empty(&r->calls))
		free(r);
}

void rpc_client_gone(struct rpc *r, const void *client)
{
	struct err err = {0};

	rpc_err_client_gone(&err);
	async_calls_cancel(r, client);
	mining_cancel(node_mining(r->node), client, &err);
}

void rpc_set_renderer(struct rpc *r, rpc_renderer *fn)
{
	r->renderer = fn;
}
