/* Verbs that pay. Source of Bitcoin Core's: wallet/rpc/spend.cpp. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

#define FEE_UNASKED \
	(COIN / 10) /* a fee up to this is nobody's mistake; source: Bitcoin Core, -maxtxfee */

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
		/* Nobody must think that nothing was paid, and pay again. */
		call_error(s->call, RPC_MISC_ERROR, err->cls, err->token,
			   "sent, and waiting for a block, as transaction %s: %s",
			   json_string_value(json_object_get(s->result, "txid")), err->detail);
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

	mining_get_info(n->mining, &m);
	if (!m.has_to && !wallet_label_address(n->wallet, MINER_LABEL, &m.to, &err)) {
		json_decref(result);
		call_fail(c, RPC_WALLET_ERROR, &err);
		return;
	}
	s = NEW(struct sending);
	s->call = c;
	s->result = result;
	mining_generate(n->mining, &(struct mining_request){.to = m.to,
							    .count = 1,
							    .client = call_asker(c),
							    .done = sent_and_mined,
							    .arg = s});
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

/* More than anybody means to pay. */
static bool fee_absurd(int64_t fee, int64_t amount)
{
	return fee > FEE_UNASKED && fee > amount / 10;
}

/* The highest fee rate at which this payment is not absurd; at its own it is, at 1 none can be.
 * Tried out, since other coins may be chosen at another rate. */
static int64_t highest_rate(struct node *n, struct wallet_payment p)
{
	int64_t good = 1, bad = p.fee_rate, fee, change;

	while (bad - good > 1) {
		p.fee_rate = good + (bad - good) / 2;
		if (!wallet_pay(n->wallet, &p, NULL, &fee, &change, NULL) ||
		    fee_absurd(fee, p.amount))
			bad = p.fee_rate;
		else
			good = p.fee_rate;
	}
	return good;
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
	if (!fee_absurd(*fee, p->amount))
		return true;
	tx_unref(*tx);
	amount_format(text, *fee);
	call_error(
		c, RPC_INVALID_PARAMETER, ERR_USAGE, "absurd-fee",
		"the fee would be %s, more than a tenth of what is paid: give a fee rate of at most %lld",
		text, (long long)highest_rate(n, *p));
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
	    (mine && !call_may_mine(n, c)) || !read_payment(c, &p, &from) ||
	    !make_payment(n, c, &p, &tx, &fee, &change))
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
	if (preview && mine)
		json_object_set_new(result, "mine", json_true());
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
		return mem_printf("send %s to %s, fee %s, change %s%s?", amount, whom, fee, change,
				  json_is_true(json_object_get(result, "mine"))
					  ? ", and mine a block with it"
					  : "");
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

static const struct command_param p_txid[] = {{"txid", ARG_HASH, false, "the transaction"}, {0}};
static const struct command_param p_send[] = {
	{"to", ARG_ADDRESS, false, "address or label"},
	{"amount", ARG_AMOUNT, false, "coins"},
	{"fee", ARG_NUMBER, true, "units a byte, default 1"},
	{"memo", ARG_TEXT, true, "at most 75 bytes, for all to read"},
	{"from", ARG_ADDRESS, true, "only coins of this address"},
	{"mine", ARG_FLAG, true, "mine a block with it at once"},
	{"preview", ARG_FLAG, true, "true: only say what it would do"},
	{0}};
static const struct command_param p_sendto[] = {{"address", ARG_ADDRESS, false, "who is paid"},
						{"amount", ARG_AMOUNT, false, "coins"},
						{"comment", ARG_TEXT, true, "ignored"},
						{"comment_to", ARG_TEXT, true, "ignored"},
						{0}};

const struct command commands_pay[] = {
	{"abandontransaction", "wallet", "give up a payment that left the mempool", p_txid,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN, run_abandontransaction,
	 NULL},
	{"send", "wallet", "pay somebody", p_send,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN | COMMAND_PROMPT |
		 COMMAND_CONFIRM | COMMAND_SETTLED,
	 run_send, text_send},
	{"sendtoaddress", "wallet", "pay somebody", p_sendto,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN | COMMAND_SETTLED,
	 run_sendtoaddress, NULL},
	{0},
};
