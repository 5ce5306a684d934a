/* Commands for joining a chain: choosing one that peers offer, inviting others to this one. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/net/invite.h>
#include <tally/net/local_addr.h>
#include <tally/node/resolver.h>

#define CHOOSE_DIGITS_MIN 4 /* of a genesis hash, to choose a chain by */

/* Finds the offered chain that text names: by its name, the first digits of its genesis hash, or
 * the short form of that hash on the screen. ERR_NOTFOUND "bad-choice" if there is none or more
 * than one. */
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
	return mem_strdup("joining the chosen chain");
}

/* --- inviting -------------------------------------------------------------------------- */

/* The address in an invitation if none is given: that of -bind, else this machine's on the LAN. */
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

static const struct command_param choose_params[] = {
	{.name = "chain",
	 .type = ARG_TEXT,
	 .help = "its name, or the first digits of its genesis hash"},
	{0},
};
static const struct command_param invite_params[] = {
	{.name = "address",
	 .type = ARG_HOSTPORT,
	 .optional = true,
	 .help = "this node's address for others; default: its address on the LAN"},
	{0},
};

const struct command commands_join[] = {
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
