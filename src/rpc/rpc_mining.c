/* Verbs about mining. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#define GENERATE_MAX 1000000

static void run_getmininginfo(struct node *n, struct call *c)
{
	const struct chain_entry tip = chain_tip(n->chain);
	const uint32_t bits = chain_next_bits(n->chain, tip.index);
	struct mining_info m;
	struct snapshot *s = NEW(struct snapshot);
	json_t *o = json_object();

	mining_get_info(n->mining, &m);
	node_snapshot(n, s);
	json_object_set_new(o, "blocks", json_integer(tip.height));
	json_object_set_new(o, "difficulty",
			    json_real(difficulty_of_bits(bits, chain_params(n->chain)->pow_limit)));
	json_object_set_new(o, "bits", json_sprintf("%08x", bits));
	json_object_set_new(o, "networkhashps", json_real(s->expected_hash_rate));
	json_object_set_new(o, "hashespersec", json_real(m.hash_rate));
	json_object_set_new(o, "generate", json_boolean(m.on));
	json_object_set_new(o, "genproclimit", json_integer(m.threads));
	json_object_set_new(o, "blocksfound", json_integer(m.found));
	json_object_set_new(o, "pooledtx", json_integer((json_int_t)mempool_count(n->mempool)));
	json_object_set_new(o, "chain", json_string(chain_params(n->chain)->name));
	json_object_set_new(o, "warnings", json_string(s->warning));
	free(s);
	call_done(c, o);
}

static void generated(void *arg, const struct block_hash *hashes, size_t count,
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

	if (mining_clock_ok(n->mining, &err))
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
		mining_generate(n->mining, &(struct mining_request){.to = to,
								    .count = (uint32_t)count,
								    .client = call_asker(c),
								    .done = generated,
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
	if (!mining_set(n->mining, on, named ? &to : NULL, (unsigned)threads, &err)) {
		call_fail(c, RPC_MISC_ERROR, &err);
		return;
	}
	mining_get_info(n->mining, &m);
	call_done(c, json_pack("{s:b,s:I,s:o}", "mining", on, "threads", (json_int_t)m.threads,
			       "address", m.has_to ? json_address(&m.to) : json_null()));
}

/* *out is 0 where none are given: as many as before. */
static bool call_threads(struct call *c, const char *name, int64_t *out)
{
	return call_number(c, name, 1, MINING_THREADS_MAX, 0, out);
}

/* "No limit" in Bitcoin Core's setgenerate: as many as before. */
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
	/* Who says how, or for whom, wants to mine. */
	const bool how = call_arg(c, "threads") || call_arg(c, "address");
	struct mining_info m;
	int64_t threads;
	bool on;

	mining_get_info(n->mining, &m);
	if (call_flag(c, "on", how || !(m.on || m.want), &on) &&
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

static const struct command_param p_generate[] = {{"nblocks", ARG_NUMBER, false, "how many blocks"},
						  {"address", ARG_ADDRESS, false, "who is paid"},
						  {"maxtries", ARG_NUMBER, true, "ignored"},
						  {0}};
static const struct command_param p_set[] = {{"generate", ARG_FLAG, false, "true: mine"},
					     {"genproclimit", ARG_NUMBER, true, "threads, 1 to 64"},
					     {0}};
static const struct command_param p_mine[] = {
	{"on", ARG_FLAG, true, "on or off; default: the other way, or on with what follows"},
	{"address", ARG_ADDRESS, true, "who is paid"},
	{"threads", ARG_NUMBER, true, "how many threads, 1 to 64"},
	{0}};

const struct command commands_mining[] = {
	{"generatetoaddress", "mining", "mine this many blocks now", p_generate,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN, run_generatetoaddress,
	 NULL},
	{"getmininginfo", "mining", "state of mining", NULL,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN, run_getmininginfo, NULL},
	{"mine", "mining", "mine, or stop", p_mine, COMMAND_RPC | COMMAND_PROMPT | COMMAND_CHAIN,
	 run_mine, text_mine},
	{"setgenerate", "mining", "mine, or stop", p_set, COMMAND_RPC | COMMAND_CHAIN,
	 run_setgenerate, text_mine},
	{0},
};
