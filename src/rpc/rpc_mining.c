/* Commands about mining. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_mining_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#define GENERATE_MAX 1000000 /* blocks */

static void run_getmininginfo(struct node *n, struct call *c)
{
	const struct chain_entry tip = chain_tip(node_chain(n));
	const uint32_t bits = chain_next_bits(node_chain(n), tip.index);
	struct mining_info m;
	struct snapshot *s = NEW(struct snapshot);
	json_t *o = json_object();

	mining_get_info(node_mining(n), &m);
	node_snapshot(n, s);
	json_object_set_new(o, "blocks", json_integer(tip.height));
	json_object_set_new(
		o, "difficulty",
		json_real(difficulty_of_bits(bits, chain_params(node_chain(n))->pow_limit)));
	json_object_set_new(o, "bits", json_sprintf("%08x", bits));
	json_object_set_new(o, "networkhashps", json_real(s->expected_hash_rate));
	json_object_set_new(o, "hashespersec", json_real(m.hash_rate));
	json_object_set_new(o, "generate", json_boolean(m.on));
	json_object_set_new(o, "genproclimit", json_integer(m.threads));
	json_object_set_new(o, "blocksfound", json_integer(m.found));
	json_object_set_new(o, "pooledtx",
			    json_integer((json_int_t)mempool_count(node_mempool(n))));
	json_object_set_new(o, "chain", json_string(chain_params(node_chain(n))->name));
	json_object_set_new(o, "warnings", json_string(s->warning));
	free(s);
	call_done(c, o);
}

static void on_generated(void *arg, const struct block_hash *hashes, size_t count,
			 const struct err *err)
{
	struct call *c = arg;
	json_t *out;

	if (err) {
		call_fail(c, RPC_MISC_ERROR, err);
		return;
	}
	out = json_array();
	for (size_t i = 0; i < count; i++)
		json_array_append_new(out, json_hash(&hashes[i].h));
	call_done(c, out);
}

bool call_may_mine(struct node *n, struct call *c)
{
	struct err err = {0};

	if (mining_clock_ok(node_mining(n), &err))
		return true;
	call_fail(c, RPC_MISC_ERROR, &err);
	return false;
}

static void run_generatetoaddress(struct node *n, struct call *c)
{
	struct key_hash to;
	int64_t count;

	if (call_number(c, "nblocks", 0, GENERATE_MAX, 1, &count) && call_may_mine(n, c) &&
	    call_address(c, "address", true, &to))
		mining_generate(node_mining(n), &(struct mining_request){.to = to,
									 .count = (uint32_t)count,
									 .client = c->client,
									 .done = on_generated,
									 .arg = c});
}

static void set_mining(struct node *n, struct call *c, bool on, int64_t threads)
{
	struct err err = {0};
	struct key_hash to;
	struct mining_info m;
	const bool named = call_arg(c, "address") != NULL;

	if (named && !call_address(c, "address", true, &to))
		return;
	if (!mining_set(node_mining(n), on, named ? &to : NULL, (unsigned)threads, &err)) {
		call_fail(c, RPC_MISC_ERROR, &err);
		return;
	}
	mining_get_info(node_mining(n), &m);
	call_done(c, json_pack("{s:b,s:I,s:o}", "mining", on, "threads", (json_int_t)m.threads,
			       "address", m.has_to ? json_address(&m.to) : json_null()));
}

/* If the argument is left out, *out is 0, with which mining_set keeps the number of threads. */
static bool call_threads(struct call *c, const char *name, int64_t *out)
{
	return call_number(c, name, 1, MINING_THREADS_MAX, 0, out);
}

/* In Bitcoin Core's setgenerate, -1 threads were "no limit". Here it keeps the number of
 * threads. */
static bool is_no_limit(const json_t *limit)
{
	const char *text = json_string_value(limit);

	return text ? strcmp(text, "-1") == 0 : json_integer_value(limit) == -1;
}

static void run_setgenerate(struct node *n, struct call *c)
{
	const bool none = is_no_limit(call_arg(c, "genproclimit"));
	int64_t threads = 0;
	bool on;

	if (call_flag(c, "generate", true, &on) &&
	    (none || call_threads(c, "genproclimit", &threads)))
		set_mining(n, c, on, threads);
}

static void run_mine(struct node *n, struct call *c)
{
	/* Without the argument `on`, the command toggles mining; with threads or an address, it
	 * switches mining on. */
	const bool how = call_arg(c, "threads") || call_arg(c, "address");
	struct mining_info m;
	int64_t threads;
	bool on;

	mining_get_info(node_mining(n), &m);
	if (call_flag(c, "on", how || !(m.on || m.requested), &on) &&
	    call_threads(c, "threads", &threads))
		set_mining(n, c, on, threads);
}

static char *text_mine(const json_t *result)
{
	const char *to = json_string_value(json_object_get(result, "address"));
	const int threads = (int)json_integer_value(json_object_get(result, "threads"));

	if (!json_is_true(json_object_get(result, "mining")))
		return mem_strdup("mining is off");
	return mem_printf("mining with %d thread%s to %s", threads, threads == 1 ? "" : "s",
			  to ? to : "?");
}

static const struct command_param generate_params[] = {
	{.name = "nblocks", .type = ARG_NUMBER, .help = "number of blocks"},
	{.name = "address", .type = ARG_ADDRESS, .help = "address or label that is paid"},
	{.name = "maxtries", .type = ARG_NUMBER, .optional = true, .help = "ignored"},
	{0},
};
static const struct command_param set_params[] = {
	{.name = "generate", .type = ARG_FLAG, .help = "true: mine; false: stop"},
	{.name = "genproclimit",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "number of threads, 1 to 64; -1: as before"},
	{0},
};
static const struct command_param mine_params[] = {
	{.name = "on",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "on or off; default: on with another argument, else the opposite of now"},
	{.name = "address",
	 .type = ARG_ADDRESS,
	 .optional = true,
	 .help = "address or label that is paid"},
	{.name = "threads",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "number of threads, 1 to 64"},
	{0},
};

const struct command commands_mining[] = {
	{
		.name = "generatetoaddress",
		.category = "mining",
		.summary = "mine a number of blocks now",
		.params = generate_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_generatetoaddress,
	},
	{
		.name = "getmininginfo",
		.category = "mining",
		.summary = "show the state of mining",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_getmininginfo,
	},
	{
		.name = "mine",
		.category = "mining",
		.summary = "mine continuously, or stop",
		.params = mine_params,
		.flags = COMMAND_RPC | COMMAND_PROMPT | COMMAND_CHAIN,
		.run = run_mine,
		.text = text_mine,
	},
	{
		.name = "setgenerate",
		.category = "mining",
		.summary = "mine continuously, or stop",
		.params = set_params,
		.flags = COMMAND_RPC | COMMAND_CHAIN,
		.run = run_setgenerate,
		.text = text_mine,
	},
	{0},
};
