/* The commands. Results go to standard output, nothing else does. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/consensus/params.h>
#include <tally/crypto/address.h>
#include <tally/crypto/label.h>
#include <tally/net/invite.h>
#include <tally/primitives/amount.h>
#include <tally/node/reindex.h>
#include <tally/store/lock.h>
#include <tally/store/env_replace.h>

#include <tally/wallet/receiver.h>

#include "cli/cli_priv.h"

#define PAGE "200"

/* A word to the person at the terminal, beside the result; a script doesn't hear it. */
static void __attribute__((format(printf, 1, 2))) note(const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	if (!isatty(STDERR_FILENO))
		return;
	va_start(ap, fmt);
	fputs("tally: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
}

/* --- createblockchain ---------------------------------------------------------------- */

static bool read_number(const struct invocation *in, const char *name, uint64_t lo, uint64_t hi,
			uint64_t *out, struct err *e)
{
	const char *text = option_value(in, name);
	uint64_t any;

	if (!text || parse_u64_any(text, lo, hi, out))
		return true;
	if (!parse_u64_any(text, 0, UINT64_MAX, &any))
		return err_set(e, ERR_USAGE, "bad-option",
			       "-%s '%s' is no whole number: give one from %" PRIu64 " to %" PRIu64,
			       name, text, lo, hi);
	return err_set(e, ERR_USAGE, "bad-option",
		       "-%s '%s' is out of range: give a whole number from %" PRIu64 " to %" PRIu64,
		       name, text, lo, hi);
}

static bool read_params(const struct invocation *in, struct chain_params *p, struct err *e)
{
	const char *name = option_value(in, "name"), *reward = option_value(in, "reward");
	uint64_t spacing = SPACING_DEFAULT, limit, halving, maturity, bytes;

	if (!read_number(in, "spacing", 0, SPACING_MAX, &spacing, e))
		return false;
	params_default(p, (uint32_t)spacing);
	limit = p->pow_limit;
	halving = p->halving;
	maturity = p->maturity;
	bytes = p->max_block_bytes;
	if (!read_number(in, "pow-limit", 1, UINT32_MAX, &limit, e) ||
	    !read_number(in, "halving", 0, UINT32_MAX, &halving, e) ||
	    !read_number(in, "maturity", 1, MATURITY_MAX, &maturity, e) ||
	    !read_number(in, "max-block-bytes", MAX_BLOCK_BYTES_MIN, BLOCK_MAX_BYTES, &bytes, e))
		return false;
	p->pow_limit = (uint32_t)limit;
	p->halving = (uint32_t)halving;
	p->maturity = (uint16_t)maturity;
	p->max_block_bytes = (uint32_t)bytes;
	p->genesis_bits = 0; /* measured */
	if (halving == 0)
		p->reward = REWARD_DEFAULT_UNHALVED;
	if (reward && !amount_parse(&p->reward, reward, true, e))
		return err_prefix(e, "-reward");
	if (name &&
	    (strlen(name) > CHAIN_NAME_MAX || !*name || !utf8_printable(name, strlen(name))))
		return err_set(e, ERR_USAGE, "bad-name",
			       "-name must be 1 to %d bytes of text: '%.60s' is not",
			       CHAIN_NAME_MAX, name);
	snprintf(p->name, sizeof(p->name), "%s", name ? name : "tally");
	return params_check(p, e);
}

static bool run_create(struct invocation *in, struct err *e)
{
	struct chain_params p;
	struct node *n;
	char hash[HASH_HEX_CHARS + 1];
	const char *to = option_value(in, "address");
	bool ok;

	/* Everything that can be wrong is found before a directory is made. */
	if (!read_params(in, &p, e) || !label_check_receiver(to, e)) {
		e->cls = ERR_USAGE;
		return false;
	}
	if (!node_open(&n, &in->config, NODE_OFFLINE, e))
		return false;
	ok = !node_has_chain(n) && receiver_resolve(node_wallet(n), to, true, &p.creator, e);
	if (ok || node_has_chain(n))
		ok = node_create_chain(n, &p, e);
	if (!node_close(n, ok ? e : NULL) || !ok)
		return false;
	hash256_hex(hash, &p.genesis_hash.h);
	printf("%s\n", hash);
	note("that is the chain's first block, in %s; tally startnode runs the node",
	     in->config.dir);
	return true;
}

/* --- wallet ------------------------------------------------------------------------------ */

/* A text from the command line may be any bytes. NULL: not UTF-8. */
static json_t *json_word(const char *name, const char *word, struct err *e)
{
	json_t *v = json_string(word);

	if (!v)
		err_set(e, ERR_USAGE, "bad-text", "%s is not UTF-8: give plain text", name);
	return v;
}

/* The one argument of a call, where it is given. */
static bool one_param(const struct invocation *in, const char *option, json_t **params,
		      struct err *e)
{
	const char *text = option_value(in, option);
	json_t *value = text ? json_word(option, text, e) : NULL;

	*params = value ? json_pack("[o]", value) : NULL;
	return value || !text;
}

/* Calls, prints the result as the verb's text. */
/* Names and labels of others must not turn or break what is shown. */
static void print_plain(const char *s)
{
	char *plain = utf8_escape(s);

	printf("%s\n", plain);
	free(plain);
}

static bool call_and_print(struct invocation *in, const char *method, json_t *params, struct err *e)
{
	const struct command *v = command_find(method);
	json_t *result;
	char *text;

	if (!call_command(in, method, params, &result, NULL, e))
		return false;
	text = v->text ? v->text(result) : command_json(result, JSON_INDENT(2));
	print_plain(text);
	free(text);
	json_decref(result);
	return true;
}

static bool run_createwallet(struct invocation *in, struct err *e)
{
	json_t *params;

	return one_param(in, "label", &params, e) && call_and_print(in, "getnewaddress", params, e);
}

static bool run_listaddresses(struct invocation *in, struct err *e)
{
	json_t *result, *row;
	size_t i;

	if (!call_command(in, "listaddresses", NULL, &result, NULL, e))
		return false;
	json_array_foreach(result, i, row)
	{
		const char *label = json_string_value(json_object_get(row, "label"));

		printf("%s%s%s\n", json_string_value(json_object_get(row, "address")),
		       label && *label ? "  " : "", label ? label : "");
	}
	json_decref(result);
	return true;
}

static bool run_getbalance(struct invocation *in, struct err *e)
{
	const char *of = option_value(in, "address");
	char amount[AMOUNT_CHARS + 1] = "?", spend[AMOUNT_CHARS + 1];
	json_t *params, *result;

	if (!of)
		return call_and_print(in, "tally_balance", NULL, e);
	if (!one_param(in, "address", &params, e) ||
	    !call_command(in, "tally_balance", params, &result, NULL, e))
		return false;
	/* By the name it was asked for, be it a label. */
	json_amount_text(json_object_get(result, "balance"), amount);
	printf("Balance of '%s': %s\n", of, amount);
	if (json_amount_text(json_object_get(result, "spendable"), spend) &&
	    strcmp(spend, amount) != 0)
		note("that is what blocks say; %s can be spent now", spend);
	json_decref(result);
	return true;
}

/* What is wrong with the payment is said instead of it. */
static bool note_mining(const struct invocation *in, json_t *params, struct err *e)
{
	json_t *preview, *result;

	if (!isatty(STDERR_FILENO))
		return true;
	preview = json_copy(params);
	json_object_set_new(preview, "preview", json_true());
	if (!call_command(in, "send", preview, &result, NULL, e))
		return false;
	json_decref(result);
	note("mining a block with it: that may take a while");
	return true;
}

static bool run_send(struct invocation *in, struct err *e)
{
	static const char *const names[] = {"from", "to", "amount", "fee", "memo", "mine"};
	json_t *params = json_object(), *result;
	int64_t amount;
	char *told;

	if (!amount_parse(&amount, option_value(in, "amount"), false, e)) {
		json_decref(params);
		return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		const char *value = option_value(in, names[i]);
		json_t *text = value ? json_word(names[i], value, e) : NULL;

		if (value && !text) {
			json_decref(params);
			return false;
		}
		if (text)
			json_object_set_new(params, names[i], text);
	}
	if (option_value(in, "mine") && !note_mining(in, params, e)) {
		json_decref(params);
		return false;
	}
	if (!call_command(in, "send", params, &result, NULL, e))
		return false;
	printf("%s\n", json_string_value(json_object_get(result, "txid")));
	told = command_find("send")->text(result);
	note("%s", told);
	free(told);
	json_decref(result);
	if (dir_lock_holder(in->config.dir) != LOCK_NODE && !option_value(in, "mine"))
		note("no node runs here: the payment waits until startnode sends it to others");
	return true;
}

/* --- chain ----------------------------------------------------------------------------------- */

static void print_block(const json_t *b)
{
	const time_t t = (time_t)json_integer_value(json_object_get(b, "time"));
	json_t *tx;
	char when[40];
	struct tm tm;
	size_t i;

	gmtime_r(&t, &tm);
	strftime(when, sizeof(when), "%Y-%m-%d %H:%M:%S UTC", &tm);
	printf("block %" JSON_INTEGER_FORMAT "  %s\n",
	       json_integer_value(json_object_get(b, "height")),
	       json_string_value(json_object_get(b, "hash")));
	printf("  time        %s\n", when);
	printf("  difficulty  %.6g (bits %s)\n",
	       json_number_value(json_object_get(b, "difficulty")),
	       json_string_value(json_object_get(b, "bits")));
	json_array_foreach(json_object_get(b, "tx"), i, tx)
		printf("  %s%s\n", i == 0 ? "coinbase    " : "tx          ", json_string_value(tx));
}

static bool run_printchain(struct invocation *in, struct err *e)
{
	json_t *next = json_null(), *result, *b;
	size_t i;

	do {
		if (!call_command(in, "printchain", json_pack("[o,s]", next, PAGE), &result, NULL,
				  e))
			return false;
		json_array_foreach(json_object_get(result, "blocks"), i, b) print_block(b);
		next = json_object_get(result, "next");
		next = json_is_integer(next) ? json_incref(next) : json_null();
		json_decref(result);
	} while (json_is_integer(next));
	return true;
}

static bool run_invite(struct invocation *in, struct err *e)
{
	json_t *params, *result;
	struct invite to;
	const char *word;

	if (!one_param(in, "address", &params, e) ||
	    !call_command(in, "invite", params, &result, NULL, e))
		return false;
	word = json_string_value(result);
	printf("%s\n", word);
	if (invite_decode(&to, word, NULL) && net_addr_scope(&to.addr) == NET_LOOPBACK)
		note("it leads to 127.0.0.1, this machine alone: -address HOST names another");
	json_decref(result);
	return true;
}

static bool run_reindexutxo(struct invocation *in, struct err *e)
{
	json_t *result;

	if (!call_command(in, "reindexutxo", NULL, &result, NULL, e))
		return false;
	printf("%" JSON_INTEGER_FORMAT " unspent outputs\n",
	       json_integer_value(json_object_get(result, "outputs")));
	json_decref(result);
	return true;
}

static bool run_reindex(struct invocation *in, struct err *e)
{
	char hash[HASH_HEX_CHARS + 1];
	struct reindex_report r;

	if (!data_dir_there(&in->config, e) || !node_reindex(&in->config, &r, e))
		return false;
	if (r.empty) {
		hash256_hex(hash, &r.chain.genesis.h);
		printf("the first block can't be read: empty now, startnode joins chain %s again\n",
		       hash);
	} else {
		hash256_hex(hash, &r.tip.h);
		printf("rebuilt from %u blocks: height %u, tip %s\n", r.chain.blocks, r.height,
		       hash);
	}
	if (r.chain.missing > 0)
		printf("%u blocks can't be read, the lowest at height %u: peers will be asked for them\n",
		       r.chain.missing, r.chain.first_missing);
	if (r.kept)
		printf("what was there is kept in %s/" ENV_REPLACE_DAMAGED "\n", in->config.dir);
	return true;
}

/* --- rpc ---------------------------------------------------------------------------------------- */

/* What is text in the method's own table stays as it was typed, so that a label may be "5" and a
 * hash all digits. */
static bool stays_text(const struct command_param *p, const char *word)
{
	switch (p->type) {
	case ARG_TEXT:
	case ARG_ADDRESS:
	case ARG_HASH:
	case ARG_HEX:
	case ARG_HOSTPORT:
	case ARG_COMMAND:
		return *word != '"' && strcmp(word, "null") != 0;
	case ARG_AMOUNT:
	case ARG_NUMBER:
	case ARG_FLAG:
	case ARG_PEER:
	case ARG_JSON:
		break;
	}
	return false;
}

static json_t *rpc_params(const struct invocation *in, struct err *e)
{
	const struct command *v = command_find(in->words[0]);
	const struct command_param *p = v ? v->params : NULL;
	json_t *params = json_array();

	for (size_t i = 1; i < in->n_words; i++) {
		const bool text = p && p->name && stays_text(p, in->words[i]);
		json_t *value = text ? NULL : json_loads(in->words[i], JSON_DECODE_ANY, NULL);

		if (!value && !(value = json_word("an argument", in->words[i], e))) {
			json_decref(params);
			return NULL;
		}
		json_array_append_new(params, value);
		p += p && p->name;
	}
	return params;
}

/* As the method does it; where there is no node yet, it is read all the same. */
static bool print_methods(const struct invocation *in, struct err *e)
{
	char *text = command_help(in->n_words > 1 ? in->words[1] : NULL, e);

	if (text)
		printf("%s\n", text);
	free(text);
	return text != NULL;
}

/* The node's "see help METHOD" is for its prompt. */
static bool refused(struct err *e)
{
	static const char help[] = ": see help ";
	const char *at = strstr(e->detail, help);
	char *text;

	if (!at || strchr(at + sizeof(help) - 1, ' '))
		return false;
	text = mem_printf("%.*s: see tally rpc help %s", (int)(at - e->detail), e->detail,
			  at + sizeof(help) - 1);
	snprintf(e->detail, sizeof(e->detail), "%s", text);
	free(text);
	return false;
}

static bool run_rpc(struct invocation *in, struct err *e)
{
	json_t *params, *result;
	char *raw = NULL, *plain, *lines;

	if (in->n_words == 0)
		return err_set(e, ERR_USAGE, "missing-method",
			       "rpc needs a method: tally rpc help lists them");
	if (strcmp(in->words[0], "help") == 0 && in->n_words <= 2 &&
	    !data_dir_there(&in->config, NULL))
		return print_methods(in, e);
	params = rpc_params(in, e);
	if (!params || !call_command(in, in->words[0], params, &result, &raw, e))
		return refused(e);
	if (json_is_string(result) && (!raw || strncmp(raw, "\"", 1) == 0)) {
		print_plain(json_string_value(result));
	} else if (raw) {
		plain = utf8_escape(raw);
		lines = json_on_lines(plain);
		puts(lines);
		free(lines);
		free(plain);
	}
	free(raw);
	json_decref(result);
	return true;
}

/* --- the table -------------------------------------------------------------------------------------- */

static const struct option_row create_options[] = {
	{"address", "ADDR", true,
	 "who gets the first coins: an address, or a label (made on first use)"},
	{"name", "TEXT", false, "name of the chain, 1 to 40 bytes (default: tally)"},
	{"spacing", "SECONDS", false,
	 "time between blocks, 0 to 86400; 0: an instant chain (default: 10)"},
	{"pow-limit", "BITS", false, "easiest target, compact (default: 0x1f00ffff)"},
	{"reward", "COINS", false, "new coins a block (default: 50, without halving 10)"},
	{"halving", "BLOCKS", false,
	 "the reward halves every so many blocks; 0: never (default: 210000)"},
	{"maturity", "BLOCKS", false, "new coins wait for so many blocks, 1 to 1000 (default: 5)"},
	{"max-block-bytes", "BYTES", false, "10000 to 4000000 (default: 1000000)"},
	{0},
};
static const struct option_row wallet_options[] = {
	{"label", "TEXT", false, "a name for it, which can be used instead (default: none)"},
	{0},
};
static const struct option_row balance_options[] = {
	{"address", "ADDR", false,
	 "any address of the chain, or a label (default: the whole wallet)"},
	{0},
};
static const struct option_row send_options[] = {
	{"from", "ADDR", false, "only coins of this address (default: any of the wallet's)"},
	{"to", "ADDR", true, "address or label"},
	{"amount", "COINS", true, "how much, at most 8 decimals"},
	{"mine", NULL, false, "mine one block with it at once"},
	{"fee", "RATE", false, "units a byte (default: 1)"},
	{"memo", "TEXT", false, "at most 75 bytes, for all to read"},
	{0},
};

static const struct option_row invite_options[] = {
	{"address", "HOST", false,
	 "where others find this node, with a :PORT if need be (default: its address on the LAN)"},
	{0},
};

const struct command_row commands[] = {
	{"createblockchain", "makes a chain whose first coins go to an address", create_options,
	 false, true, NULL, run_create},
	{"startnode", "runs a node, with its console on a terminal", NULL, true, true, NULL,
	 run_startnode},
	{"createwallet", "makes a new address and prints it", wallet_options, false, true, NULL,
	 run_createwallet},
	{"listaddresses", "prints the wallet's addresses with their labels", NULL, false, false,
	 NULL, run_listaddresses},
	{"getbalance", "prints what an address, or the wallet, has", balance_options, false, false,
	 NULL, run_getbalance},
	{"send", "pays somebody and prints the transaction's id", send_options, false, false, NULL,
	 run_send},
	{"printchain", "prints every block from the tip down", NULL, false, false, NULL,
	 run_printchain},
	{"reindex",
	 "rebuilds a damaged chain database from the blocks in it; the wallet stays as it is", NULL,
	 false, false, NULL, run_reindex},
	{"reindexutxo", "rebuilds the table of coins from the blocks", NULL, false, false, NULL,
	 run_reindexutxo},
	{"invite", "prints one word with which others join this chain: startnode -join WORD",
	 invite_options, false, false, NULL, run_invite},
	{"rpc", "calls a method of the control port", NULL, false, false, "METHOD [ARG...]",
	 run_rpc},
	{0},
};
