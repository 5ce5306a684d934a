/* Verbs about the address book. Source of names and fields: Bitcoin Core's rpc/net.cpp. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

/* "10.1.2.3:3000" as address and port apart, as there. */
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
	k = count == 0 ? addrbook_count(n->book) : (size_t)count;
	all = mem_array(k, sizeof(*all));
	k = addrbook_sample(n->book, NET_LOOPBACK, all, k);
	out = json_array();
	for (size_t i = 0; i < k; i++)
		json_array_append_new(out, json_known(&all[i]));
	free(all);
	call_done(c, out);
}

static void run_getaddrmaninfo(struct node *n, struct call *c)
{
	size_t tried = addrbook_count_tried(n->book), all = addrbook_count(n->book);

	call_done(c,
		  json_pack("{s:{s:I,s:I,s:I}}", "all_networks", "new", (json_int_t)(all - tried),
			    "tried", (json_int_t)tried, "total", (json_int_t)all));
}

static const struct command_param p_addresses[] = {
	{"count", ARG_NUMBER, true, "at most so many; 0: all (default: 1)"}, {0}};

const struct command commands_addrs[] = {
	{"getaddrmaninfo", "network", "how many addresses are known, new and tried", NULL,
	 COMMAND_RPC, run_getaddrmaninfo, NULL},
	{"getnodeaddresses", "network", "known addresses of nodes", p_addresses, COMMAND_RPC,
	 run_getnodeaddresses, NULL},
	{0},
};
