/* Verbs about the wallet. Source of Bitcoin Core's: wallet/rpc. */
#include "verbs_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define LIST_MAX 1000
#define FEE_UNASKED \
	(COIN / 10) /* a fee up to this is nobody's mistake; source: Bitcoin Core, -maxtxfee */

/* --- balances ------------------------------------------------------------------ */

static void run_getbalance(struct node *n, struct call *c)
{
	call_done(c, json_amount(wallet_balance(n->wallet, NULL).spendable));
}

static json_t *json_balance(const struct key_hash *of, int64_t units)
{
	return json_pack("{s:o,s:o}", "address", of ? json_address(of) : json_null(), "balance",
			 json_amount(units));
}

/* Of an address what the chain says, as every node does; of the wallet what it has once all that waits is in a block.
 * Of the wallet's own the parts, too: getbalance and the console's header tell what can be spent. */
static json_t *json_own_balance(const struct wallet *w, const struct key_hash *of)
{
	const struct wallet_balance b = wallet_balance(w, of);
	json_t *o =
		json_balance(of, of ? wallet_holds(w, of) : b.spendable + b.immature + b.pending);

	json_object_set_new(o, "spendable", json_amount(b.spendable));
	json_object_set_new(o, "immature", json_amount(b.immature));
	json_object_set_new(o, "unconfirmed", json_amount(b.pending));
	return o;
}

/* Source: Bitcoin Core, getbalances. */
static void run_getbalances(struct node *n, struct call *c)
{
	const struct wallet_balance b = wallet_balance(n->wallet, NULL);
	const struct chain_entry tip = chain_tip(n->chain);

	call_done(c,
		  json_pack("{s:{s:o,s:o,s:o},s:{s:o,s:I}}", "mine", "trusted",
			    json_amount(b.spendable), "untrusted_pending", json_amount(b.pending),
			    "immature", json_amount(b.immature), "lastprocessedblock", "hash",
			    json_hash(&tip.hash.h), "height", (json_int_t)tip.height));
}

/* Source: Bitcoin Core, getwalletinfo. */
static void run_getwalletinfo(struct node *n, struct call *c)
{
	const struct wallet_balance b = wallet_balance(n->wallet, NULL);

	call_done(c,
		  json_pack("{s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:b}", "walletname", "wallet", "format",
			    "bdb", "balance", json_amount(b.spendable), "unconfirmed_balance",
			    json_amount(b.pending), "immature_balance", json_amount(b.immature),
			    "txcount", (json_int_t)wallet_history(n->wallet, NULL, 0, 0),
			    "addresses", (json_int_t)wallet_addresses(n->wallet, NULL, 0, 0),
			    "private_keys_enabled", true));
}

/* What an address that is not the wallet's holds. */
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

static const struct coin_count count_foreign = {
	.begin = foreign_begin, .coin = foreign_coin, .result = foreign_result};

static void run_balance(struct node *n, struct call *c)
{
	struct key_hash of;
	const bool named = call_arg(c, "address") != NULL;

	if (named && !call_address(c, "address", false, &of))
		return;
	if (named && !wallet_is_mine(n->wallet, &of)) {
		struct foreign *f = NEW(struct foreign);

		f->of = of;
		scan_begin(n, c, &count_foreign, f);
	} else {
		call_done(c, json_own_balance(n->wallet, named ? &of : NULL));
	}
}

/* One of the parts, where there is something in it. */
static void append_part(char *text, size_t size, const json_t *result, const char *name,
			const char *what)
{
	char amount[AMOUNT_CHARS + 1];

	if (json_amount_text(json_object_get(result, name), amount) && strcmp(amount, "0") != 0)
		text_append(text, size, "%s%s %s", *text ? ", " : "", amount, what);
}

static char *text_balance(const json_t *result)
{
	const char *address = json_string_value(json_object_get(result, "address"));
	char amount[AMOUNT_CHARS + 1] = "?", spend[AMOUNT_CHARS + 1] = "0", parts[256] = "";

	json_amount_text(json_object_get(result, "balance"), amount);
	if (address)
		return mem_printf("Balance of '%s': %s", address, amount);
	json_amount_text(json_object_get(result, "spendable"), spend);
	if (strcmp(spend, amount) == 0)
		return mem_printf("Balance: %s", amount);
	append_part(parts, sizeof(parts), result, "immature", "mined, to wait for");
	append_part(parts, sizeof(parts), result, "unconfirmed", "coming");
	return mem_printf("Balance: %s (%s to spend%s%s)", amount, spend, *parts ? ", " : "",
			  parts);
}

/* --- addresses -------------------------------------------------------------------- */

static void run_getnewaddress(struct node *n, struct call *c)
{
	struct err err = {0};
	struct key_hash kh;
	const char *label;

	if (!call_text(c, "label", "", &label))
		return;
	if ((*label && !wallet_check_label(label, &err)) ||
	    !wallet_new_address(n->wallet, label, &kh, &err)) {
		call_fail(c, RPC_WALLET_ERROR, &err);
		return;
	}
	node_mark(n, NODE_EV_WALLET);
	call_done(c, json_address(&kh));
}

static void run_listaddresses(struct node *n, struct call *c)
{
	const size_t total = wallet_addresses(n->wallet, NULL, 0, 0);
	struct wallet_address *all = mem_array(total + 1, sizeof(*all));
	json_t *out = json_array();

	wallet_addresses(n->wallet, all, 0, total);
	for (size_t i = 0; i < total; i++)
		json_array_append_new(out,
				      json_pack("{s:o,s:s,s:o}", "address",
						json_address(&all[i].owner), "label", all[i].label,
						"amount", json_amount(all[i].spendable)));
	free(all);
	call_done(c, out);
}

static void run_listunspent(struct node *n, struct call *c)
{
	const size_t total = wallet_coins(n->wallet, NULL, 0, 0);
	struct wallet_coin *all = mem_array(total + 1, sizeof(*all));
	const json_int_t tip = chain_height(n->chain);
	json_t *out = json_array();

	wallet_coins(n->wallet, all, 0, total);
	for (size_t i = 0; i < total; i++) {
		const bool waits = all[i].coin.height == MEMPOOL_HEIGHT;
		json_t *o = json_object();

		json_object_set_new(o, "txid", json_hash(&all[i].outpoint.txid.h));
		json_object_set_new(o, "vout", json_integer(all[i].outpoint.index));
		json_object_set_new(o, "address", json_address(&all[i].coin.owner));
		json_object_set_new(o, "amount", json_amount(all[i].coin.value));
		json_object_set_new(o, "confirmations",
				    json_integer(waits ? 0 : tip - all[i].coin.height + 1));
		json_object_set_new(o, "spendable", json_boolean(all[i].spendable));
		json_object_set_new(o, "solvable", json_true());
		json_object_set_new(o, "safe", json_boolean(!waits || all[i].own_change));
		json_array_append_new(out, o);
	}
	free(all);
	call_done(c, out);
}

/* --- history ----------------------------------------------------------------------- */

static json_t *json_wallet_tx(const struct node *n, const struct wallet_tx *t)
{
	const bool waits = t->height == MEMPOOL_HEIGHT, out = t->sent > 0;
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
	json_object_set_new(
		o, "confirmations",
		json_integer(t->abandoned ? -1
			     : waits      ? 0
					  : (json_int_t)chain_height(n->chain) - t->height + 1));
	if (!waits)
		json_object_set_new(o, "blockhash", json_hash(&t->block.h));
	if (!waits)
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
	total = wallet_history(n->wallet, page, (size_t)skip, (size_t)count);
	out = json_array();
	/* Bitcoin Core gives the newest last. */
	for (int64_t i = count - 1; i >= 0; i--)
		if (skip + i < (int64_t)total)
			json_array_append_new(out, json_wallet_tx(n, &page[i]));
	free(page);
	call_done(c, out);
}

static void run_abandontransaction(struct node *n, struct call *c)
{
	struct err err = {0};
	struct txid id;

	if (!call_hash(c, "txid", &id.h))
		return;
	if (!wallet_abandon(n->wallet, &id, &err)) {
		call_fail(c, RPC_INVALID_ADDRESS_OR_KEY, &err);
		return;
	}
	if (!wallet_commit(n->wallet, &err)) {
		node_fatal(n, &err);
		call_fail(c, RPC_WALLET_ERROR, &err);
		return;
	}
	node_mark(n, NODE_EV_WALLET);
	call_done(c, json_null());
}

/* --- payments ------------------------------------------------------------------------ */

static int pay_code(const struct err *e)
{
	return e->cls == ERR_FUNDS   ? RPC_WALLET_INSUFFICIENT_FUNDS
	       : e->cls == ERR_USAGE ? RPC_INVALID_PARAMETER
				     : RPC_WALLET_ERROR;
}

struct sending {
	struct call *call;
	json_t *result;
};

static void sent_and_mined(void *arg, const struct block_hash *hashes, size_t count,
			   const struct err *err)
{
	struct sending *s = arg;

	if (err) {
		call_fail(s->call, RPC_MISC_ERROR, err);
		json_decref(s->result);
	} else {
		json_object_set_new(s->result, "block",
				    count ? json_hash(&hashes[0].h) : json_null());
		call_done(s->call, s->result);
	}
	free(s);
}

/* -mine: one block with it, at once, paying whom this node mines for. */
static void send_mine(struct node *n, struct call *c, json_t *result)
{
	struct sending *s;
	struct mining_info m;
	struct err err = {0};

	node_mining_info(n, &m);
	if (!m.has_to && !wallet_label_address(n->wallet, MINER_LABEL, &m.to, &err)) {
		json_decref(result);
		call_fail(c, RPC_WALLET_ERROR, &err);
		return;
	}
	s = NEW(struct sending);
	s->call = c;
	s->result = result;
	node_generate(n, &m.to, 1, call_asker(c), sent_and_mined, s);
}

static bool read_payment(struct call *c, struct wallet_payment *p, struct key_hash *from)
{
	int64_t rate;

	*p = (struct wallet_payment){0};
	if (call_arg(c, "from")) {
		if (!call_address(c, "from", false, from))
			return false;
		p->from = from;
	}
	if (!call_address(c, "to", false, &p->to) || !call_amount(c, "amount", &p->amount) ||
	    !call_number(c, "fee", 1, WALLET_FEE_RATE_MAX, WALLET_FEE_RATE_DEFAULT, &rate) ||
	    !call_text(c, "memo", NULL, &p->memo))
		return false;
	p->fee_rate = rate;
	return true;
}

static bool make_payment(struct node *n, struct call *c, const struct wallet_payment *p,
			 struct tx **tx, int64_t *fee, int64_t *change)
{
	char text[AMOUNT_CHARS + 1];
	struct err err = {0};

	if (p->from && !wallet_is_mine(n->wallet, p->from)) {
		call_error(c, RPC_INVALID_ADDRESS_OR_KEY, ERR_USAGE, "not-mine",
			   "that address is not of this wallet: see listaddresses");
		return false;
	}
	if (!wallet_pay(n->wallet, p, tx, fee, change, &err)) {
		call_fail(c, pay_code(&err), &err);
		return false;
	}
	if (*fee <= FEE_UNASKED || *fee <= p->amount / 10)
		return true;
	tx_unref(*tx);
	amount_format(text, *fee);
	call_error(
		c, RPC_INVALID_PARAMETER, ERR_USAGE, "absurd-fee",
		"the fee would be %s, more than a tenth of what is paid: give a fee rate below %lld",
		text, (long long)p->fee_rate);
	return false;
}

static void run_send(struct node *n, struct call *c)
{
	struct wallet_payment p;
	struct key_hash from;
	struct err err = {0};
	int64_t fee, change;
	struct tx *tx;
	bool mine, preview;
	json_t *result;

	if (!call_flag(c, "mine", false, &mine) || !call_flag(c, "preview", false, &preview) ||
	    !read_payment(c, &p, &from) || !make_payment(n, c, &p, &tx, &fee, &change))
		return;
	if (!preview && !node_submit_tx(n, tx, &err)) {
		call_error(c, RPC_VERIFY_REJECTED, err.cls, err.token, "payment refused: %s: %s",
			   err.token, err.detail);
		tx_unref(tx);
		return;
	}
	result = json_pack("{s:o,s:o,s:o,s:o,s:o}", "txid", json_hash(&tx->id.h), "to",
			   json_address(&p.to), "amount", json_amount(p.amount), "fee",
			   json_amount(fee), "change", json_amount(change));
	json_object_set_new(result, "label", json_string(wallet_label_of(n->wallet, &p.to)));
	json_object_set_new(result, "own", json_boolean(wallet_is_mine(n->wallet, &p.to)));
	if (p.memo)
		json_object_set_new(result, "memo", json_string(p.memo));
	if (preview)
		json_object_set_new(result, "preview", json_true());
	tx_unref(tx);
	if (mine && !preview)
		send_mine(n, c, result);
	else
		call_done(c, result);
}

/* "bob, tly1..., an address of your own, memo 'lunch'" */
static void whom_and_why(const json_t *result, char *out, size_t size)
{
	const char *label = json_string_value(json_object_get(result, "label"));
	const char *memo = json_string_value(json_object_get(result, "memo"));

	text_append(out, size, "%s%s%s%s", label ? label : "", label && *label ? ", " : "",
		    json_string_value(json_object_get(result, "to")),
		    json_is_true(json_object_get(result, "own")) ? " (your own address)" : "");
	if (memo && *memo)
		text_append(out, size, ", memo '%s'", memo);
}

static char *text_send(const json_t *result)
{
	char amount[AMOUNT_CHARS + 1] = "?", fee[AMOUNT_CHARS + 1] = "?",
				   change[AMOUNT_CHARS + 1] = "?", whom[512] = "";

	json_amount_text(json_object_get(result, "amount"), amount);
	json_amount_text(json_object_get(result, "fee"), fee);
	json_amount_text(json_object_get(result, "change"), change);
	whom_and_why(result, whom, sizeof(whom));
	if (json_is_true(json_object_get(result, "preview")))
		return mem_printf("send %s to %s, fee %s, change %s?", amount, whom, fee, change);
	return mem_printf("sent %s to %s, fee %s%s: transaction %s", amount, whom, fee,
			  json_object_get(result, "block") ? ", in a block" : "",
			  json_string_value(json_object_get(result, "txid")));
}

static void run_sendtoaddress(struct node *n, struct call *c)
{
	struct wallet_payment p = {.fee_rate = WALLET_FEE_RATE_DEFAULT};
	struct err err = {0};
	int64_t fee, change;
	struct tx *tx;

	if (!call_address(c, "address", false, &p.to) || !call_amount(c, "amount", &p.amount) ||
	    !make_payment(n, c, &p, &tx, &fee, &change))
		return;
	if (node_submit_tx(n, tx, &err))
		call_done(c, json_hash(&tx->id.h));
	else
		call_fail(c, RPC_WALLET_ERROR, &err);
	tx_unref(tx);
}

static const struct verb_param p_balance[] = {
	{"address", ARG_ADDRESS, true, "default: the wallet's total"}, {0}};
static const struct verb_param p_getbalance[] = {
	{"dummy", ARG_TEXT, true, "ignored"}, {"minconf", ARG_NUMBER, true, "ignored"}, {0}};
static const struct verb_param p_label[] = {{"label", ARG_TEXT, true, "a name for it"}, {0}};
static const struct verb_param p_list[] = {
	{"label", ARG_TEXT, true, "ignored"},
	{"count", ARG_NUMBER, true, "how many, default 10"},
	{"skip", ARG_NUMBER, true, "how many of the newest to leave out"},
	{0}};
static const struct verb_param p_txid[] = {{"txid", ARG_HASH, false, "the transaction"}, {0}};
static const struct verb_param p_send[] = {
	{"to", ARG_ADDRESS, false, "address or label"},
	{"amount", ARG_AMOUNT, false, "coins"},
	{"fee", ARG_NUMBER, true, "units a byte, default 1"},
	{"memo", ARG_TEXT, true, "at most 75 bytes, for all to read"},
	{"from", ARG_ADDRESS, true, "only coins of this address"},
	{"mine", ARG_FLAG, true, "mine a block with it at once"},
	{"preview", ARG_FLAG, true, "true: only say what it would do"},
	{0}};
static const struct verb_param p_sendto[] = {{"address", ARG_ADDRESS, false, "who is paid"},
					     {"amount", ARG_AMOUNT, false, "coins"},
					     {"comment", ARG_TEXT, true, "ignored"},
					     {"comment_to", ARG_TEXT, true, "ignored"},
					     {0}};

const struct verb verbs_wallet[] = {
	{"abandontransaction", "wallet", "give up a payment that left the mempool", p_txid,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN, run_abandontransaction, NULL},
	{"getbalance", "wallet", "what the wallet can spend", p_getbalance,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN, run_getbalance, NULL},
	{"getbalances", "wallet", "what can be spent, what is coming, what is to wait for", NULL,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN, run_getbalances, NULL},
	{"getnewaddress", "wallet", "a new address", p_label, VERB_RPC | VERB_OFFLINE | VERB_PROMPT,
	 run_getnewaddress, text_string},
	{"getwalletinfo", "wallet", "the wallet in numbers", NULL,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN, run_getwalletinfo, NULL},
	{"listaddresses", "wallet", "every address of the wallet", NULL,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL, run_listaddresses, NULL},
	{"listtransactions", "wallet", "payments, the newest last", p_list,
	 VERB_RPC | VERB_OFFLINE | VERB_CHAIN, run_listtransactions, NULL},
	{"listunspent", "wallet", "coins", NULL,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN, run_listunspent, NULL},
	{"send", "wallet", "pay somebody", p_send,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN | VERB_PROMPT | VERB_CONFIRM, run_send,
	 text_send},
	{"sendtoaddress", "wallet", "pay somebody", p_sendto,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN, run_sendtoaddress, NULL},
	{"tally_balance", "wallet", "what an address holds, any address", p_balance,
	 VERB_RPC | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN, run_balance, text_balance},
	{"balance", "wallet", "what an address holds, any address", p_balance,
	 VERB_PROMPT | VERB_OFFLINE | VERB_MEMPOOL | VERB_CHAIN, run_balance, text_balance},
	{0},
};
