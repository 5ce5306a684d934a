/* Commands about the chain as a whole. Source of names and fields: Bitcoin Core,
 * rpc/blockchain.cpp. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define LEAVES_MAX 1000

static void run_getblockcount(struct node *n, struct call *c)
{
	call_done(c, json_integer(chain_height(node_chain(n))));
}

static void run_getbestblockhash(struct node *n, struct call *c)
{
	const struct chain_entry tip = chain_tip(node_chain(n));

	call_done(c, json_hash(&tip.hash.h));
}

/* The connected share of the chain, 0 to 1: the height, divided by the greatest height that headers
 * or peers report. */
static double progress(const struct node *n, uint32_t height)
{
	struct sync_info i = {.target = chain_best_header(node_chain(n)).height};

	if (node_protocol(n))
		protocol_sync_info(node_protocol(n), &i);
	return i.target > height ? (double)height / i.target : 1.0;
}

/* True during initial download: headers are being fetched, or blocks arrive in bulk. */
static bool is_behind(const struct node *n)
{
	struct sync_info i = {0};

	if (node_protocol(n))
		protocol_sync_info(node_protocol(n), &i);
	return i.headers_from != 0 || chain_catching_up(node_chain(n));
}

static void run_getblockchaininfo(struct node *n, struct call *c)
{
	const struct chain_entry tip = chain_tip(node_chain(n)),
				 best = chain_best_header(node_chain(n));
	const struct chain_params *p = chain_params(node_chain(n));
	char work[65];
	struct snapshot *shot = NEW(struct snapshot);
	json_t *o = json_object();

	u256_hex(work, &tip.work);
	node_snapshot(n, shot);
	json_object_set_new(o, "chain", json_string(p->name));
	json_object_set_new(o, "genesishash", json_hash(&p->genesis_hash.h));
	json_object_set_new(o, "blocks", json_integer(tip.height));
	json_object_set_new(o, "headers", json_integer(best.height));
	json_object_set_new(o, "bestblockhash", json_hash(&tip.hash.h));
	json_object_set_new(o, "bits", json_sprintf("%08x", tip.bits));
	json_object_set_new(o, "difficulty", json_real(difficulty_of_bits(tip.bits, p->pow_limit)));
	json_object_set_new(o, "time", json_integer(tip.time));
	json_object_set_new(o, "mediantime", json_integer(tip.time));
	json_object_set_new(o, "verificationprogress", json_real(progress(n, tip.height)));
	json_object_set_new(o, "initialblockdownload", json_boolean(is_behind(n)));
	json_object_set_new(o, "chainwork", json_string(work));
	json_object_set_new(o, "size_on_disk", json_integer((json_int_t)node_disk_bytes(n)));
	json_object_set_new(o, "pruned", json_false());
	json_object_set_new(o, "params",
			    json_pack("{s:I,s:s,s:o,s:I,s:I,s:I}", "spacing",
				      (json_int_t)p->spacing, "pow_limit", "", "reward",
				      json_amount(p->reward), "halving", (json_int_t)p->halving,
				      "maturity", (json_int_t)p->maturity, "max_block_bytes",
				      (json_int_t)p->max_block_bytes));
	json_object_set_new(json_object_get(o, "params"), "pow_limit",
			    json_sprintf("%08x", p->pow_limit));
	json_object_set_new(o, "warnings", json_string(shot->warning));
	free(shot);
	call_done(c, o);
}

static const char *leaf_status(const struct node *n, const struct chain_entry *en)
{
	if (chain_on_best(node_chain(n), en->index))
		return "active";
	if (en->status & CHAIN_ANY_FAILED)
		return "invalid";
	if (en->status & CHAIN_HAVE_UNDO)
		return "valid-fork";
	return en->status & CHAIN_HAVE_BODY ? "valid-headers" : "headers-only";
}

static json_t *json_leaf(const struct node *n, const struct chain_entry *en, uint32_t fork_height)
{
	json_t *o = json_object();

	json_object_set_new(o, "height", json_integer(en->height));
	json_object_set_new(o, "hash", json_hash(&en->hash.h));
	json_object_set_new(o, "branchlen", json_integer((json_int_t)en->height - fork_height));
	json_object_set_new(o, "status", json_string(leaf_status(n, en)));
	return o;
}

static void run_getchaintips(struct node *n, struct call *c)
{
	chain_index leaves[LEAVES_MAX];
	const struct chain_entry tip = chain_tip(node_chain(n));
	const size_t count = MIN(chain_leaves(node_chain(n), leaves, LEAVES_MAX), LEAVES_MAX);
	json_t *tips = json_array();
	bool tip_seen = false;

	for (size_t i = 0; i < count; i++) {
		struct chain_entry en, fork;

		if (chain_entry_at(node_chain(n), leaves[i], &en) &&
		    chain_entry_at(node_chain(n), chain_fork(node_chain(n), tip.index, leaves[i]),
				   &fork)) {
			tip_seen |= en.index == tip.index;
			json_array_append_new(tips, json_leaf(n, &en, fork.height));
		}
	}
	if (!tip_seen) /* it is not a leaf: headers above it are known */
		json_array_insert_new(tips, 0, json_leaf(n, &tip, tip.height));
	call_done(c, tips);
}

const struct command commands_chain[] = {
	{
		.name = "getbestblockhash",
		.category = "blockchain",
		.summary = "show the hash of the tip",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_getbestblockhash,
	},
	{
		.name = "getblockchaininfo",
		.category = "blockchain",
		.summary = "show the state of the chain",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_getblockchaininfo,
	},
	{
		.name = "getblockcount",
		.category = "blockchain",
		.summary = "show the height of the tip",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_getblockcount,
	},
	{
		.name = "getchaintips",
		.category = "blockchain",
		.summary = "list the tips of all known branches, at most 1000",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_getchaintips,
	},
	{0},
};
