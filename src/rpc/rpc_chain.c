/* Verbs about blocks. Names, arguments and fields: Bitcoin Core's rpc/blockchain.cpp. */
#include "rpc/rpc_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define PAGE_BLOCKS 50
#define PAGE_BYTES  16000000 /* of blocks: a page of so many ends early */
#define LEAVES_MAX  1000

#define HEIGHT_DIGITS      10 /* fewer are one, more are of a hash */
#define PREFIX_LEAST       6  /* hex digits of a hash that may stand for it */
#define BRANCHES_LOOKED_AT 16 /* at a height */

static void run_getblockcount(struct node *n, struct call *c)
{
	call_done(c, json_integer(chain_height(n->chain)));
}

static void run_getbestblockhash(struct node *n, struct call *c)
{
	const struct chain_entry tip = chain_tip(n->chain);

	call_done(c, json_hash(&tip.hash.h));
}

/* How much of the chain is here, as far as peers have told. */
static double progress(const struct node *n, uint32_t height)
{
	struct sync_info i = {.target = chain_best_header(n->chain).height};

	if (n->protocol)
		protocol_sync_info(n->protocol, &i);
	return i.target > height ? (double)height / i.target : 1.0;
}

/* Blocks or headers come in numbers. */
static bool is_behind(const struct node *n)
{
	struct sync_info i = {0};

	if (n->protocol)
		protocol_sync_info(n->protocol, &i);
	return i.headers_from != 0 || chain_catching_up(n->chain);
}

static void run_getblockchaininfo(struct node *n, struct call *c)
{
	const struct chain_entry tip = chain_tip(n->chain), best = chain_best_header(n->chain);
	const struct chain_params *p = chain_params(n->chain);
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
	json_object_set_new(o, "size_on_disk",
			    json_integer((json_int_t)store_disk_bytes(n->store)));
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

static void run_getblockhash(struct node *n, struct call *c)
{
	struct chain_entry en;
	int64_t height;

	if (!call_number(c, "height", 0, UINT32_MAX, 0, &height))
		return;
	if (!chain_at_height(n->chain, (uint32_t)height, &en))
		call_error(c, RPC_INVALID_PARAMETER, ERR_NOTFOUND, "no-such-height",
			   "Block height out of range: the tip is at %u", chain_height(n->chain));
	else
		call_done(c, json_hash(&en.hash.h));
}

/* Is it what this console shows of the hash, or its beginning? */
static bool begins_or_short(const struct block_hash *hash, const char *text)
{
	char hex[HASH_HEX_CHARS + 1], brief[HASH_SHORT_CHARS + 1];
	const size_t n = strlen(text);

	hash256_hex(hex, &hash->h);
	hash256_short(brief, &hash->h);
	return strcmp(brief, text) == 0 || (n >= PREFIX_LEAST && strncmp(hex, text, n) == 0);
}

/* How many blocks (two at most are looked for) are meant by this text; *en: the one. */
static unsigned find_named(const struct node *n, const char *text, struct chain_entry *en)
{
	chain_index at[BRANCHES_LOOKED_AT];
	struct chain_entry one;
	unsigned found = 0;

	for (int64_t h = chain_best_header(n->chain).height; h >= 0 && found < 2; h--) {
		const size_t all = chain_all_at_height(n->chain, (uint32_t)h, at, ARRAY_LEN(at));

		for (size_t i = 0; i < MIN(all, ARRAY_LEN(at)); i++)
			if (chain_entry_at(n->chain, at[i], &one) &&
			    begins_or_short(&one.hash, text)) {
				*en = one;
				found++;
			}
	}
	return found;
}

/* By its hash, its height, a beginning of the hash or the short form that screens and log show. */
static bool call_block(struct node *n, struct call *c, struct chain_entry *en)
{
	struct block_hash hash;
	const char *text;
	uint64_t height;
	unsigned found;
	bool whole, number;

	if (!call_text(c, "blockhash", "", &text))
		return false;
	whole = hash256_parse(&hash.h, text);
	if (whole && chain_find(n->chain, &hash, en))
		return true;
	number = strlen(text) < HEIGHT_DIGITS && parse_u64(text, 0, UINT32_MAX, &height);
	if (number && chain_at_height(n->chain, (uint32_t)height, en))
		return true;
	if (!number && (strlen(text) < PREFIX_LEAST || strlen(text) > HASH_HEX_CHARS ||
			text[strspn(text, "0123456789abcdef.")]))
		return call_hash(c, "blockhash", &hash.h); /* which says what is wrong */
	found = whole ? 0 : find_named(n, text, en);
	if (found == 1)
		return true;
	if (found > 1)
		call_error(c, RPC_INVALID_ADDRESS_OR_KEY, ERR_NOTFOUND, "ambiguous",
			   "more than one block begins with '%.70s': give more of its hash", text);
	else
		call_error(
			c, RPC_INVALID_ADDRESS_OR_KEY, ERR_NOTFOUND, "no-such-block",
			"Block not found: '%.70s' is neither a height nor the hash of a block here",
			text);
	return false;
}

static json_t *hex_of_header(const struct block_header *h)
{
	uint8_t raw[HEADER_BYTES];

	header_encode(raw, h);
	return json_hex((struct span){raw, HEADER_BYTES});
}

static void run_getblockheader(struct node *n, struct call *c)
{
	struct chain_entry en;
	struct block_header h;
	struct err err = {0};
	bool verbose;

	if (!call_flag(c, "verbose", true, &verbose) || !call_block(n, c, &en))
		return;
	if (!chain_read_header(n->chain, en.index, &h, &err))
		call_fail(c, RPC_MISC_ERROR, &err);
	else
		call_done(c, verbose ? json_header(n, &en, &h) : hex_of_header(&h));
}

static json_t *hex_of_block(const struct block *b)
{
	struct writer w;

	json_stream_begin(&w, "");
	json_stream_hex(&w, b->raw);
	return json_stream_result(&w);
}

static void run_getblock(struct node *n, struct call *c)
{
	struct chain_entry en;
	struct block *b;
	struct err err = {0};
	int64_t verbosity;

	if (json_is_boolean(call_arg(c, "verbosity")))
		verbosity = json_is_true(call_arg(c, "verbosity"));
	else if (!call_number(c, "verbosity", 0, 2, 1, &verbosity))
		return;
	if (!call_block(n, c, &en))
		return;
	if (!chain_read_block(n->chain, en.index, &b, &err)) {
		call_fail(c, RPC_MISC_ERROR, &err);
	} else if (verbosity > 0) {
		json_block_begin(n, c, &en, b, verbosity > 1);
	} else {
		call_done(c, hex_of_block(b));
		block_unref(b);
	}
}

static const char *leaf_status(const struct node *n, const struct chain_entry *en)
{
	if (chain_on_best(n->chain, en->index))
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
	const struct chain_entry tip = chain_tip(n->chain);
	const size_t count = MIN(chain_leaves(n->chain, leaves, LEAVES_MAX), LEAVES_MAX);
	json_t *tips = json_array();
	bool tip_seen = false;

	for (size_t i = 0; i < count; i++) {
		struct chain_entry en, fork;

		if (chain_entry_at(n->chain, leaves[i], &en) &&
		    chain_entry_at(n->chain, chain_fork(n->chain, tip.index, leaves[i]), &fork)) {
			tip_seen |= en.index == tip.index;
			json_array_append_new(tips, json_leaf(n, &en, fork.height));
		}
	}
	if (!tip_seen) /* headers go on beyond it */
		json_array_insert_new(tips, 0, json_leaf(n, &tip, tip.height));
	call_done(c, tips);
}

static json_t *json_page_row(const struct node *n, const struct chain_entry *en,
			     const struct block *b)
{
	json_t *o = json_object(), *txs = json_array();

	for (uint32_t i = 0; i < b->n_tx; i++)
		json_array_append_new(txs, json_hash(&b->tx[i].id.h));
	json_object_set_new(o, "height", json_integer(en->height));
	json_object_set_new(o, "hash", json_hash(&en->hash.h));
	json_object_set_new(o, "time", json_integer(en->time));
	json_object_set_new(o, "bits", json_sprintf("%08x", en->bits));
	json_object_set_new(
		o, "difficulty",
		json_real(difficulty_of_bits(en->bits, chain_params(n->chain)->pow_limit)));
	json_object_set_new(o, "nTx", json_integer(b->n_tx));
	json_object_set_new(o, "size", json_integer((json_int_t)b->raw.len));
	json_object_set_new(o, "tx", txs);
	return o;
}

/* A block and its ancestors: one branch, whatever the best is meanwhile. */
struct page {
	chain_index at; /* the next */
	int64_t height; /* of the next; -1: there is none */
	int64_t left;   /* how many are wanted yet */
	size_t bytes;   /* of the blocks so far */
	struct writer out;
};

/* One block. Where one can't be read the page ends above it, and that is said of the page that begins there. */
static enum step_result page_part(struct node *n, void *arg, int *code, struct err *e)
{
	struct page *p = arg;
	struct chain_entry en;
	struct block *b;

	(void)code;
	if (p->left == 0 || p->bytes >= PAGE_BYTES || !chain_entry_at(n->chain, p->at, &en))
		return STEP_DONE;
	if (!chain_read_block(n->chain, p->at, &b, e))
		return p->bytes > 0 ? STEP_DONE : STEP_FAILED;
	json_stream_json(&p->out, json_page_row(n, &en, b));
	p->bytes += b->raw.len;
	p->left--;
	p->at = en.prev;
	p->height = (int64_t)en.height - 1;
	block_unref(b);
	return STEP_MORE;
}

static json_t *page_result(void *arg)
{
	struct page *p = arg;

	json_stream_raw(&p->out, "]");
	json_stream_key(&p->out, "next");
	json_stream_json(&p->out, p->height >= 0 ? json_integer(p->height) : json_null());
	json_stream_raw(&p->out, "}");
	return json_stream_result(&p->out);
}

static void page_clear(void *arg)
{
	struct page *p = arg;

	writer_clear(&p->out);
}

static const struct async_call page_answer = {
	.part = page_part, .result = page_result, .clear = page_clear};

static void run_printchain(struct node *n, struct call *c)
{
	const uint32_t tip = chain_height(n->chain);
	struct chain_entry en;
	struct page *p;
	int64_t from, count;

	if (!call_number(c, "from_height", 0, UINT32_MAX, tip, &from) ||
	    !call_number(c, "count", 1, 1000, PAGE_BLOCKS, &count))
		return;
	chain_at_height(n->chain, (uint32_t)MIN(from, (int64_t)tip), &en);
	p = NEW(struct page);
	p->at = en.index;
	p->height = en.height;
	p->left = count;
	json_stream_begin(&p->out, "{\"blocks\":[");
	async_call_begin(n, c, &page_answer, p);
}

static void run_submitblock(struct node *n, struct call *c)
{
	struct err err = {0};
	struct block *b;
	const char *hex;
	uint8_t *bytes;
	size_t len;
	bool ok;

	if (!call_text(c, "hexdata", "", &hex))
		return;
	if (!hex_decode_alloc(&bytes, &len, hex, BLOCK_MAX_BYTES)) {
		call_error(c, RPC_DESERIALIZATION_ERROR, ERR_DECODE, "bad-hex",
			   "Block decode failed: give the whole block in hex");
		return;
	}
	if (!block_decode_take(&b, bytes, len, &err)) {
		call_fail(c, RPC_DESERIALIZATION_ERROR, &err);
		return;
	}
	ok = node_submit_block(n, b, &err);
	block_unref(b);
	/* Bitcoin Core: null where taken, else the reason as the result (BIP 22). */
	if (ok)
		call_done(c, json_null());
	else
		call_done(c, json_string(err.cls == ERR_KNOWN    ? "duplicate"
					 : err.cls == ERR_ORPHAN ? "inconclusive-not-best-prevblk"
								 : err.token));
}

static const struct command_param p_height[] = {
	{"height", ARG_NUMBER, false, "height on the best chain"}, {0}};
static const struct command_param p_header[] = {
	{"blockhash", ARG_HASH, false, "hash of the block"},
	{"verbose", ARG_FLAG, true, "false: the header in hex"},
	{0}};
static const struct command_param p_block[] = {
	{"blockhash", ARG_HASH, false, "hash of the block"},
	{"verbosity", ARG_NUMBER, true, "0 hex, 1 txids, 2 transactions"},
	{0}};
static const struct command_param p_page[] = {
	{"from_height", ARG_NUMBER, true, "begin here; default the tip"},
	{"count", ARG_NUMBER, true, "how many, at most 1000; fewer where they are large"},
	{0}};
static const struct command_param p_hex[] = {
	{"hexdata", ARG_HEX, false, "the block in hex"}, {"dummy", ARG_TEXT, true, "ignored"}, {0}};

const struct command commands_chain[] = {
	{"getbestblockhash", "blockchain", "hash of the tip", NULL,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_getbestblockhash, NULL},
	{"getblock", "blockchain", "a block", p_block,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_getblock, NULL},
	{"getblockchaininfo", "blockchain", "state of the chain", NULL,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_getblockchaininfo, NULL},
	{"getblockcount", "blockchain", "height of the tip", NULL,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_getblockcount, NULL},
	{"getblockhash", "blockchain", "hash of the block at a height", p_height,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_getblockhash, NULL},
	{"getblockheader", "blockchain", "header of a block", p_header,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_getblockheader, NULL},
	{"getchaintips", "blockchain", "ends of the branches known, the first 1,000", NULL,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_getchaintips, NULL},
	{"printchain", "blockchain", "blocks from the tip down", p_page,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_printchain, NULL},
	{"submitblock", "mining", "give the node a block", p_hex,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_submitblock, NULL},
	{0},
};
