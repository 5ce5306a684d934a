/* Calling a command: its row, its arguments, whether it can run now. */
#include "rpc/rpc_priv.h"

#include <string.h>

#include <tally/rpc/call.h>
#include <tally/rpc/command_table.h>

/* --- matching arguments with parameters ------------------------------------------------ */

static size_t count_params(const struct command *cmd)
{
	size_t n = 0;

	while (cmd->params && cmd->params[n].name)
		n++;
	return n;
}

static bool args_by_position(const struct command *cmd, json_t *params, json_t *args, struct err *e)
{
	const size_t most = count_params(cmd);

	if (json_array_size(params) > most && most == 0)
		return err_set(e, ERR_USAGE, "too-many-arguments",
			       "%s takes no arguments: leave them out", cmd->name);
	if (json_array_size(params) > most)
		return err_set(e, ERR_USAGE, "too-many-arguments",
			       "%s takes at most %zu argument%s: see help %s", cmd->name, most,
			       most == 1 ? "" : "s", cmd->name);
	for (size_t i = 0; i < json_array_size(params); i++)
		json_object_set(args, cmd->params[i].name, json_array_get(params, i));
	return true;
}

static bool args_by_name(const struct command *cmd, json_t *params, json_t *args, struct err *e)
{
	const char *key;
	json_t *value;

	json_object_foreach(params, key, value)
	{
		const struct command_param *p = cmd->params;

		while (p && p->name && strcmp(p->name, key) != 0)
			p++;
		if (!p || !p->name)
			return err_set(e, ERR_USAGE, "unknown-argument",
				       "%s has no argument '%s': see help %s", cmd->name, key,
				       cmd->name);
		json_object_set(args, key, value);
	}
	return true;
}

static bool args_complete(const struct command *cmd, const json_t *args, struct err *e)
{
	for (const struct command_param *p = cmd->params; p && p->name; p++) {
		const json_t *value = json_object_get(args, p->name);

		if (!p->optional && (!value || json_is_null(value)))
			return err_set(e, ERR_USAGE, "missing-argument",
				       "%s needs %s (%s): see help %s", cmd->name, p->name, p->help,
				       cmd->name);
	}
	return true;
}

static bool read_args(struct call *c, json_t *params, struct err *e)
{
	bool ok = true;

	if (json_is_array(params))
		ok = args_by_position(c->command, params, c->args, e);
	else if (json_is_object(params))
		ok = args_by_name(c->command, params, c->args, e);
	return ok && args_complete(c->command, c->args, e);
}

/* --- beginning ------------------------------------------------------------------------- */

static void unknown_command(const char *name, struct err *e)
{
	struct nearest near = {.to = name};

	command_nearest(&near, COMMAND_RPC);
	if (near.word)
		err_set(e, ERR_USAGE, "unknown-command",
			"there is no command '%s': did you mean %s?", name, near.word);
	else
		err_set(e, ERR_USAGE, "unknown-command",
			"there is no command '%s': the command help lists them", name);
}

/* True if no peer can connect: the node does not listen, does not dial and has no connection. */
static bool stays_alone(const struct node *n)
{
	const struct net_stats s = net_stats(node_net(n));
	struct net_dial one;

	return !node_config(n)->listen && node_config(n)->n_connect > 0 &&
	       !net_dials(node_net(n), &one, 1) && s.inbound + s.outbound + s.manual == 0;
}

static const char *how_to_get_a_chain(const struct node *n)
{
	if (node_mode(n) == NODE_OFFLINE)
		return "tally createblockchain -address NAME makes one, startnode joins one";
	if (stays_alone(n))
		return "connect to a peer that has one, or stop this node and make one with tally "
		       "createblockchain -address NAME";
	return "wait for a peer that has one, or stop this node and make one with tally "
	       "createblockchain -address NAME";
}

/* False: the node lacks what the command needs, and the call was answered with an error. */
static bool may_run(const struct node *n, struct call *c)
{
	if ((c->command->flags & COMMAND_CHAIN) && !node_mempool(n)) {
		call_error(c, RPC_CLIENT_IN_INITIAL_DOWNLOAD, ERR_NOTFOUND, "no-chain",
			   "node %u has no chain yet (in %s): %s", node_config(n)->node_id,
			   node_config(n)->dir, how_to_get_a_chain(n));
		return false;
	}
	if (!(c->command->flags & COMMAND_OFFLINE) && node_mode(n) == NODE_OFFLINE) {
		call_error(c, RPC_CLIENT_NOT_CONNECTED, ERR_NOTFOUND, "not-running",
			   "%s needs a running node: startnode first", c->command->name);
		return false;
	}
	return true;
}

void rpc_call(struct rpc *r, const struct rpc_request *q)
{
	const struct command *cmd = command_find(q->command);
	struct err err = {0};
	struct call *c;

	if (!cmd) {
		unknown_command(q->command, &err);
		q->reply(q->arg, NULL, &err, RPC_METHOD_NOT_FOUND);
		return;
	}
	c = call_new(r, q, cmd);
	if (!read_args(c, q->params, &err)) {
		call_fail(c, RPC_MISC_ERROR, &err);
		return;
	}
	if (!may_run(r->node, c))
		return;
	if ((cmd->flags & COMMAND_SETTLED) && !node_settled(r->node))
		async_call_when_settled(c);
	else
		call_run(c);
}

void rpc_forget(struct rpc *r, const void *arg)
{
	list_each (it, &r->calls) {
		struct call *c = list_entry(it, struct call, link);

		if (c->arg == arg)
			c->reply = NULL;
	}
}
