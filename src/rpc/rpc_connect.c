/* Commands that connect and disconnect peers. Source of addnode and disconnectnode: Bitcoin Core,
 * rpc/net.cpp. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_net_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/node/resolver.h>

static int dial_code(const struct err *e)
{
	return e->cls == ERR_KNOWN ? RPC_CLIENT_NODE_ALREADY_ADDED : RPC_MISC_ERROR;
}

/* What a call does with an address once its name is resolved. */
struct dial_request {
	struct node *node;
	struct call *call;
	enum { DIAL_KEEP, DIAL_ONCE, DIAL_NO_MORE } how;
	bool answer_address; /* the result is the address, else null */
};

static void dial(const struct dial_request *d, const struct net_addr *a)
{
	struct err err = {0};

	if (net_connect(node_net(d->node), a, d->how == DIAL_ONCE, &err))
		call_done(d->call, d->answer_address ? json_net_addr(a) : json_null());
	else
		call_fail(d->call, dial_code(&err), &err);
}

static void on_dial_resolved(void *arg, const struct net_addr *a, const struct err *why)
{
	struct dial_request *d = arg;

	if (!a)
		call_fail(d->call, RPC_INVALID_PARAMETER, why);
	else if (d->how != DIAL_NO_MORE)
		dial(d, a);
	else if (net_forget(node_net(d->node), a))
		call_done(d->call, json_null());
	else
		call_error(d->call, RPC_CLIENT_NODE_NOT_ADDED, ERR_NOTFOUND, "not-added",
			   "Error: Node could not be removed. It has not been added previously.");
	free(d);
}

static void resolve_and_dial(struct dial_request d)
{
	struct dial_request *copy = NEW(struct dial_request);
	const char *text;

	*copy = d;
	if (call_text(d.call, "node", "", &text))
		node_resolve(d.node, text, NODE_ID_DEFAULT, on_dial_resolved, copy);
	else
		free(copy);
}

static void run_addnode(struct node *n, struct call *c)
{
	struct dial_request d = {.node = n, .call = c};
	const char *action;

	if (!call_text(c, "command", "", &action))
		return;
	if (strcmp(action, "add") == 0)
		d.how = DIAL_KEEP;
	else if (strcmp(action, "onetry") == 0)
		d.how = DIAL_ONCE;
	else if (strcmp(action, "remove") == 0)
		d.how = DIAL_NO_MORE;
	else {
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-command",
			   "unknown action '%.40s': give add, remove or onetry", action);
		return;
	}
	resolve_and_dial(d);
}

static void run_connect(struct node *n, struct call *c)
{
	resolve_and_dial((struct dial_request){
		.node = n, .call = c, .how = DIAL_KEEP, .answer_address = true});
}

static char *text_connect(const json_t *result)
{
	return mem_printf("connecting to %s until it answers: drop %s ends the attempts",
			  json_string_value(result), json_string_value(result));
}

static void drop_peer(struct node *n, const struct peer_info *p)
{
	/* A manual peer would be dialled again at once. */
	net_forget(node_net(n), &p->addr);
	if (p->listens.port)
		net_forget(node_net(n), &p->listens);
	protocol_drop_peer(node_protocol(n), p->id, "dropped by the user");
}

static void drop_number(struct node *n, struct call *c, conn_id id)
{
	struct peer_info p;

	if (!protocol_peer(node_protocol(n), id, &p)) {
		call_error(c, RPC_CLIENT_NODE_NOT_CONNECTED, ERR_NOTFOUND, "no-such-peer",
			   "there is no peer %u: the Peers panel shows the numbers", id);
		return;
	}
	drop_peer(n, &p);
	call_done(c, json_pack("{s:I,s:o}", "peers", (json_int_t)1, "address",
			       json_net_addr(&p.addr)));
}

/* Disconnects every peer that connected from this address or listens at it, and no longer dials
 * it. */
static void drop_address(struct node *n, struct call *c, const struct net_addr *a)
{
	const bool was_manual = net_forget(node_net(n), a);
	size_t count, dropped = 0;
	struct peer_info *peers = node_peers(n, &count);

	for (size_t i = 0; i < count; i++)
		if (net_addr_equal(&peers[i].addr, a) || net_addr_equal(&peers[i].listens, a)) {
			drop_peer(n, &peers[i]);
			dropped++;
		}
	free(peers);
	if (dropped || was_manual)
		call_done(c, json_pack("{s:I,s:o}", "peers", (json_int_t)dropped, "address",
				       json_net_addr(a)));
	else
		call_error(
			c, RPC_CLIENT_NODE_NOT_CONNECTED, ERR_NOTFOUND, "no-such-peer",
			"no peer has that address, and it is not dialled: the Peers panel shows all peers");
}

static void run_drop(struct node *n, struct call *c)
{
	const char *text = json_string_value(call_arg(c, "peer"));
	struct net_addr a;
	uint64_t id;
	int64_t number;

	if (text && parse_u64(text, 1, UINT32_MAX, &id)) {
		drop_number(n, c, (conn_id)id);
	} else if (!text) {
		if (call_number(c, "peer", 1, UINT32_MAX, 0, &number))
			drop_number(n, c, (conn_id)number);
	} else if (net_addr_parse_numeric(&a, text, NODE_ID_DEFAULT, NULL)) {
		drop_address(n, c, &a);
	} else {
		call_error(
			c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-peer",
			"'%.60s' is neither a peer's number nor an address: the Peers panel shows both",
			text);
	}
}

static char *text_drop(const json_t *result)
{
	const json_int_t peers = json_integer_value(json_object_get(result, "peers"));
	const char *address = json_string_value(json_object_get(result, "address"));

	if (!peers)
		return mem_printf("%s is no longer dialled", address);
	return mem_printf("disconnected %s: it may connect again, ban prevents that", address);
}

static bool same_text_address(const struct peer_info *p, const char *text)
{
	char addr[NET_ADDR_CHARS + 1];

	net_addr_format(addr, &p->addr);
	return strcmp(addr, text) == 0;
}

static void run_disconnectnode(struct node *n, struct call *c)
{
	size_t count;
	struct peer_info *peers;
	const char *address;
	int64_t id;

	if (!call_text(c, "address", "", &address) ||
	    !call_number(c, "nodeid", 1, UINT32_MAX, 0, &id))
		return;
	peers = node_peers(n, &count);
	for (size_t i = 0; i < count; i++)
		if ((id && peers[i].id == (conn_id)id) || same_text_address(&peers[i], address)) {
			drop_peer(n, &peers[i]);
			free(peers);
			call_done(c, json_null());
			return;
		}
	free(peers);
	call_error(c, RPC_CLIENT_NODE_NOT_CONNECTED, ERR_NOTFOUND, "no-such-peer",
		   "Node not found in connected nodes: see getpeerinfo");
}

static const struct command_param add_params[] = {
	{.name = "node", .type = ARG_HOSTPORT, .help = "HOST:PORT"},
	{.name = "command", .type = ARG_TEXT, .help = "add, remove or onetry"},
	{0},
};
static const struct command_param connect_params[] = {
	{.name = "node", .type = ARG_HOSTPORT, .help = "HOST:PORT, or only PORT for this machine"},
	{0},
};
static const struct command_param disconnect_params[] = {
	{.name = "address",
	 .type = ARG_HOSTPORT,
	 .optional = true,
	 .help = "addr as getpeerinfo shows it"},
	{.name = "nodeid",
	 .type = ARG_PEER,
	 .optional = true,
	 .help = "id as getpeerinfo shows it"},
	{0},
};
static const struct command_param drop_params[] = {
	{.name = "peer", .type = ARG_PEER, .help = "a peer's number, or an address"},
	{0},
};

const struct command commands_connect[] = {
	{
		.name = "addnode",
		.category = "network",
		.summary = "add or remove a manual peer, or try to connect once",
		.params = add_params,
		.flags = COMMAND_RPC,
		.run = run_addnode,
	},
	{
		.name = "connect",
		.category = "network",
		.summary = "connect to a peer, retrying until it answers",
		.params = connect_params,
		.flags = COMMAND_RPC | COMMAND_PROMPT,
		.run = run_connect,
		.text = text_connect,
	},
	{
		.name = "disconnectnode",
		.category = "network",
		.summary = "disconnect a peer",
		.params = disconnect_params,
		.flags = COMMAND_RPC,
		.run = run_disconnectnode,
	},
	{
		.name = "drop",
		.category = "network",
		.summary = "disconnect a peer",
		.params = drop_params,
		.flags = COMMAND_RPC | COMMAND_PROMPT,
		.run = run_drop,
		.text = text_drop,
	},
	{0},
};
