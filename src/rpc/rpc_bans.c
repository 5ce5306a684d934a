/* Commands about bans. Source of names, fields and codes: Bitcoin Core, rpc/net.cpp. The field
 * ban_reason, which Bitcoin Core had until 0.19, says whether an entry is a ban or a
 * discouragement. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

/* --- setting and lifting --------------------------------------------------------------- */

/* *closed: how many connections were closed. False: the call was answered with an error. */
static bool add_ban(struct node *n, struct call *c, const struct subnet *s, int64_t until,
		    size_t *closed)
{
	struct err err = {0};

	if (!bans_add(node_bans(n), s, until, &err)) {
		call_fail(c,
			  err.cls == ERR_KNOWN ? RPC_CLIENT_NODE_ALREADY_ADDED
					       : RPC_INVALID_PARAMETER,
			  &err);
		return false;
	}
	*closed = net_enforce_bans(node_net(n));
	node_commit_records(n);
	return true;
}

/* named: the result is the address, else null. */
static void lift_ban(struct node *n, struct call *c, const struct subnet *s, bool named)
{
	char name[SUBNET_CHARS + 1];

	subnet_format(name, s);
	if (bans_remove(node_bans(n), s)) {
		node_commit_records(n);
		call_done(c, named ? json_string(name) : json_null());
		return;
	}
	call_error(c, RPC_CLIENT_INVALID_IP_OR_SUBNET, ERR_NOTFOUND, "not-banned",
		   "%s is not banned: bans lists the banned addresses", name);
}

static bool call_subnet(struct call *c, const char *name, struct subnet *out)
{
	struct err err = {0};
	const char *text;

	if (!call_text(c, name, "", &text))
		return false;
	if (subnet_parse(out, text, &err))
		return true;
	call_fail(c, RPC_CLIENT_INVALID_IP_OR_SUBNET, &err);
	return false;
}

/* absolute: the argument is a Unix time, else a duration in seconds. 0: a day from now. */
static bool call_until(struct node *n, struct call *c, const char *arg, bool absolute,
		       int64_t *until)
{
	int64_t now = clock_unix(node_clock(n)), t;

	if (!call_number(c, arg, 0, BAN_UNTIL_MAX - now, 0, &t))
		return false;
	if (t == 0)
		*until = now + BAN_SECONDS;
	else
		*until = absolute ? t : now + t;
	return true;
}

static void run_setban(struct node *n, struct call *c)
{
	struct subnet s;
	const char *action;
	bool absolute;
	int64_t until;
	size_t closed;

	if (!call_text(c, "command", "", &action) || !call_subnet(c, "subnet", &s) ||
	    !call_flag(c, "absolute", false, &absolute) ||
	    !call_until(n, c, "bantime", absolute, &until))
		return;
	if (strcmp(action, "remove") == 0)
		lift_ban(n, c, &s, false);
	else if (strcmp(action, "add") == 0 && add_ban(n, c, &s, until, &closed))
		call_done(c, json_null());
	else if (strcmp(action, "add") != 0)
		call_error(c, RPC_MISC_ERROR, ERR_USAGE, "bad-command",
			   "unknown action '%.40s': give add or remove", action);
}

/* The argument "peer": a peer's number, an address with or without a port, or a subnet. False: the
 * call was answered with an error. */
static bool call_peer_or_subnet(struct node *n, struct call *c, struct subnet *out)
{
	const json_t *v = call_arg(c, "peer");
	struct err err = {0};
	struct net_addr a;
	struct peer_info p;
	const char *text = json_string_value(v);
	uint64_t typed = 0;
	int64_t id = 0;

	if (!text && !call_number(c, "peer", 1, UINT32_MAX, 0, &id))
		return false;
	if (!text || parse_u64(text, 1, UINT32_MAX, &typed)) {
		id = text ? (int64_t)typed : id;
		if (protocol_peer(node_protocol(n), (conn_id)id, &p)) {
			subnet_of(out, &p.addr);
			return true;
		}
		call_error(c, RPC_CLIENT_NODE_NOT_CONNECTED, ERR_NOTFOUND, "no-such-peer",
			   "there is no peer %lld: the Peers panel shows the numbers",
			   (long long)id);
		return false;
	}
	if (subnet_parse(out, text, &err))
		return true;
	if (net_addr_parse_numeric(&a, text, 1, NULL)) {
		subnet_of(out, &a);
		return true;
	}
	call_fail(c, RPC_CLIENT_INVALID_IP_OR_SUBNET, &err);
	return false;
}

static size_t peers_within(const struct node *n, const struct subnet *s)
{
	size_t count, within = 0;
	struct peer_info *peers = node_peers(n, &count);

	for (size_t i = 0; i < count; i++)
		within += subnet_has(s, &peers[i].addr);
	free(peers);
	return within;
}

/* A ban disconnects every peer at its address: the preview says how many there are. */
static void run_ban(struct node *n, struct call *c)
{
	char name[SUBNET_CHARS + 1];
	struct subnet s;
	int64_t until;
	size_t closed;
	bool preview;

	if (!call_flag(c, "preview", false, &preview) || !call_peer_or_subnet(n, c, &s) ||
	    !call_until(n, c, "seconds", false, &until))
		return;
	if (preview)
		closed = peers_within(n, &s);
	else if (!add_ban(n, c, &s, until, &closed))
		return;
	subnet_format(name, &s);
	call_done(c, json_pack("{s:s,s:I,s:I,s:b}", "address", name, "seconds",
			       (json_int_t)(until - clock_unix(node_clock(n))), "peers",
			       (json_int_t)closed, "preview", preview));
}

static char *text_ban(const json_t *result)
{
	const char *name = json_string_value(json_object_get(result, "address"));
	const long long peers = json_integer_value(json_object_get(result, "peers"));
	const long long seconds = json_integer_value(json_object_get(result, "seconds"));

	if (json_is_true(json_object_get(result, "preview")))
		return mem_printf("ban %s for %lld s and disconnect %lld peer%s?", name, seconds,
				  peers, peers == 1 ? "" : "s");
	return mem_printf("banned %s for %lld s, disconnected %lld peer%s", name, seconds, peers,
			  peers == 1 ? "" : "s");
}

static void run_unban(struct node *n, struct call *c)
{
	struct subnet s;

	if (call_peer_or_subnet(n, c, &s))
		lift_ban(n, c, &s, true);
}

static char *text_unban(const json_t *result)
{
	return mem_printf("%s is no longer banned", json_string_value(result));
}

static void run_clearbanned(struct node *n, struct call *c)
{
	bans_clear(node_bans(n));
	node_commit_records(n);
	call_done(c, json_null());
}

/* --- listing --------------------------------------------------------------------------- */

static json_t *json_ban(const struct ban *ban, int64_t now)
{
	char name[SUBNET_CHARS + 1];
	json_t *o = json_object();

	subnet_format(name, &ban->net);
	json_object_set_new(o, "address", json_string(name));
	json_object_set_new(o, "ban_created", json_integer(ban->created));
	json_object_set_new(o, "banned_until", json_integer(ban->until));
	json_object_set_new(o, "ban_duration", json_integer(ban->until - ban->created));
	json_object_set_new(o, "time_remaining", json_integer(ban->until - now));
	json_object_set_new(
		o, "ban_reason",
		json_string(ban->kind == BAN_MANUAL ? "manually added" : "node misbehaving"));
	return o;
}

static void run_listbanned(struct node *n, struct call *c)
{
	size_t count = bans_list(node_bans(n), NULL, 0);
	struct ban *all = mem_array(count, sizeof(*all));
	json_t *out = json_array();

	bans_list(node_bans(n), all, count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, json_ban(&all[i], clock_unix(node_clock(n))));
	free(all);
	call_done(c, out);
}

static char *text_bans(const json_t *result)
{
	char *text = mem_strdup(json_array_size(result) ? "" : "no address is banned");
	const json_t *row;
	size_t i;

	json_array_foreach(result, i, row)
	{
		char *more = mem_printf(
			"%s%s%s  %s, %lld s left", text, i ? "\n" : "",
			json_string_value(json_object_get(row, "address")),
			json_string_value(json_object_get(row, "ban_reason")),
			(long long)json_integer_value(json_object_get(row, "time_remaining")));

		free(text);
		text = more;
	}
	return text;
}

/* --- the commands ---------------------------------------------------------------------- */

static const struct command_param setban_params[] = {
	{.name = "subnet", .type = ARG_TEXT, .help = "address, or address/bits"},
	{.name = "command", .type = ARG_TEXT, .help = "add or remove"},
	{.name = "bantime",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "seconds, or a Unix time with absolute; 0: a day"},
	{.name = "absolute",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "true: bantime is a Unix time"},
	{0},
};
static const struct command_param ban_params[] = {
	{.name = "peer", .type = ARG_PEER, .help = "a peer's number, an address, or address/bits"},
	{.name = "seconds",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "duration in seconds; 0: a day"},
	{.name = "preview",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "true: only report what it would do"},
	{0},
};
static const struct command_param unban_params[] = {
	{.name = "peer", .type = ARG_TEXT, .help = "a peer's number, an address, or address/bits"},
	{0},
};

const struct command commands_bans[] = {
	{
		.name = "ban",
		.category = "network",
		.summary = "disconnect an address and refuse it from now on",
		.params = ban_params,
		.flags = COMMAND_RPC | COMMAND_PROMPT | COMMAND_CONFIRM,
		.run = run_ban,
		.text = text_ban,
	},
	{
		.name = "bans",
		.category = "network",
		.summary = "list banned and discouraged addresses",
		.flags = COMMAND_RPC | COMMAND_PROMPT,
		.run = run_listbanned,
		.text = text_bans,
	},
	{
		.name = "clearbanned",
		.category = "network",
		.summary = "lift every ban and discouragement",
		.flags = COMMAND_RPC,
		.run = run_clearbanned,
	},
	{
		.name = "listbanned",
		.category = "network",
		.summary = "list banned and discouraged addresses",
		.flags = COMMAND_RPC,
		.run = run_listbanned,
	},
	{
		.name = "setban",
		.category = "network",
		.summary = "ban an address or subnet, or lift the ban",
		.params = setban_params,
		.flags = COMMAND_RPC,
		.run = run_setban,
	},
	{
		.name = "unban",
		.category = "network",
		.summary = "lift a ban or discouragement",
		.params = unban_params,
		.flags = COMMAND_RPC | COMMAND_PROMPT,
		.run = run_unban,
		.text = text_unban,
	},
	{0},
};
