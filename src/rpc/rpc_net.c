/* Commands that report peers and network. Source of names and fields: Bitcoin Core, rpc/net.cpp. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_net_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

json_t *json_net_addr(const struct net_addr *a)
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

const struct command commands_net[] = {
	{
		.name = "getconnectioncount",
		.category = "network",
		.summary = "show the number of peers",
		.flags = COMMAND_RPC,
		.run = run_getconnectioncount,
	},
	{
		.name = "getnetworkinfo",
		.category = "network",
		.summary = "show the state of the network",
		.flags = COMMAND_RPC,
		.run = run_getnetworkinfo,
	},
	{
		.name = "getpeerinfo",
		.category = "network",
		.summary = "list the peers",
		.flags = COMMAND_RPC,
		.run = run_getpeerinfo,
	},
	{0},
};
