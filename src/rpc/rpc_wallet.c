/* Commands about the wallet. Source of names and fields: Bitcoin Core, wallet/rpc. */
#include "rpc/coin_scan_priv.h"
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define LIST_MAX 1000 /* payments, in one answer of listtransactions */

/* --- balances -------------------------------------------------------------------------- */

/* Confirmations of a coin; 0: unconfirmed. */
static int64_t coin_depth(uint32_t tip, const struct wallet_coin *w)
{
	return w->coin.height == MEMPOOL_HEIGHT ? 0 : (int64_t)tip - w->coin.height + 1;
}

/* All unspent coins of the wallet; mem_alloc'ed. */
static struct wallet_coin *all_coins(const struct wallet *w, size_t *count)
{
	struct wallet_coin *all;

	*count = wallet_coins(w, NULL, 0, 0);
	all = mem_array(*count + 1, sizeof(*all));
	wallet_coins(w, all, 0, *count);
	return all;
}

/* The sum of spendable coins that have at least `least` confirmations. */
static int64_t deep_balance(const struct node *n, int64_t least)
{
	size_t count;
	struct wallet_coin *all = all_coins(node_wallet(n), &count);
	const uint32_t tip = chain_height(node_chain(n));
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		if (all[i].spendable && coin_depth(tip, &all[i]) >= least)
			sum += all[i].coin.value;
	free(all);
	return sum;
}

/* Source: Bitcoin Core, getbalance. Its first argument remains from the accounts that it once had.
 * Tally has no watch-only addresses. */
static void run_getbalance(struct node *n, struct call *c)
{
	const char *dummy;
	int64_t minconf;
	bool watched;

	if (!call_text(c, "dummy", "*", &dummy) ||
	    !call_number(c, "minconf", 0, UINT32_MAX, 0, &minconf) ||
	    !call_flag(c, "include_watchonly", false, &watched))
		return;
	if (*dummy && strcmp(dummy, "*") != 0)
		call_error(c, RPC_METHOD_DEPRECATED, ERR_USAGE, "bad-dummy",
			   "getbalance takes no address or label: call tally_balance %.100s",
			   dummy);
	else
		call_done(c, json_amount(minconf ? deep_balance(n, minconf)
						 : wallet_balance(node_wallet(n), NULL).spendable));
}

static json_t *json_balance(const struct key_hash *of, int64_t units)
{
	return json_pack("{s:o,s:o}", "address", of ? json_address(of) : json_null(), "balance",
			 json_amount(units));
}

/* The balance of an address counts confirmed coins only, so that every node reports the same. That
 * of the whole wallet counts unconfirmed and immature coins, too. The parts follow, since
 * getbalance and the console's header show only what can be spent. */
static json_t *json_own_balance(const struct wallet *w, const struct key_hash *of)
{
	const struct wallet_balance b = wallet_balance(w, of);
	json_t *o = json_balance(of, of ? wallet_confirmed_balance(w, of)
					: b.spendable + b.immature + b.pending);

	json_object_set_new(o, "spendable", json_amount(b.spendable));
	json_object_set_new(o, "immature", json_amount(b.immature));
	json_object_set_new(o, "unconfirmed", json_amount(b.pending));
	return o;
}

/* Source: Bitcoin Core, getbalances. */
static void run_getbalances(struct node *n, struct call *c)
{
	const struct wallet_balance b = wallet_balance(node_wallet(n), NULL);
	const struct chain_entry tip = chain_tip(node_chain(n));

	call_done(c,
		  json_pack("{s:{s:o,s:o,s:o},s:{s:o,s:I}}", "mine", "trusted",
			    json_amount(b.spendable), "untrusted_pending", json_amount(b.pending),
			    "immature", json_amount(b.immature), "lastprocessedblock", "hash",
			    json_hash(&tip.hash.h), "height", (json_int_t)tip.height));
}

/* Source: Bitcoin Core, getwalletinfo. */
static void run_getwalletinfo(struct node *n, struct call *c)
{
	const struct wallet_balance b = wallet_balance(node_wallet(n), NULL);

	call_done(c,
		  json_pack("{s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:b}", "walletname", "wallet", "format",
			    "bdb", "balance", json_amount(b.spendable), "unconfirmed_balance",
			    json_amount(b.pending), "immature_balance", json_amount(b.immature),
			    "txcount", (json_int_t)wallet_history(node_wallet(n), NULL, 0, 0),
			    "addresses", (json_int_t)wallet_addresses(node_wallet(n), NULL, 0, 0),
			    "private_keys_enabled", true));
}

/* The balance of an address that is not the wallet's: a scan of all coins. */
struct foreign {
	struct key_hash of;
	int64_t sum;
};

static void foreign_begin(void *arg, const struct chain_entry *tip)
{
	struct foreign *f = arg;

	(void)tip;
	f->sum = 0;
}

static void foreign_coin(void *arg, const struct store_coin *c)
{
	struct foreign *f = arg;

	if (memcmp(c->coin.owner.b, f->of.b, KEY_HASH_BYTES) == 0)
		f->sum += c->coin.value;
}

static json_t *foreign_result(void *arg)
{
	const struct foreign *f = arg;

	return json_balance(&f->of, f->sum);
}

static const struct coin_scan foreign_scan = {
	.begin = foreign_begin,
	.coin = foreign_coin,
	.result = foreign_result,
};

static void run_balance(struct node *n, struct call *c)
{
	struct key_hash of;
	const bool named = call_arg(c, "address") != NULL;
	json_t *o;

	if (named && !call_address(c, "address", false, &of))
		return;
	if (named && !wallet_is_mine(node_wallet(n), &of)) {
		struct foreign *f = NEW(struct foreign);

		f->of = of;
		coin_scan_begin(c, &foreign_scan, f);
	} else {
		o = json_own_balance(node_wallet(n), named ? &of : NULL);
		if (named)
			json_object_set(o, "name", call_arg(c, "address"));
		call_done(c, o);
	}
}

/* Appends one part of a balance, unless it is 0. */
static void append_part(char *text, size_t size, const json_t *result, const char *name,
			const char *label)
{
	char amount[AMOUNT_CHARS + 1];

	if (json_amount_text(json_object_get(result, name), amount) && strcmp(amount, "0") != 0)
		text_append(text, size, "%s%s %s", *text ? ", " : "", amount, label);
}

static char *text_balance(const json_t *result)
{
	const char *address = json_string_value(json_object_get(result, "address"));
	const char *name = json_string_value(json_object_get(result, "name")); /* the argument */
	char amount[AMOUNT_CHARS + 1] = "?", spend[AMOUNT_CHARS + 1] = "0", parts[256] = "";

	json_amount_text(json_object_get(result, "balance"), amount);
	if (address)
		return mem_printf("Balance of '%s': %s", name ? name : address, amount);
	json_amount_text(json_object_get(result, "spendable"), spend);
	if (strcmp(spend, amount) == 0)
		return mem_printf("Balance: %s", amount);
	append_part(parts, sizeof(parts), result, "immature", "mined but immature");
	append_part(parts, sizeof(parts), result, "unconfirmed", "unconfirmed");
	return mem_printf("Balance: %s (%s spendable%s%s)", amount, spend, *parts ? ", " : "",
			  parts);
}

/* --- addresses ------------------------------------------------------------------------- */

static void run_getnewaddress(struct node *n, struct call *c)
{
	struct err err = {0};
	struct key_hash kh;
	const char *label;

	if (!call_text(c, "label", "", &label))
		return;
	if ((*label && !label_check(label, &err)) ||
	    !wallet_new_address(node_wallet(n), label, &kh, &err)) {
		call_fail(c, RPC_WALLET_ERROR, &err);
		return;
	}
	node_mark(n, NODE_EV_WALLET);
	call_done(c, json_address(&kh));
}

static void run_listaddresses(struct node *n, struct call *c)
{
	const size_t total = wallet_addresses(node_wallet(n), NULL, 0, 0);
	struct wallet_address *all = mem_array(total + 1, sizeof(*all));
	json_t *out = json_array();

	wallet_addresses(node_wallet(n), all, 0, total);
	for (size_t i = 0; i < total; i++)
		json_array_append_new(out,
				      json_pack("{s:o,s:s,s:o}", "address",
						json_address(&all[i].owner), "label", all[i].label,
						"amount", json_amount(all[i].spendable)));
	free(all);
	call_done(c, out);
}

/* The coins that the wallet had when the call began. */
struct coins_text {
	struct writer out; /* first member: see json_stream_clear */
	struct wallet_coin *coins;
	size_t n, next;
	uint32_t tip; /* height of the tip then */
};

static json_t *json_coin(const struct wallet_coin *w, uint32_t tip)
{
	const bool unconfirmed = w->coin.height == MEMPOOL_HEIGHT;
	json_t *o = json_object();

	json_object_set_new(o, "txid", json_hash(&w->outpoint.txid.h));
	json_object_set_new(o, "vout", json_integer(w->outpoint.index));
	json_object_set_new(o, "address", json_address(&w->coin.owner));
	json_object_set_new(o, "amount", json_amount(w->coin.value));
	json_object_set_new(o, "confirmations", json_integer(coin_depth(tip, w)));
	json_object_set_new(o, "spendable", json_boolean(w->spendable));
	json_object_set_new(o, "solvable", json_true());
	json_object_set_new(o, "safe", json_boolean(!unconfirmed || w->own_change));
	return o;
}

static enum step_result coins_step(struct node *n, void *arg, int *code, struct err *e)
{
	struct coins_text *t = arg;

	(void)n, (void)code, (void)e;
	if (t->next == t->n)
		return STEP_DONE;
	json_stream_json(&t->out, json_coin(&t->coins[t->next++], t->tip));
	return STEP_MORE;
}

static json_t *coins_result(void *arg)
{
	struct coins_text *t = arg;

	json_stream_raw(&t->out, "]");
	return json_stream_result(&t->out);
}

static void coins_clear(void *arg)
{
	struct coins_text *t = arg;

	free(t->coins);
	json_stream_clear(t);
}

static const struct async_call coins_call = {
	.step = coins_step,
	.result = coins_result,
	.clear = coins_clear,
};

static void run_listunspent(struct node *n, struct call *c)
{
	struct coins_text *t = NEW(struct coins_text);

	t->coins = all_coins(node_wallet(n), &t->n);
	t->tip = chain_height(node_chain(n));
	json_stream_begin(&t->out, "[");
	async_call_begin(c, &coins_call, t);
}

/* --- history --------------------------------------------------------------------------- */

static json_t *json_wallet_tx(const struct node *n, const struct wallet_tx *t)
{
	const bool unconfirmed = t->height == MEMPOOL_HEIGHT, out = t->sent > 0;
	const int64_t fee = MAX(t->fee, 0);
	json_t *o = json_object();

	json_object_set_new(o, "txid", json_hash(&t->id.h));
	json_object_set_new(o, "category",
			    json_string(t->coinbase ? "generate"
					: out       ? "send"
						    : "receive"));
	json_object_set_new(o, "address", json_address(&t->to));
	json_object_set_new(o, "amount",
			    json_amount(out ? t->received - t->sent + fee : t->received));
	if (out && t->fee >= 0)
		json_object_set_new(o, "fee", json_amount(-t->fee));
	json_object_set_new(o, "confirmations",
			    json_integer(t->abandoned  ? -1
					 : unconfirmed ? 0
						       : (json_int_t)chain_height(node_chain(n)) -
								 t->height + 1));
	if (!unconfirmed)
		json_object_set_new(o, "blockhash", json_hash(&t->block.h));
	if (!unconfirmed)
		json_object_set_new(o, "blockheight", json_integer(t->height));
	json_object_set_new(o, "time", json_integer(t->time));
	json_object_set_new(o, "abandoned", json_boolean(t->abandoned));
	if (t->memo[0])
		json_object_set_new(o, "memo", json_string(t->memo));
	return o;
}

static void run_listtransactions(struct node *n, struct call *c)
{
	struct wallet_tx *page;
	int64_t count, skip;
	size_t total;
	json_t *out;

	if (!call_number(c, "count", 1, LIST_MAX, 10, &count) ||
	    !call_number(c, "skip", 0, UINT32_MAX, 0, &skip))
		return;
	page = mem_array((size_t)count, sizeof(*page));
	total = wallet_history(node_wallet(n), page, (size_t)skip, (size_t)count);
	out = json_array();
	/* The newest comes last, as in Bitcoin Core. */
	for (int64_t i = count - 1; i >= 0; i--)
		if (skip + i < (int64_t)total)
			json_array_append_new(out, json_wallet_tx(n, &page[i]));
	free(page);
	call_done(c, out);
}

static const struct command_param balance_params[] = {
	{.name = "address",
	 .type = ARG_ADDRESS,
	 .optional = true,
	 .help = "an address or label; default: the whole wallet"},
	{0},
};
static const struct command_param getbalance_params[] = {
	{.name = "dummy", .type = ARG_TEXT, .optional = true, .help = "ignored; \"*\" or left out"},
	{.name = "minconf",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "only coins with at least that many confirmations; default 0"},
	{.name = "include_watchonly",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "ignored: there are no watch-only addresses"},
	{0},
};
static const struct command_param label_params[] = {
	{.name = "label", .type = ARG_TEXT, .optional = true, .help = "a label for it"},
	{0},
};
static const struct command_param list_params[] = {
	{.name = "label", .type = ARG_TEXT, .optional = true, .help = "ignored"},
	{.name = "count",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "number of payments, at most 1000; default 10"},
	{.name = "skip",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "number of the newest payments to leave out; default 0"},
	{0},
};

const struct command commands_wallet[] = {
	{
		.name = "getbalance",
		.category = "wallet",
		.summary = "show what the wallet can spend now",
		.params = getbalance_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_getbalance,
	},
	{
		.name = "getbalances",
		.category = "wallet",
		.summary = "show spendable, unconfirmed and immature coins",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_getbalances,
	},
	{
		.name = "getnewaddress",
		.category = "wallet",
		.summary = "make a new address",
		.params = label_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_PROMPT,
		.run = run_getnewaddress,
		.text = json_result_string,
	},
	{
		.name = "getwalletinfo",
		.category = "wallet",
		.summary = "show the state of the wallet",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_getwalletinfo,
	},
	{
		.name = "listaddresses",
		.category = "wallet",
		.summary = "list the addresses of the wallet",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL,
		.run = run_listaddresses,
	},
	{
		.name = "listtransactions",
		.category = "wallet",
		.summary = "list payments, the newest last",
		.params = list_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_listtransactions,
	},
	{
		.name = "listunspent",
		.category = "wallet",
		.summary = "list unspent coins",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_listunspent,
	},
	{
		.name = "tally_balance",
		.category = "wallet",
		.summary = "show the balance of the wallet, or of any address",
		.params = balance_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_balance,
		.text = text_balance,
	},
	{
		.name = "balance",
		.category = "wallet",
		.summary = "show the balance of the wallet, or of any address",
		.params = balance_params,
		.flags = COMMAND_PROMPT | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_balance,
		.text = text_balance,
	},
	{0},
};
