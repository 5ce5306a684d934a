/* Commands about blocks. Source of names, arguments and fields: Bitcoin Core,
 * rpc/blockchain.cpp. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define PAGE_BLOCKS 50
#define PAGE_BYTES  16000000 /* of blocks: a page ends when it has that many */

#define HEIGHT_DIGITS 10 /* a number with fewer digits is a height, else the start of a hash */
#define PREFIX_MIN    6  /* fewest hex digits of a hash that may name a block */
#define SIBLINGS_MAX  16 /* blocks that are looked at for each height */

static void run_getblockhash(struct node *n, struct call *c)
{
	struct chain_entry en;
	int64_t height;

	if (!call_number(c, "height", 0, UINT32_MAX, 0, &height))
		return;
	if (!chain_at_height(node_chain(n), (uint32_t)height, &en))
		call_error(c, RPC_INVALID_PARAMETER, ERR_NOTFOUND, "no-such-height",
			   "Block height out of range: the tip is at height %u",
			   chain_height(node_chain(n)));
	else
		call_done(c, json_hash(&en.hash.h));
}

/* True if text is the hash as the console abbreviates it ("00d11c..21"), or its first digits. */
static bool hash_matches(const struct block_hash *hash, const char *text)
{
	char hex[HASH_HEX_CHARS + 1], brief[HASH_SHORT_CHARS + 1];
	const size_t n = strlen(text);

	hash256_hex(hex, &hash->h);
	hash256_short(brief, &hash->h);
	return strcmp(brief, text) == 0 || (n >= PREFIX_MIN && strncmp(hex, text, n) == 0);
}

/* How many blocks match an abbreviated hash; the search stops at 2. *en: the last one found. */
static unsigned find_named(const struct node *n, const char *text, struct chain_entry *en)
{
	chain_index at[SIBLINGS_MAX];
	struct chain_entry one;
	unsigned found = 0;

	for (int64_t h = chain_best_header(node_chain(n)).height; h >= 0 && found < 2; h--) {
		const size_t all =
			chain_all_at_height(node_chain(n), (uint32_t)h, at, ARRAY_LEN(at));

		for (size_t i = 0; i < MIN(all, ARRAY_LEN(at)); i++)
			if (chain_entry_at(node_chain(n), at[i], &one) &&
			    hash_matches(&one.hash, text)) {
				*en = one;
				found++;
			}
	}
	return found;
}

/* The argument "blockhash": a hash, a height, the first digits of a hash, or its short form on
 * screens and in the log. False: the call was answered with an error. */
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
	if (whole && chain_find(node_chain(n), &hash, en))
		return true;
	number = strlen(text) < HEIGHT_DIGITS && parse_u64(text, 0, UINT32_MAX, &height);
	if (number && chain_at_height(node_chain(n), (uint32_t)height, en))
		return true;
	if (!number && (strlen(text) < PREFIX_MIN || strlen(text) > HASH_HEX_CHARS ||
			text[strspn(text, "0123456789abcdef.")]))
		return call_hash(c, "blockhash", &hash.h); /* answers with an error */
	found = whole ? 0 : find_named(n, text, en);
	if (found == 1)
		return true;
	if (found > 1)
		call_error(c, RPC_INVALID_ADDRESS_OR_KEY, ERR_NOTFOUND, "ambiguous",
			   "more than one block hash begins with '%.70s': give more digits", text);
	else
		call_error(
			c, RPC_INVALID_ADDRESS_OR_KEY, ERR_NOTFOUND, "no-such-block",
			"Block not found: '%.70s' is neither a height of the best chain nor the hash of a known block",
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
	if (!chain_read_header(node_chain(n), en.index, &h, &err))
		call_fail(c, RPC_MISC_ERROR, &err);
	else
		call_done(c, verbose ? json_header(node_chain(n), &en, &h) : hex_of_header(&h));
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
	if (!chain_read_block(node_chain(n), en.index, &b, &err)) {
		call_fail(c, RPC_MISC_ERROR, &err);
	} else if (verbosity > 0) {
		json_block_begin(c, &en, b, verbosity > 1);
	} else {
		call_done(c, hex_of_block(b));
		block_unref(b);
	}
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
		json_real(difficulty_of_bits(en->bits, chain_params(node_chain(n))->pow_limit)));
	json_object_set_new(o, "nTx", json_integer(b->n_tx));
	json_object_set_new(o, "size", json_integer((json_int_t)b->raw.len));
	json_object_set_new(o, "tx", txs);
	return o;
}

/* The answer to printchain: a block and its ancestors. It stays on one branch even if the best
 * chain changes meanwhile. */
struct page {
	struct writer out; /* first member: see json_stream_clear */
	chain_index at;    /* the next block */
	int64_t height;    /* of the next block; -1: the genesis block was the last */
	int64_t left;      /* how many more are wanted */
	size_t bytes;      /* of the blocks so far */
};

/* Writes one block. If it can't be read, the page ends above it; a page that begins with it
 * fails. */
static enum step_result page_step(struct node *n, void *arg, int *code, struct err *e)
{
	struct page *p = arg;
	struct chain_entry en;
	struct block *b;

	(void)code;
	if (p->left == 0 || p->bytes >= PAGE_BYTES || !chain_entry_at(node_chain(n), p->at, &en))
		return STEP_DONE;
	if (!chain_read_block(node_chain(n), p->at, &b, e))
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

static const struct async_call page_call = {
	.step = page_step,
	.result = page_result,
	.clear = json_stream_clear,
};

static void run_printchain(struct node *n, struct call *c)
{
	const uint32_t tip = chain_height(node_chain(n));
	struct chain_entry en;
	struct page *p;
	int64_t from, count;

	if (!call_number(c, "from_height", 0, UINT32_MAX, tip, &from) ||
	    !call_number(c, "count", 1, 1000, PAGE_BLOCKS, &count))
		return;
	chain_at_height(node_chain(n), (uint32_t)MIN(from, (int64_t)tip), &en);
	p = NEW(struct page);
	p->at = en.index;
	p->height = en.height;
	p->left = count;
	json_stream_begin(&p->out, "{\"blocks\":[");
	async_call_begin(c, &page_call, p);
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
			   "Block decode failed: give the serialised block in hex");
		return;
	}
	if (!block_decode_take(&b, bytes, len, &err)) {
		call_fail(c, RPC_DESERIALIZATION_ERROR, &err);
		return;
	}
	ok = node_submit_block(n, b, &err);
	block_unref(b);
	/* The result is null if the block was accepted, else the reason. Source: BIP 22. */
	if (ok)
		call_done(c, json_null());
	else
		call_done(c, json_string(err.cls == ERR_KNOWN    ? "duplicate"
					 : err.cls == ERR_ORPHAN ? "inconclusive-not-best-prevblk"
								 : err.token));
}

static const struct command_param block_params[] = {
	{.name = "blockhash", .type = ARG_HASH, .help = "hash of the block, or its height"},
	{.name = "verbosity",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "0: hex; 1: with txids (default); 2: with transactions"},
	{0},
};
static const struct command_param height_params[] = {
	{.name = "height", .type = ARG_NUMBER, .help = "height on the best chain"},
	{0},
};
static const struct command_param header_params[] = {
	{.name = "blockhash", .type = ARG_HASH, .help = "hash of the block, or its height"},
	{.name = "verbose",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "false: in hex; default true"},
	{0},
};
static const struct command_param page_params[] = {
	{.name = "from_height",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "height of the first block; default: the tip"},
	{.name = "count",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "number of blocks, 1 to 1000, at most 16 MB; default 50"},
	{0},
};
static const struct command_param hex_params[] = {
	{.name = "hexdata", .type = ARG_HEX, .help = "the serialised block in hex"},
	{.name = "dummy", .type = ARG_TEXT, .optional = true, .help = "ignored"},
	{0},
};

const struct command commands_block[] = {
	{
		.name = "getblock",
		.category = "blockchain",
		.summary = "show a block",
		.params = block_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_getblock,
	},
	{
		.name = "getblockhash",
		.category = "blockchain",
		.summary = "show the hash of the block at a height",
		.params = height_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_getblockhash,
	},
	{
		.name = "getblockheader",
		.category = "blockchain",
		.summary = "show the header of a block",
		.params = header_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_getblockheader,
	},
	{
		.name = "printchain",
		.category = "blockchain",
		.summary = "list blocks from the tip down",
		.params = page_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_printchain,
	},
	{
		.name = "submitblock",
		.category = "mining",
		.summary = "submit a block",
		.params = hex_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_submitblock,
	},
	{0},
};
