/* Verbs about peers. Source of names and fields: Bitcoin Core's rpc/net.cpp. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/net/invite.h>
#include <tally/net/local_addr.h>

#define CHOOSE_LEAST 4 /* digits of a hash */

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
	const struct net_stats s = net_stats(n->net);

	call_done(c, json_integer((json_int_t)s.inbound + s.outbound + s.manual));
}

static void run_getnetworkinfo(struct node *n, struct call *c)
{
	const struct net_stats s = net_stats(n->net);
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
			    json_integer((json_int_t)protocol_unknown_count(n->protocol)));
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

/* What is to be done with an address once it is known. */
struct dialling {
	struct node *node;
	struct call *call;
	enum { DIAL_KEEP, DIAL_ONCE, DIAL_NO_MORE } how;
	bool tell; /* the address, in the answer */
};

static void dial(const struct dialling *d, const struct net_addr *a)
{
	struct err err = {0};

	if (net_connect(d->node->net, a, d->how == DIAL_ONCE, &err))
		call_done(d->call, d->tell ? json_net_addr(a) : json_null());
	else
		call_fail(d->call, dial_code(&err), &err);
}

static void dial_found(void *arg, const struct net_addr *a, const struct err *why)
{
	struct dialling *d = arg;

	if (!a)
		call_fail(d->call, RPC_INVALID_PARAMETER, why);
	else if (d->how != DIAL_NO_MORE)
		dial(d, a);
	else if (net_forget(d->node->net, a))
		call_done(d->call, json_null());
	else
		call_error(d->call, RPC_CLIENT_NODE_NOT_ADDED, ERR_NOTFOUND, "not-added",
			   "Error: Node could not be removed. It has not been added previously.");
	free(d);
}

static void look_up(struct dialling d)
{
	struct dialling *later = NEW(struct dialling);
	const char *text;

	*later = d;
	if (call_text(d.call, "node", "", &text))
		node_resolve(d.node, text, NODE_ID_DEFAULT, dial_found, later);
	else
		free(later);
}

static void run_addnode(struct node *n, struct call *c)
{
	struct dialling d = {.node = n, .call = c};
	const char *what;

	if (!call_text(c, "command", "", &what))
		return;
	if (strcmp(what, "add") == 0)
		d.how = DIAL_KEEP;
	else if (strcmp(what, "onetry") == 0)
		d.how = DIAL_ONCE;
	else if (strcmp(what, "remove") == 0)
		d.how = DIAL_NO_MORE;
	else {
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-command",
			   "'%s' is unknown: give add, remove or onetry", what);
		return;
	}
	look_up(d);
}

static void run_connect(struct node *n, struct call *c)
{
	look_up((struct dialling){.node = n, .call = c, .how = DIAL_KEEP, .tell = true});
}

static char *text_connect(const json_t *result)
{
	return mem_printf(
		"dialling %s until it answers: it shows among the peers then; drop %s gives up",
		json_string_value(result), json_string_value(result));
}

static void drop_peer(struct node *n, const struct peer_info *p)
{
	/* Or it would be dialled again at once. */
	net_forget(n->net, &p->addr);
	if (p->listens.port)
		net_forget(n->net, &p->listens);
	protocol_drop_peer(n->protocol, p->id, "dropped by hand");
}

static void drop_number(struct node *n, struct call *c, conn_id id)
{
	struct peer_info p;

	if (!protocol_peer(n->protocol, id, &p)) {
		call_error(c, RPC_CLIENT_NODE_NOT_CONNECTED, ERR_NOTFOUND, "no-such-peer",
			   "there is no peer %u: see the Peers panel for numbers", id);
		return;
	}
	drop_peer(n, &p);
	call_done(c, json_pack("{s:I,s:o}", "peers", (json_int_t)1, "address",
			       json_net_addr(&p.addr)));
}

/* All that are connected from there, or listen there; and it is not dialled any more. */
static void drop_address(struct node *n, struct call *c, const struct net_addr *a)
{
	const bool wished = net_forget(n->net, a);
	size_t count, dropped = 0;
	struct peer_info *peers = node_peers(n, &count);

	for (size_t i = 0; i < count; i++)
		if (net_addr_equal(&peers[i].addr, a) || net_addr_equal(&peers[i].listens, a)) {
			drop_peer(n, &peers[i]);
			dropped++;
		}
	free(peers);
	if (dropped || wished)
		call_done(c, json_pack("{s:I,s:o}", "peers", (json_int_t)dropped, "address",
				       json_net_addr(a)));
	else
		call_error(c, RPC_CLIENT_NODE_NOT_CONNECTED, ERR_NOTFOUND, "no-such-peer",
			   "no peer is there, nor is it dialled: see the Peers panel");
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
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-peer",
			   "'%.60s' is neither a peer's number nor an address: see the Peers panel",
			   text);
	}
}

static char *text_drop(const json_t *result)
{
	const json_int_t peers = json_integer_value(json_object_get(result, "peers"));
	const char *address = json_string_value(json_object_get(result, "address"));

	if (!peers)
		return mem_printf("%s is not dialled any more", address);
	return mem_printf("dropped %s: it may come back, ban keeps it away", address);
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

/* The one chain offered whose name this is, or its hash as the screen shows it, or the beginning of that. */
static bool find_offer(const struct node *n, const char *text, struct block_hash *out,
		       struct err *e)
{
	struct chain_offer offers[SNAPSHOT_OFFERS_MAX];
	const size_t count =
		MIN(protocol_offers(n->protocol, offers, SNAPSHOT_OFFERS_MAX), SNAPSHOT_OFFERS_MAX);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		const struct chain_params *p = &offers[i].params;
		char hex[HASH_HEX_CHARS + 1], brief[HASH_SHORT_CHARS + 1];

		hash256_hex(hex, &p->genesis_hash.h);
		hash256_short(brief, &p->genesis_hash.h);
		if (strcmp(p->name, text) != 0 && strcmp(brief, text) != 0 &&
		    (strlen(text) < CHOOSE_LEAST || strncmp(hex, text, strlen(text)) != 0))
			continue;
		*out = p->genesis_hash;
		found++;
	}
	if (found == 1)
		return true;
	return err_set(
		e, ERR_NOTFOUND, "bad-choice",
		found ? "more than one chain is called '%s': give more of the hash"
		      : "no chain offered is '%s': give its name, or the beginning of its hash",
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
			   "this node has a chain already: %s", chain_params(n->chain)->name);
		return;
	}
	if (find_offer(n, text, &hash, &err) && protocol_choose(n->protocol, &hash, &err))
		call_done(c, json_null());
	else
		call_fail(c, RPC_INVALID_PARAMETER, &err);
}

static char *text_choose(const json_t *result)
{
	(void)result;
	return mem_strdup("chosen: joining");
}

/* --- inviting ---------------------------------------------------------------------- */

/* Where others find this node, unless a person says it. */
static void usual_address(const struct node *n, struct net_addr *out)
{
	const char *bind = n->config.bind;

	if (!*bind || !net_addr_parse_numeric(out, bind, 1, NULL) ||
	    net_addr_scope(out) == NET_UNUSABLE)
		net_local_address(out);
}

struct inviting {
	struct node *node;
	struct call *call;
};

static void invite_to(struct node *n, struct call *c, const struct net_addr *a)
{
	struct invite in = {.addr = *a, .chain.h = chain_params(n->chain)->genesis_hash.h};
	char word[INVITE_CHARS + 1];

	if (net_addr_scope(a) == NET_UNUSABLE) {
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "bad-address",
			   "that address can't be dialled: give an address of this machine");
		return;
	}
	invite_encode(word, &in);
	call_done(c, json_string(word));
}

static void invite_found(void *arg, const struct net_addr *a, const struct err *why)
{
	struct inviting *i = arg;

	if (a)
		invite_to(i->node, i->call, a);
	else
		call_fail(i->call, RPC_INVALID_PARAMETER, why);
	free(i);
}

static void run_invite(struct node *n, struct call *c)
{
	uint16_t configured = n->config.listen ? (uint16_t)n->config.port : 0;
	uint16_t port = n->net ? net_port(n->net) : configured;
	struct inviting *later;
	struct net_addr a;
	const char *text;

	if (!call_text(c, "address", NULL, &text))
		return;
	if (port == 0) {
		call_error(c, RPC_MISC_ERROR, ERR_NOTFOUND, "not-listening",
			   "this node doesn't listen, nobody can come: start it with -listen 1");
		return;
	}
	if (!text) {
		usual_address(n, &a);
		a.port = port;
		invite_to(n, c, &a);
		return;
	}
	later = NEW(struct inviting);
	*later = (struct inviting){n, c};
	node_resolve(n, text, port, invite_found, later);
}

static char *text_invite(const json_t *result)
{
	const char *word = json_string_value(result);
	char addr[NET_ADDR_CHARS + 1];
	struct invite in;

	if (!invite_decode(&in, word, NULL))
		return mem_strdup(word);
	net_addr_format(addr, &in.addr);
	return mem_printf("%s  (leads to %s%s)", word, addr,
			  net_addr_scope(&in.addr) == NET_LOOPBACK ? ", this machine alone" : "");
}

static const struct command_param p_invite[] = {
	{"address", ARG_HOSTPORT, true,
	 "where others find this node (default: its address on the LAN)"},
	{0}};
static const struct command_param p_add[] = {{"node", ARG_HOSTPORT, false, "HOST:PORT"},
					     {"command", ARG_TEXT, false, "add, remove or onetry"},
					     {0}};
static const struct command_param p_connect[] = {
	{"node", ARG_HOSTPORT, false, "HOST:PORT, or PORT of this machine"}, {0}};
static const struct command_param p_drop[] = {
	{"peer", ARG_PEER, false, "the peer's number, or an address"}, {0}};
static const struct command_param p_disconnect[] = {
	{"address", ARG_HOSTPORT, true, "as getpeerinfo shows it"},
	{"nodeid", ARG_PEER, true, "the peer's number"},
	{0}};
static const struct command_param p_choose[] = {
	{"chain", ARG_TEXT, false, "its name, or its hash, as shown or the beginning"}, {0}};

const struct command commands_net[] = {
	{"addnode", "network", "dial a peer, or forget it", p_add, COMMAND_RPC, run_addnode, NULL},
	{"choose", "network", "join one of the chains offered", p_choose,
	 COMMAND_RPC | COMMAND_PROMPT, run_choose, text_choose},
	{"connect", "network", "dial a peer", p_connect, COMMAND_RPC | COMMAND_PROMPT, run_connect,
	 text_connect},
	{"disconnectnode", "network", "drop a peer", p_disconnect, COMMAND_RPC, run_disconnectnode,
	 NULL},
	{"drop", "network", "drop a peer", p_drop, COMMAND_RPC | COMMAND_PROMPT, run_drop,
	 text_drop},
	{"getconnectioncount", "network", "how many peers", NULL, COMMAND_RPC,
	 run_getconnectioncount, NULL},
	{"getnetworkinfo", "network", "state of the network", NULL, COMMAND_RPC, run_getnetworkinfo,
	 NULL},
	{"getpeerinfo", "network", "every peer", NULL, COMMAND_RPC, run_getpeerinfo, NULL},
	{"invite", "network", "one word with which others join this chain here", p_invite,
	 COMMAND_RPC | COMMAND_PROMPT | COMMAND_OFFLINE | COMMAND_CHAIN, run_invite, text_invite},
	{0},
};
