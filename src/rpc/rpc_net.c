/* Commands about peers. Source of names and fields: Bitcoin Core, rpc/net.cpp. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/net/invite.h>
#include <tally/node/resolver.h>
#include <tally/net/local_addr.h>

#define CHOOSE_DIGITS_MIN 4 /* of a genesis hash, to choose a chain by */

static json_t *json_net_addr(const struct net_addr *a)
{
	char text[NET_ADDR_CHARS + 1];

	net_addr_format(text, a);
	return json_string(text);
}

static json_t *json_in_flight(const struct peer_info *p)
{
	json_t *heights = json_array();

	for (uint32_t i = 0; i < MIN(p->in_flight, PEER_IN_FLIGHT_MAX); i++)
		json_array_append_new(heights, json_integer(p->in_flight_heights[i]));
	return heights;
}

static json_t *json_peer(const struct peer_info *p)
{
	static const char *const kinds[] = {"inbound", "outbound-full-relay", "manual", "feeler"};
	json_t *o = json_object();

	json_object_set_new(o, "id", json_integer(p->id));
	json_object_set_new(o, "addr", json_net_addr(&p->addr));
	json_object_set_new(o, "addrbind", json_net_addr(&p->local));
	json_object_set_new(o, "services",
			    json_sprintf("%016llx", (unsigned long long)p->services));
	json_object_set_new(o, "relaytxes", json_boolean(p->relay));
	json_object_set_new(o, "lastsend", json_integer(p->last_send));
	json_object_set_new(o, "lastrecv", json_integer(p->last_recv));
	json_object_set_new(o, "last_transaction", json_integer(p->last_tx));
	json_object_set_new(o, "last_block", json_integer(p->last_block));
	json_object_set_new(o, "bytessent", json_integer((json_int_t)p->bytes_out));
	json_object_set_new(o, "bytesrecv", json_integer((json_int_t)p->bytes_in));
	json_object_set_new(o, "conntime", json_integer(p->connected));
	json_object_set_new(o, "timeoffset", json_integer(p->clock_offset));
	if (p->ping_us >= 0) {
		json_object_set_new(o, "pingtime", json_real((double)p->ping_us / 1e6));
		json_object_set_new(o, "minping", json_real((double)p->min_ping_us / 1e6));
	}
	json_object_set_new(o, "version", json_integer(p->version));
	json_object_set_new(o, "subver", json_string(p->agent));
	json_object_set_new(o, "inbound", json_boolean(p->kind == CONN_INBOUND));
	json_object_set_new(o, "startingheight", json_integer(p->start_height));
	json_object_set_new(o, "synced_headers", json_integer(p->synced_headers));
	json_object_set_new(o, "synced_blocks", json_integer(p->synced_blocks));
	json_object_set_new(o, "inflight", json_in_flight(p));
	json_object_set_new(o, "connection_type", json_string(kinds[p->kind]));
	return o;
}

static void run_getpeerinfo(struct node *n, struct call *c)
{
	size_t count;
	struct peer_info *peers = node_peers(n, &count);
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, json_peer(&peers[i]));
	free(peers);
	call_done(c, out);
}

static void run_getconnectioncount(struct node *n, struct call *c)
{
	const struct net_stats s = net_stats(node_net(n));

	call_done(c, json_integer((json_int_t)s.inbound + s.outbound + s.manual));
}

static void run_getnetworkinfo(struct node *n, struct call *c)
{
	const struct net_stats s = net_stats(node_net(n));
	struct snapshot *shot = NEW(struct snapshot);
	json_t *o = json_object();

	node_snapshot(n, shot);
	json_object_set_new(o, "version", json_integer(100));
	json_object_set_new(o, "subversion", json_sprintf("/tally:%s/", shot->version));
	json_object_set_new(o, "protocolversion", json_integer(PROTOCOL_VERSION));
	json_object_set_new(o, "localservices", json_sprintf("%016x", SERVICE_NETWORK));
	json_object_set_new(o, "localrelay", json_true());
	json_object_set_new(o, "timeoffset", json_integer(shot->clock_offset));
	json_object_set_new(o, "connections",
			    json_integer((json_int_t)s.inbound + s.outbound + s.manual));
	json_object_set_new(o, "connections_in", json_integer(s.inbound));
	json_object_set_new(o, "connections_out", json_integer((json_int_t)s.outbound + s.manual));
	json_object_set_new(o, "networkactive", json_true());
	json_object_set_new(o, "networks", json_array());
	json_object_set_new(o, "unknown_messages",
			    json_integer((json_int_t)protocol_unknown_count(node_protocol(n))));
	json_object_set_new(o, "relayfee", json_amount(MEMPOOL_MIN_RELAY_RATE * 1000));
	json_object_set_new(o, "incrementalfee", json_amount(MEMPOOL_MIN_RELAY_RATE * 1000));
	json_object_set_new(o, "localaddresses", json_array());
	json_object_set_new(o, "warnings", json_string(shot->warning));
	free(shot);
	call_done(c, o);
}

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
	return mem_printf("connecting to %s, repeatedly until it answers: drop %s stops that",
			  json_string_value(result), json_string_value(result));
}

static void drop_peer(struct node *n, const struct peer_info *p)
{
	/* Else a manual peer would be dialled again at once. */
	net_forget(node_net(n), &p->addr);
	if (p->listens.port)
		net_forget(node_net(n), &p->listens);
	protocol_drop_peer(node_protocol(n), p->id, "dropped by hand");
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

/* The only offered chain that has this name, or this genesis hash: its first digits, or its short
 * form on the screen. */
static bool find_offer(const struct node *n, const char *text, struct block_hash *out,
		       struct err *e)
{
	struct chain_offer offers[SNAPSHOT_OFFERS_MAX];
	const size_t count = MIN(protocol_offers(node_protocol(n), offers, SNAPSHOT_OFFERS_MAX),
				 SNAPSHOT_OFFERS_MAX);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct chain_params *p = &offers[i].params;
		char hex[HASH_HEX_CHARS + 1], brief[HASH_SHORT_CHARS + 1];

		hash256_hex(hex, &p->genesis_hash.h);
		hash256_short(brief, &p->genesis_hash.h);
		if (strcmp(p->name, text) != 0 && strcmp(brief, text) != 0 &&
		    (strlen(text) < CHOOSE_DIGITS_MIN || strncmp(hex, text, strlen(text)) != 0))
			continue;
		*out = p->genesis_hash;
		found++;
	}
	if (found == 1)
		return true;
	return err_set(
		e, ERR_NOTFOUND, "bad-choice",
		found ? "more than one offered chain matches '%s': give more digits of its hash"
		      : "no offered chain matches '%s': give its name, or the first digits of its hash",
		text);
}

static void run_choose(struct node *n, struct call *c)
{
	struct block_hash hash;
	struct err err = {0};
	const char *text;

	if (!call_text(c, "chain", "", &text))
		return;
	if (node_has_chain(n)) {
		call_error(c, RPC_INVALID_PARAMETER, ERR_KNOWN, "chain-exists",
			   "this node already has a chain, %s: start a node with another --node-id",
			   chain_params(node_chain(n))->name);
		return;
	}
	if (find_offer(n, text, &hash, &err) && protocol_choose(node_protocol(n), &hash, &err))
		call_done(c, json_null());
	else
		call_fail(c, RPC_INVALID_PARAMETER, &err);
}

static char *text_choose(const json_t *result)
{
	(void)result;
	return mem_strdup("chosen: joining that chain");
}

/* --- inviting -------------------------------------------------------------------------- */

/* The address in an invitation if the person gives none: that of -bind, else the one on the LAN. */
static void default_invite_address(const struct node *n, struct net_addr *out)
{
	const char *bind = node_config(n)->bind;

	if (!*bind || !net_addr_parse_numeric(out, bind, 1, NULL) ||
	    net_addr_scope(out) == NET_UNUSABLE)
		net_local_address(out);
}

struct invite_request {
	struct node *node;
	struct call *call;
};

static void answer_invite(struct node *n, struct call *c, const struct net_addr *a)
{
	struct invite in = {.addr = *a, .chain.h = chain_params(node_chain(n))->genesis_hash.h};
	char word[INVITE_CHARS + 1];

	if (net_addr_scope(a) == NET_UNUSABLE) {
		call_error(
			c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-address",
			"that address can't be dialled by others: give an address of this machine");
		return;
	}
	invite_encode(word, &in);
	call_done(c, json_string(word));
}

static void on_invite_resolved(void *arg, const struct net_addr *a, const struct err *why)
{
	struct invite_request *i = arg;

	if (a)
		answer_invite(i->node, i->call, a);
	else
		call_fail(i->call, RPC_INVALID_PARAMETER, why);
	free(i);
}

static void run_invite(struct node *n, struct call *c)
{
	uint16_t configured = node_config(n)->listen ? (uint16_t)node_config(n)->port : 0;
	uint16_t port = node_net(n) ? net_port(node_net(n)) : configured;
	struct invite_request *q;
	struct net_addr a;
	const char *text;

	if (!call_text(c, "address", NULL, &text))
		return;
	if (port == 0) {
		call_error(
			c, RPC_MISC_ERROR, ERR_NOTFOUND, "not-listening",
			"this node does not listen, so no peer can join through it: start it with -listen 1");
		return;
	}
	if (!text) {
		default_invite_address(n, &a);
		a.port = port;
		answer_invite(n, c, &a);
		return;
	}
	q = NEW(struct invite_request);
	*q = (struct invite_request){.node = n, .call = c};
	node_resolve(n, text, port, on_invite_resolved, q);
}

static char *text_invite(const json_t *result)
{
	const char *word = json_string_value(result);
	char addr[NET_ADDR_CHARS + 1];
	struct invite in;

	if (!invite_decode(&in, word, NULL))
		return mem_strdup(word);
	net_addr_format(addr, &in.addr);
	return mem_printf("%s  (for %s%s)", word, addr,
			  net_addr_scope(&in.addr) == NET_LOOPBACK ? ", on this machine only" : "");
}

static const struct command_param invite_params[] = {
	{.name = "address",
	 .type = ARG_HOSTPORT,
	 .optional = true,
	 .help = "this node's address for others; default: its address on the LAN"},
	{0},
};
static const struct command_param add_params[] = {
	{.name = "node", .type = ARG_HOSTPORT, .help = "HOST:PORT"},
	{.name = "command", .type = ARG_TEXT, .help = "add, remove or onetry"},
	{0},
};
static const struct command_param connect_params[] = {
	{.name = "node", .type = ARG_HOSTPORT, .help = "HOST:PORT, or only PORT for this machine"},
	{0},
};
static const struct command_param drop_params[] = {
	{.name = "peer", .type = ARG_PEER, .help = "a peer's number, or an address"},
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
static const struct command_param choose_params[] = {
	{.name = "chain",
	 .type = ARG_TEXT,
	 .help = "its name, or the first digits of its genesis hash"},
	{0},
};

const struct command commands_net[] = {
	{
		.name = "addnode",
		.category = "network",
		.summary = "connect to a peer, or stop doing so",
		.params = add_params,
		.flags = COMMAND_RPC,
		.run = run_addnode,
	},
	{
		.name = "choose",
		.category = "network",
		.summary = "join one of the offered chains",
		.params = choose_params,
		.flags = COMMAND_RPC | COMMAND_PROMPT,
		.run = run_choose,
		.text = text_choose,
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
	{
		.name = "getconnectioncount",
		.category = "network",
		.summary = "number of peers",
		.flags = COMMAND_RPC,
		.run = run_getconnectioncount,
	},
	{
		.name = "getnetworkinfo",
		.category = "network",
		.summary = "state of the network",
		.flags = COMMAND_RPC,
		.run = run_getnetworkinfo,
	},
	{
		.name = "getpeerinfo",
		.category = "network",
		.summary = "all peers",
		.flags = COMMAND_RPC,
		.run = run_getpeerinfo,
	},
	{
		.name = "invite",
		.category = "network",
		.summary = "print a word with which others join this chain",
		.params = invite_params,
		.flags = COMMAND_RPC | COMMAND_PROMPT | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_invite,
		.text = text_invite,
	},
	{0},
};
