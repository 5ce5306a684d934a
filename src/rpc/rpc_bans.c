/* Verbs about bans. Source of names, fields and codes: Bitcoin Core's rpc/net.cpp; ban_reason was there up to 0.19
 * and tells bans from discouragements. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

/* --- setting and lifting --------------------------------------------------------------- */

/* False: the call was answered. */
static bool add_ban(struct node *n, struct call *c, const struct subnet *s, int64_t until,
		    size_t *closed)
{
	struct err err = {0};

	if (!bans_add(n->bans, s, until, &err)) {
		call_fail(c,
			  err.cls == ERR_KNOWN ? RPC_CLIENT_NODE_ALREADY_ADDED
					       : RPC_INVALID_PARAMETER,
			  &err);
		return false;
	}
	*closed = net_enforce_bans(n->net);
	node_commit_records(n);
	return true;
}

/* named: the answer says whose. */
static void lift_ban(struct node *n, struct call *c, const struct subnet *s, bool named)
{
	char name[SUBNET_CHARS + 1];

	subnet_format(name, s);
	if (bans_remove(n->bans, s)) {
		node_commit_records(n);
		call_done(c, named ? json_string(name) : json_null());
		return;
	}
	call_error(c, RPC_CLIENT_INVALID_IP_OR_SUBNET, ERR_NOTFOUND, "not-banned",
		   "%s is not banned: see bans", name);
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

/* 0 seconds are a day. */
static bool call_until(struct node *n, struct call *c, const char *arg, bool absolute,
		       int64_t *until)
{
	int64_t now = clock_unix(&n->clock.clock), t;

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
	const char *what;
	bool absolute;
	int64_t until;
	size_t closed;

	if (!call_text(c, "command", "", &what) || !call_subnet(c, "subnet", &s) ||
	    !call_flag(c, "absolute", false, &absolute) ||
	    !call_until(n, c, "bantime", absolute, &until))
		return;
	if (strcmp(what, "remove") == 0)
		lift_ban(n, c, &s, false);
	else if (strcmp(what, "add") == 0 && add_ban(n, c, &s, until, &closed))
		call_done(c, json_null());
	else if (strcmp(what, "add") != 0)
		call_error(c, RPC_MISC_ERROR, ERR_USAGE, "bad-command",
			   "'%.40s' is unknown: give add or remove", what);
}

/* What a person calls a peer: its number, its address with or without a port, a subnet. */
static bool call_who(struct node *n, struct call *c, struct subnet *out)
{
	const json_t *v = call_arg(c, "who");
	struct err err = {0};
	struct net_addr a;
	struct peer_info p;
	const char *text = json_string_value(v);
	uint64_t typed = 0;
	int64_t id = 0;

	if (!text && !call_number(c, "who", 1, UINT32_MAX, 0, &id))
		return false;
	if (!text || parse_u64(text, 1, UINT32_MAX, &typed)) {
		id = text ? (int64_t)typed : id;
		if (protocol_peer(n->protocol, (conn_id)id, &p)) {
			subnet_of(out, &p.addr);
			return true;
		}
		call_error(c, RPC_CLIENT_NODE_NOT_CONNECTED, ERR_NOTFOUND, "no-such-peer",
			   "there is no peer %lld: see the Peers panel for numbers", (long long)id);
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

/* A ban is of an address, whoever else is there: the preview tells how many. */
static void run_ban(struct node *n, struct call *c)
{
	char name[SUBNET_CHARS + 1];
	struct subnet s;
	int64_t until;
	size_t closed;
	bool preview;

	if (!call_flag(c, "preview", false, &preview) || !call_who(n, c, &s) ||
	    !call_until(n, c, "seconds", false, &until))
		return;
	if (preview)
		closed = peers_within(n, &s);
	else if (!add_ban(n, c, &s, until, &closed))
		return;
	subnet_format(name, &s);
	call_done(c, json_pack("{s:s,s:I,s:I,s:b}", "address", name, "seconds",
			       (json_int_t)(until - clock_unix(&n->clock.clock)), "peers",
			       (json_int_t)closed, "preview", preview));
}

static char *text_ban(const json_t *result)
{
	const char *name = json_string_value(json_object_get(result, "address"));
	const long long peers = json_integer_value(json_object_get(result, "peers"));
	const long long seconds = json_integer_value(json_object_get(result, "seconds"));

	if (json_is_true(json_object_get(result, "preview")))
		return mem_printf("ban %s for %lld s, with %lld peer%s connected from there?", name,
				  seconds, peers, peers == 1 ? "" : "s");
	return mem_printf("banned %s for %lld s: %lld disconnected", name, seconds, peers);
}

static void run_unban(struct node *n, struct call *c)
{
	struct subnet s;

	if (call_who(n, c, &s))
		lift_ban(n, c, &s, true);
}

static char *text_unban(const json_t *result)
{
	return mem_printf("%s is not banned any more", json_string_value(result));
}

static void run_clearbanned(struct node *n, struct call *c)
{
	bans_clear(n->bans);
	node_commit_records(n);
	call_done(c, json_null());
}

/* --- listing ------------------------------------------------------------------------------ */

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
	size_t count = bans_list(n->bans, NULL, 0);
	struct ban *all = mem_array(count, sizeof(*all));
	json_t *out = json_array();

	bans_list(n->bans, all, count);
	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, json_ban(&all[i], clock_unix(&n->clock.clock)));
	free(all);
	call_done(c, out);
}

static char *text_bans(const json_t *result)
{
	char *text = mem_strdup(json_array_size(result) ? "" : "nobody is banned");
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

/* --- the table ------------------------------------------------------------------------------ */

static const struct command_param p_setban[] = {
	{"subnet", ARG_TEXT, false, "address, or address/bits"},
	{"command", ARG_TEXT, false, "add or remove"},
	{"bantime", ARG_NUMBER, true, "seconds, or with absolute until when; 0: a day"},
	{"absolute", ARG_FLAG, true, "bantime is a time, in seconds since 1970"},
	{0}};
static const struct command_param p_ban[] = {
	{"who", ARG_PEER, false, "a peer's number, an address, or address/bits"},
	{"seconds", ARG_NUMBER, true, "how long; 0: a day"},
	{"preview", ARG_FLAG, true, "true: only say what it would do"},
	{0}};
static const struct command_param p_unban[] = {
	{"who", ARG_TEXT, false, "a peer's number, an address, or address/bits"}, {0}};

const struct command commands_bans[] = {
	{"ban", "network", "drop all peers of an address and keep it away", p_ban,
	 COMMAND_RPC | COMMAND_PROMPT | COMMAND_CONFIRM, run_ban, text_ban},
	{"bans", "network", "who is banned or discouraged", NULL, COMMAND_RPC | COMMAND_PROMPT,
	 run_listbanned, text_bans},
	{"clearbanned", "network", "lift every ban and discouragement", NULL, COMMAND_RPC,
	 run_clearbanned, NULL},
	{"listbanned", "network", "who is banned or discouraged", NULL, COMMAND_RPC, run_listbanned,
	 NULL},
	{"setban", "network", "ban an address or subnet, or lift it", p_setban, COMMAND_RPC,
	 run_setban, NULL},
	{"unban", "network", "lift a ban or discouragement", p_unban, COMMAND_RPC | COMMAND_PROMPT,
	 run_unban, text_unban},
	{0},
};
