/* Commands about the address book. Source of names and fields: Bitcoin Core, rpc/net.cpp. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

/* Splits "10.1.2.3:3000" at the colon: Bitcoin Core has address and port in two fields. */
static json_t *json_known(const struct addrbook_entry *en)
{
	char text[NET_ADDR_CHARS + 1], *host = text, *colon;
	json_t *o = json_object();

	net_addr_format(text, &en->addr);
	colon = strrchr(text, ':');
	*colon = '\0';
	if (*host == '[') {
		host++;
		colon[-1] = '\0';
	}
	json_object_set_new(o, "time", json_integer(en->seen));
	json_object_set_new(o, "services", json_integer((json_int_t)en->services));
	json_object_set_new(o, "address", json_string(host));
	json_object_set_new(o, "port", json_integer(en->addr.port));
	json_object_set_new(o, "network", json_string(host == text ? "ipv4" : "ipv6"));
	return o;
}

static void run_getnodeaddresses(struct node *n, struct call *c)
{
	struct addrbook_entry *all;
	json_t *out;
	int64_t count;
	size_t k;

	if (!call_number(c, "count", 0, ADDRBOOK_MAX, 1, &count))
		return;
	k = count == 0 ? addrbook_count(node_addrbook(n)) : (size_t)count;
	all = mem_array(k, sizeof(*all));
	k = addrbook_sample(node_addrbook(n), NET_LOOPBACK, all, k);
	out = json_array();
	for (size_t i = 0; i < k; i++)
		json_array_append_new(out, json_known(&all[i]));
	free(all);
	call_done(c, out);
}

static void run_getaddrmaninfo(struct node *n, struct call *c)
{
	size_t tried = addrbook_count_tried(node_addrbook(n)),
	       all = addrbook_count(node_addrbook(n));

	call_done(c,
		  json_pack("{s:{s:I,s:I,s:I}}", "all_networks", "new", (json_int_t)(all - tried),
			    "tried", (json_int_t)tried, "total", (json_int_t)all));
}

static const struct command_param addresses_params[] = {
	{.name = "count",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "most addresses to list; 0: all; default 1"},
	{0},
};

const struct command commands_addrs[] = {
	{
		.name = "getaddrmaninfo",
		.category = "network",
		.summary = "show how many addresses are known, new and tried",
		.flags = COMMAND_RPC,
		.run = run_getaddrmaninfo,
	},
	{
		.name = "getnodeaddresses",
		.category = "network",
		.summary = "list known addresses of nodes, chosen at random",
		.params = addresses_params,
		.flags = COMMAND_RPC,
		.run = run_getnodeaddresses,
	},
	{0},
};
