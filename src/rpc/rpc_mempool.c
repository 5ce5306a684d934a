/* Commands about transactions. Source of names and fields: Bitcoin Core, rpc/mempool.cpp and
 * rpc/rawtransaction.cpp. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/node/mempool_file.h>
#include <tally/node/tx_lookup.h>

#define PAGE_ENTRIES 50 /* written in one step of getrawmempool */

static json_t *json_entry(const struct node *n, const struct mempool_entry *en)
{
	json_t *o = json_object(), *depends = json_array();
	struct txid parents[MEMPOOL_ANCESTORS_MAX];
	const size_t count =
		mempool_parents(node_mempool(n), &en->tx->id, parents, ARRAY_LEN(parents));

	for (size_t i = 0; i < count && i < ARRAY_LEN(parents); i++)
		json_array_append_new(depends, json_hash(&parents[i].h));
	json_object_set_new(o, "vsize", json_integer((json_int_t)en->tx->raw.len));
	json_object_set_new(o, "weight", json_integer((json_int_t)en->tx->raw.len * 4));
	json_object_set_new(o, "time", json_integer(en->time));
	json_object_set_new(o, "height", json_integer(en->height));
	json_object_set_new(o, "descendantcount", json_integer(en->n_descendants));
	json_object_set_new(o, "descendantsize", json_integer((json_int_t)en->descendant_bytes));
	json_object_set_new(o, "ancestorcount", json_integer(en->n_ancestors));
	json_object_set_new(o, "ancestorsize", json_integer((json_int_t)en->ancestor_bytes));
	json_object_set_new(o, "fees",
			    json_pack("{s:o,s:o,s:o}", "base", json_amount(en->fee), "ancestor",
				      json_amount(en->ancestor_fees), "descendant",
				      json_amount(en->descendant_fees)));
	json_object_set_new(o, "depends", depends);
	return o;
}

/* The answer to getrawmempool, in order of arrival: the transactions that were in the mempool when
 * the call began, except those that have left it meanwhile. */
struct pool_text {
	struct writer out; /* first member: see json_stream_clear */
	bool verbose;
	uint64_t after; /* mempool_entry.seq of the last one written */
	uint64_t last;  /* of the newest one when the call began */
};

static void add_entry(const struct node *n, const struct mempool_entry *en, struct pool_text *t)
{
	char hex[HASH_HEX_CHARS + 1];

	if (!t->verbose) {
		json_stream_json(&t->out, json_hash(&en->tx->id.h));
		return;
	}
	hash256_hex(hex, &en->tx->id.h);
	json_stream_key(&t->out, hex);
	json_stream_json(&t->out, json_entry(n, en));
}

static enum step_result pool_step(struct node *n, void *arg, int *code, struct err *e)
{
	struct pool_text *t = arg;
	struct mempool_entry page[PAGE_ENTRIES];
	const size_t count = mempool_list(node_mempool(n), t->after, page, PAGE_ENTRIES);

	(void)code, (void)e;
	for (size_t i = 0; i < count && page[i].seq <= t->last; i++) {
		add_entry(n, &page[i], t);
		t->after = page[i].seq;
	}
	return count == PAGE_ENTRIES && t->after == page[count - 1].seq ? STEP_MORE : STEP_DONE;
}

static json_t *pool_result(void *arg)
{
	struct pool_text *t = arg;

	json_stream_raw(&t->out, t->verbose ? "}" : "]");
	return json_stream_result(&t->out);
}

static const struct async_call pool_call = {
	.step = pool_step,
	.result = pool_result,
	.clear = json_stream_clear,
};

static void run_getrawmempool(struct node *n, struct call *c)
{
	struct mempool_entry newest = {0};
	struct pool_text *t;
	bool verbose;

	if (!call_flag(c, "verbose", false, &verbose))
		return;
	mempool_list_newest(node_mempool(n), 0, &newest, 1);
	t = NEW(struct pool_text);
	t->verbose = verbose;
	t->last = newest.seq;
	json_stream_begin(&t->out, verbose ? "{" : "[");
	async_call_begin(c, &pool_call, t);
}

static void run_getmempoolinfo(struct node *n, struct call *c)
{
	json_t *o = json_object();

	json_object_set_new(o, "loaded", json_boolean(mempool_file_loaded(node_mempool_file(n))));
	json_object_set_new(o, "size", json_integer((json_int_t)mempool_count(node_mempool(n))));
	json_object_set_new(o, "bytes", json_integer((json_int_t)mempool_bytes(node_mempool(n))));
	json_object_set_new(o, "usage", json_integer((json_int_t)mempool_memory(node_mempool(n))));
	json_object_set_new(o, "total_fee", json_amount(mempool_total_fee(node_mempool(n))));
	json_object_set_new(o, "maxmempool",
			    json_integer((json_int_t)node_config(n)->maxmempool_mb << 20));
	json_object_set_new(o, "mempoolminfee",
			    json_amount((int64_t)(mempool_min_rate(node_mempool(n)) * 1000)));
	json_object_set_new(o, "minrelaytxfee", json_amount(MEMPOOL_MIN_RELAY_RATE * 1000));
	json_object_set_new(o, "incrementalrelayfee", json_amount(MEMPOOL_MIN_RELAY_RATE * 1000));
	json_object_set_new(o, "fullrbf", json_false()); /* the first seen is kept */
	json_object_set_new(o, "orphans",
			    json_integer((json_int_t)mempool_orphan_count(node_mempool(n))));
	call_done(c, o);
}

static void run_savemempool(struct node *n, struct call *c)
{
	const char *path = mempool_file_path(node_mempool_file(n));
	char shown[CONFIG_PATH_MAX + 32]; /* the path as valid UTF-8 */
	struct err err = {0};

	if (!mempool_file_save(node_mempool_file(n), &err)) {
		call_fail(c, RPC_MISC_ERROR, &err);
		return;
	}
	utf8_sanitise(shown, sizeof(shown), path, strlen(path));
	call_done(c, json_pack("{s:s}", "filename", shown));
}

/* A confirmed transaction, with the fields about its block. */
static json_t *json_confirmed(const struct node *n, const struct tx *tx,
			      const struct chain_entry *at)
{
	const bool best = chain_on_best(node_chain(n), at->index);
	json_t *o = json_tx(tx);

	json_object_set_new(o, "blockhash", json_hash(&at->hash.h));
	json_object_set_new(
		o, "confirmations",
		json_integer(best ? (json_int_t)chain_height(node_chain(n)) - at->height + 1 : 0));
	json_object_set_new(o, "time", json_integer(at->time));
	json_object_set_new(o, "blocktime", json_integer(at->time));
	return o;
}

static void run_getrawtransaction(struct node *n, struct call *c)
{
	struct block_hash in;
	struct chain_entry at;
	struct mempool_entry en;
	struct txid id;
	struct tx *tx;
	const bool named = call_arg(c, "blockhash") != NULL;
	bool verbose;

	if (!call_hash(c, "txid", &id.h) || !call_flag(c, "verbose", false, &verbose) ||
	    (named && !call_hash(c, "blockhash", &in.h)))
		return;
	if (!named && mempool_get(node_mempool(n), &id, &en)) {
		call_done(c, verbose ? json_tx(en.tx) : json_hex(en.tx->raw));
		return;
	}
	if (!node_find_tx(n, &id, named ? &in : NULL, &tx, &at)) {
		call_error(
			c, RPC_INVALID_ADDRESS_OR_KEY, ERR_NOTFOUND, "no-such-tx",
			"No such mempool, wallet or recent transaction: give the hash of its block, too");
		return;
	}
	call_done(c, verbose ? json_confirmed(n, tx, &at) : json_hex(tx->raw));
	tx_unref(tx);
}

static void run_sendrawtransaction(struct node *n, struct call *c)
{
	struct err err = {0};
	const char *hex;
	uint8_t *bytes;
	size_t len;
	struct tx *tx;
	bool ok;

	if (!call_text(c, "hexstring", "", &hex))
		return;
	if (!hex_decode_alloc(&bytes, &len, hex, TX_MAX_BYTES)) {
		call_error(c, RPC_DESERIALIZATION_ERROR, ERR_DECODE, "bad-hex",
			   "TX decode failed: give the serialised transaction in hex");
		return;
	}
	ok = tx_decode(&tx, bytes, len, &err);
	free(bytes);
	if (!ok) {
		call_fail(c, RPC_DESERIALIZATION_ERROR, &err);
		return;
	}
	/* ERR_KNOWN has two reasons: the mempool has it already, which counts as a success, or it
	 * is confirmed. */
	if (node_submit_tx(n, tx, &err) ||
	    (err.cls == ERR_KNOWN &&
	     mempool_get(node_mempool(n), &tx->id, &(struct mempool_entry){0})))
		call_done(c, json_hash(&tx->id.h));
	else
		call_error(c,
			   err.cls == ERR_ORPHAN  ? RPC_VERIFY_ERROR
			   : err.cls == ERR_KNOWN ? RPC_VERIFY_ALREADY_IN_CHAIN
						  : RPC_VERIFY_REJECTED,
			   err.cls, err.token, "%s: %s", err.token, err.detail);
	tx_unref(tx);
}

static const struct command_param verbose_params[] = {
	{.name = "verbose",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "true: with fees, ancestors and descendants; default false"},
	{0},
};
static const struct command_param get_params[] = {
	{.name = "txid", .type = ARG_HASH, .help = "id of the transaction"},
	{.name = "verbose",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "true: decoded; false: in hex (default)"},
	{.name = "blockhash",
	 .type = ARG_HASH,
	 .optional = true,
	 .help = "hash of its block: needed for older transactions"},
	{0},
};
static const struct command_param send_params[] = {
	{.name = "hexstring", .type = ARG_HEX, .help = "the serialised transaction in hex"},
	{.name = "maxfeerate", .type = ARG_JSON, .optional = true, .help = "ignored"},
	{0},
};

const struct command commands_mempool[] = {
	{
		.name = "getmempoolinfo",
		.category = "blockchain",
		.summary = "show the state of the mempool",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_getmempoolinfo,
	},
	{
		.name = "getrawmempool",
		.category = "blockchain",
		.summary = "list the unconfirmed transactions",
		.params = verbose_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_getrawmempool,
	},
	{
		.name = "getrawtransaction",
		.category = "rawtransactions",
		.summary = "show a transaction",
		.params = get_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_getrawtransaction,
	},
	{
		.name = "savemempool",
		.category = "blockchain",
		.summary = "write the mempool to disk now",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_savemempool,
	},
	{
		.name = "sendrawtransaction",
		.category = "rawtransactions",
		.summary = "submit a transaction and announce it to peers",
		.params = send_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN |
			 COMMAND_SETTLED,
		.run = run_sendrawtransaction,
	},
	{0},
};
