/* Verbs about transactions. Source of names and fields: Bitcoin Core's rpc/mempool.cpp and
 * rpc/rawtransaction.cpp. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

#define PAGE_ENTRIES 50 /* looked at in one go */

static json_t *json_entry(const struct node *n, const struct mempool_entry *en)
{
	json_t *o = json_object(), *depends = json_array();
	struct txid parents[MEMPOOL_ANCESTORS_MAX];
	const size_t count = mempool_parents(n->mempool, &en->tx->id, parents, ARRAY_LEN(parents));

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

/* The transactions that waited when it was asked for, in order of entry; those that have left meanwhile are left out. */
struct pool_text {
	bool verbose;
	uint64_t after, last; /* seq of the last one told; of the last one to be told */
	struct writer out;
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

static enum step_result pool_part(struct node *n, void *arg, int *code, struct err *e)
{
	struct pool_text *t = arg;
	struct mempool_entry page[PAGE_ENTRIES];
	const size_t count = mempool_list(n->mempool, t->after, page, PAGE_ENTRIES);

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

static void pool_clear(void *arg)
{
	struct pool_text *t = arg;

	writer_clear(&t->out);
}

static const struct async_call pool_answer = {
	.part = pool_part, .result = pool_result, .clear = pool_clear};

static void run_getrawmempool(struct node *n, struct call *c)
{
	struct mempool_entry newest = {0};
	struct pool_text *t;
	bool verbose;

	if (!call_flag(c, "verbose", false, &verbose))
		return;
	mempool_list_newest(n->mempool, 0, &newest, 1);
	t = NEW(struct pool_text);
	t->verbose = verbose;
	t->last = newest.seq;
	json_stream_begin(&t->out, verbose ? "{" : "[");
	async_call_begin(n, c, &pool_answer, t);
}

static void run_getmempoolinfo(struct node *n, struct call *c)
{
	json_t *o = json_object();

	json_object_set_new(o, "loaded", json_boolean(mempool_file_loaded(n->mempool_file)));
	json_object_set_new(o, "size", json_integer((json_int_t)mempool_count(n->mempool)));
	json_object_set_new(o, "bytes", json_integer((json_int_t)mempool_bytes(n->mempool)));
	json_object_set_new(o, "usage", json_integer((json_int_t)mempool_memory(n->mempool)));
	json_object_set_new(o, "total_fee", json_amount(mempool_total_fee(n->mempool)));
	json_object_set_new(o, "maxmempool",
			    json_integer((json_int_t)n->config.maxmempool_mb << 20));
	json_object_set_new(o, "mempoolminfee",
			    json_amount((int64_t)(mempool_min_rate(n->mempool) * 1000)));
	json_object_set_new(o, "minrelaytxfee", json_amount(MEMPOOL_MIN_RELAY_RATE * 1000));
	json_object_set_new(o, "incrementalrelayfee", json_amount(MEMPOOL_MIN_RELAY_RATE * 1000));
	json_object_set_new(o, "fullrbf", json_false()); /* first seen wins */
	json_object_set_new(o, "orphans",
			    json_integer((json_int_t)mempool_orphan_count(n->mempool)));
	call_done(c, o);
}

static void run_savemempool(struct node *n, struct call *c)
{
	const char *path = mempool_file_path(n->mempool_file);
	char shown[CONFIG_PATH_MAX + 32]; /* a path may be any bytes */
	struct err err = {0};

	if (!mempool_file_save(n->mempool_file, &err)) {
		call_fail(c, RPC_MISC_ERROR, &err);
		return;
	}
	utf8_sanitise(shown, sizeof(shown), path, strlen(path));
	call_done(c, json_pack("{s:s}", "filename", shown));
}

/* A confirmed one with what its block tells. */
static json_t *json_confirmed(const struct node *n, const struct tx *tx,
			      const struct chain_entry *at)
{
	const bool best = chain_on_best(n->chain, at->index);
	json_t *o = json_tx(tx);

	json_object_set_new(o, "blockhash", json_hash(&at->hash.h));
	json_object_set_new(
		o, "confirmations",
		json_integer(best ? (json_int_t)chain_height(n->chain) - at->height + 1 : 0));
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
	if (!named && mempool_get(n->mempool, &id, &en)) {
		call_done(c, verbose ? json_tx(en.tx) : json_hex(en.tx->raw));
		return;
	}
	if (!node_find_tx(n, &id, named ? &in : NULL, &tx, &at)) {
		call_error(
			c, RPC_INVALID_ADDRESS_OR_KEY, ERR_NOTFOUND, "no-such-tx",
			"No such mempool, wallet or recent transaction: give the hash of its block too");
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
			   "TX decode failed: give the whole transaction in hex");
		return;
	}
	ok = tx_decode(&tx, bytes, len, &err);
	free(bytes);
	if (!ok) {
		call_fail(c, RPC_DESERIALIZATION_ERROR, &err);
		return;
	}
	/* What waits already is as good as taken; that it could not be written down is an error. */
	if (node_submit_tx(n, tx, &err) ||
	    (err.cls == ERR_KNOWN && mempool_get(n->mempool, &tx->id, &(struct mempool_entry){0})))
		call_done(c, json_hash(&tx->id.h));
	else
		call_error(c,
			   err.cls == ERR_ORPHAN  ? RPC_VERIFY_ERROR
			   : err.cls == ERR_KNOWN ? RPC_VERIFY_ALREADY_IN_CHAIN
						  : RPC_VERIFY_REJECTED,
			   err.cls, err.token, "%s: %s", err.token, err.detail);
	tx_unref(tx);
}

static const struct command_param p_verbose[] = {
	{"verbose", ARG_FLAG, true, "true: with fees and family"}, {0}};
static const struct command_param p_get[] = {{"txid", ARG_HASH, false, "the transaction"},
					     {"verbose", ARG_FLAG, true, "true: decoded"},
					     {"blockhash", ARG_HASH, true, "the block it is in"},
					     {0}};
static const struct command_param p_send[] = {
	{"hexstring", ARG_HEX, false, "the transaction in hex"},
	{"maxfeerate", ARG_JSON, true, "ignored"},
	{0}};

const struct command commands_mempool[] = {
	{"getmempoolinfo", "blockchain", "state of the mempool", NULL,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN, run_getmempoolinfo, NULL},
	{"getrawmempool", "blockchain", "transactions that wait", p_verbose,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN, run_getrawmempool, NULL},
	{"getrawtransaction", "rawtransactions", "a transaction", p_get,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN, run_getrawtransaction,
	 NULL},
	{"savemempool", "blockchain", "write the mempool to disk now", NULL,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN, run_savemempool, NULL},
	{"sendrawtransaction", "rawtransactions", "give the network a transaction", p_send,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN | COMMAND_SETTLED,
	 run_sendrawtransaction, NULL},
	{0},
};
