/* Commands that pay. Source of names, fields and codes: Bitcoin Core, wallet/rpc/spend.cpp.
 *
 * A payment is built once, by build_payment. A preview keeps it as a draft of the wallet; sending
 * takes the draft, if the call names one, so that what was shown is what is sent. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_mining_priv.h"
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/wallet/create_tx.h>
#include <tally/wallet/drafts.h>

/* Units: a fee up to this is never refused as a mistake. Source: Bitcoin Core, -maxtxfee. */
#define FEE_ALWAYS_OK (COIN / 10)

/* --- building -------------------------------------------------------------------------- */

/* True if a fee is so high that it must be a mistake: over 0.1 coins and over a tenth of the
 * amount. */
static bool fee_absurd(int64_t fee, int64_t amount)
{
	return fee > FEE_ALWAYS_OK && fee > amount / 10;
}

/* The highest fee rate at which the fee of the request is accepted; its own rate is too high. Found by
 * bisection with real coin selections, because another rate may select other coins. */
static int64_t highest_rate(struct node *n, struct payment_request q)
{
	int64_t good = 1, bad = q.fee_rate, fee;

	while (bad - good > 1) {
		q.fee_rate = good + (bad - good) / 2;
		if (!wallet_payment_fee(node_wallet(n), &q, &fee, NULL) ||
		    fee_absurd(fee, q.amount))
			bad = q.fee_rate;
		else
			good = q.fee_rate;
	}
	return good;
}

static int build_code(const struct err *e)
{
	return e->cls == ERR_FUNDS   ? RPC_WALLET_INSUFFICIENT_FUNDS
	       : e->cls == ERR_USAGE ? RPC_INVALID_PARAMETER
				     : RPC_WALLET_ERROR;
}

/* NULL: the call was answered with an error. */
static struct payment *build_payment(struct node *n, struct call *c,
				     const struct payment_request *q)
{
	char text[AMOUNT_CHARS + 1];
	struct payment *p;
	struct err err = {0};

	if (q->from && !wallet_is_mine(node_wallet(n), q->from)) {
		call_error(c, RPC_INVALID_ADDRESS_OR_KEY, ERR_USAGE, "not-mine",
			   "the argument from is not an address of this wallet: see listaddresses");
		return NULL;
	}
	if (!wallet_create_payment(node_wallet(n), q, &p, &err)) {
		call_fail(c, build_code(&err), &err);
		return NULL;
	}
	if (!fee_absurd(p->fee, p->amount))
		return p;
	amount_format(text, p->fee);
	payment_free(p);
	call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "absurd-fee",
		   "the fee would be %s, more than a tenth of the amount: give a fee rate of at "
		   "most %lld",
		   text, (long long)highest_rate(n, *q));
	return NULL;
}

/* The draft that the call names. Its receiver, amount and memo must be those of the call. NULL: the
 * call was answered with an error. */
static const struct payment *find_draft(struct node *n, struct call *c,
					const struct payment_request *q)
{
	const struct payment *p;
	struct txid id;

	if (!call_hash(c, "draft", &id.h))
		return NULL;
	p = wallet_find_draft(node_wallet(n), &id);
	if (!p)
		call_error(c, RPC_WALLET_ERROR, ERR_NOTFOUND, "no-such-draft",
			   "nothing was sent, the payment that was shown is no longer kept: repeat "
			   "the command without '!' to see a new one");
	else if (memcmp(&p->to, &q->to, sizeof(p->to)) != 0 || p->amount != q->amount ||
		 strcmp(p->memo, q->memo ? q->memo : "") != 0)
		call_error(c, RPC_INVALID_PARAMETER, ERR_USAGE, "other-draft",
			   "nothing was sent, the draft pays something else: give the receiver, "
			   "amount and memo that were shown");
	else
		return p;
	return NULL;
}

/* --- sending --------------------------------------------------------------------------- */

/* Hands the payment to the mempool. False: the call was answered with an error, and nothing was
 * sent. */
static bool submit_payment(struct node *n, struct call *c, const struct payment *p)
{
	struct err err = {0};

	if (!wallet_check_payment(node_wallet(n), p, &err)) {
		call_fail(c, RPC_WALLET_ERROR, &err);
		return false;
	}
	if (node_submit_tx(n, p->tx, &err))
		return true;
	call_error(c, RPC_VERIFY_REJECTED, err.cls, err.token, "payment refused: %s: %s", err.token,
		   err.detail);
	return false;
}

/* A call that has sent a payment and waits for the block that confirms it. */
struct mine_wait {
	struct call *call;
	json_t *result;
};

static void on_mined(void *arg, const struct block_hash *hashes, size_t count,
		     const struct err *err)
{
	struct mine_wait *w = arg;

	if (err) {
		/* The error names the transaction: otherwise a user might think that nothing was
		 * sent, and pay again. */
		call_error(w->call, RPC_MISC_ERROR, err->cls, err->token,
			   "no block was mined, but the payment was sent, as transaction %s: %s",
			   json_string_value(json_object_get(w->result, "txid")), err->detail);
		json_decref(w->result);
	} else {
		json_object_set_new(w->result, "block",
				    count ? json_hash(&hashes[0].h) : json_null());
		call_done(w->call, w->result);
	}
	free(w);
}

/* Mines one block, which confirms the payment, for the address that this node mines for. */
static void mine_payment(struct node *n, struct call *c, json_t *take_result)
{
	struct mine_wait *w;
	struct mining_info m;
	struct err err = {0};

	mining_get_info(node_mining(n), &m);
	if (!m.has_to && !wallet_label_address(node_wallet(n), MINER_LABEL, &m.to, &err)) {
		json_decref(take_result);
		call_fail(c, RPC_WALLET_ERROR, &err);
		return;
	}
	w = NEW(struct mine_wait);
	w->call = c;
	w->result = take_result;
	mining_generate(
		node_mining(n),
		&(struct mining_request){
			.to = m.to, .count = 1, .client = c->client, .done = on_mined, .arg = w});
}

/* --- send ------------------------------------------------------------------------------ */

struct send_args {
	struct payment_request request;
	struct key_hash from;
	bool draft, mine, preview;
};

/* False: the call was answered with an error. */
static bool read_send_args(struct node *n, struct call *c, struct send_args *a)
{
	struct payment_request *q = &a->request;

	*a = (struct send_args){.draft = call_arg(c, "draft") != NULL};
	if (!call_flag(c, "mine", false, &a->mine) ||
	    !call_flag(c, "preview", false, &a->preview) || (a->mine && !call_may_mine(n, c)))
		return false;
	if (call_arg(c, "from")) {
		if (!call_address(c, "from", false, &a->from))
			return false;
		q->from = &a->from;
	}
	return call_address(c, "to", false, &q->to) && call_amount(c, "amount", &q->amount) &&
	       call_number(c, "fee", 1, WALLET_FEE_RATE_MAX, WALLET_FEE_RATE_DEFAULT,
			   &q->fee_rate) &&
	       call_text(c, "memo", NULL, &q->memo);
}

static json_t *json_payment(const struct node *n, const struct send_args *a,
			    const struct payment *p)
{
	const struct wallet *w = node_wallet(n);
	json_t *o = json_object();

	json_object_set_new(o, "txid", json_hash(&p->tx->id.h));
	json_object_set_new(o, "to", json_address(&p->to));
	json_object_set_new(o, "amount", json_amount(p->amount));
	json_object_set_new(o, "fee", json_amount(p->fee));
	json_object_set_new(o, "change", json_amount(p->change));
	json_object_set_new(o, "label", json_string(wallet_label_of(w, &p->to)));
	json_object_set_new(o, "own", json_boolean(wallet_is_mine(w, &p->to)));
	if (a->request.memo)
		json_object_set_new(o, "memo", json_string(p->memo));
	if (a->preview)
		json_object_set_new(o, "preview", json_true());
	if (a->preview && a->mine)
		json_object_set_new(o, "mine", json_true());
	return o;
}

static void preview_payment(struct node *n, struct call *c, const struct send_args *a)
{
	struct payment *p = build_payment(n, c, &a->request);

	if (p)
		call_done(c, json_payment(n, a, wallet_keep_draft(node_wallet(n), p)));
}

static void send_payment(struct node *n, struct call *c, const struct send_args *a)
{
	struct payment *built = NULL;
	const struct payment *p;
	struct txid id;
	json_t *result;

	if (a->draft)
		p = find_draft(n, c, &a->request);
	else
		p = built = build_payment(n, c, &a->request);
	if (p && submit_payment(n, c, p)) {
		result = json_payment(n, a, p);
		id = p->tx->id;
		wallet_drop_draft(node_wallet(n), &id);
		if (a->mine)
			mine_payment(n, c, result);
		else
			call_done(c, result);
	}
	payment_free(built);
}

static void run_send(struct node *n, struct call *c)
{
	struct send_args a;

	if (!read_send_args(n, c, &a))
		return;
	if (a.preview)
		preview_payment(n, c, &a);
	else
		send_payment(n, c, &a);
}

/* Formats the receiver: "bob, tly1... (your own address), memo 'lunch'". */
static void receiver_and_memo(const json_t *result, char *out, size_t size)
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
				   change[AMOUNT_CHARS + 1] = "?", receiver[512] = "";

	json_amount_text(json_object_get(result, "amount"), amount);
	json_amount_text(json_object_get(result, "fee"), fee);
	json_amount_text(json_object_get(result, "change"), change);
	receiver_and_memo(result, receiver, sizeof(receiver));
	if (json_is_true(json_object_get(result, "preview")))
		return mem_printf(
			"send %s to %s, fee %s, change %s%s?", amount, receiver, fee, change,
			json_is_true(json_object_get(result, "mine")) ? ", and mine a block with it"
								      : "");
	return mem_printf("sent %s to %s, fee %s%s: transaction %s", amount, receiver, fee,
			  json_object_get(result, "block") ? ", in a block" : "",
			  json_string_value(json_object_get(result, "txid")));
}

/* --- other commands -------------------------------------------------------------------- */

static void run_sendtoaddress(struct node *n, struct call *c)
{
	struct payment_request q = {.fee_rate = WALLET_FEE_RATE_DEFAULT};
	struct payment *p;

	if (!call_address(c, "address", false, &q.to) || !call_amount(c, "amount", &q.amount) ||
	    !(p = build_payment(n, c, &q)))
		return;
	if (submit_payment(n, c, p))
		call_done(c, json_hash(&p->tx->id.h));
	payment_free(p);
}

static void run_abandontransaction(struct node *n, struct call *c)
{
	struct err err = {0};
	struct txid id;

	if (!call_hash(c, "txid", &id.h))
		return;
	if (!wallet_abandon(node_wallet(n), &id, &err)) {
		call_fail(c, RPC_INVALID_ADDRESS_OR_KEY, &err);
		return;
	}
	if (!wallet_commit(node_wallet(n), &err)) {
		node_fatal(n, &err);
		call_fail(c, RPC_WALLET_ERROR, &err);
		return;
	}
	node_mark(n, NODE_EV_WALLET);
	call_done(c, json_null());
}

static const struct command_param txid_params[] = {
	{.name = "txid", .type = ARG_HASH, .help = "id of the payment"},
	{0},
};
static const struct command_param send_params[] = {
	{.name = "to", .type = ARG_ADDRESS, .help = "receiver: an address or label"},
	{.name = "amount", .type = ARG_AMOUNT, .help = "amount in coins"},
	{.name = "fee",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "fee rate in units per byte; default 1"},
	{.name = "memo",
	 .type = ARG_TEXT,
	 .optional = true,
	 .help = "public note of at most 75 bytes"},
	{.name = "from",
	 .type = ARG_ADDRESS,
	 .optional = true,
	 .help = "spend only coins of this address"},
	{.name = "mine",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "true: mine a block that confirms it"},
	{.name = "preview",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "true: send nothing, only show and keep it as a draft"},
	{.name = "draft",
	 .type = ARG_HASH,
	 .optional = true,
	 .help = "txid of a preview: send exactly that transaction"},
	{0},
};
static const struct command_param sendto_params[] = {
	{.name = "address", .type = ARG_ADDRESS, .help = "receiver: an address or label"},
	{.name = "amount", .type = ARG_AMOUNT, .help = "coins"},
	{.name = "comment", .type = ARG_TEXT, .optional = true, .help = "ignored"},
	{.name = "comment_to", .type = ARG_TEXT, .optional = true, .help = "ignored"},
	{0},
};

const struct command commands_pay[] = {
	{
		.name = "abandontransaction",
		.category = "wallet",
		.summary =
			"give up an unconfirmed payment that left the mempool, to spend its coins again",
		.params = txid_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN,
		.run = run_abandontransaction,
	},
	{
		.name = "send",
		.category = "wallet",
		.summary = "send coins",
		.params = send_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN |
			 COMMAND_PROMPT | COMMAND_CONFIRM | COMMAND_SETTLED,
		.run = run_send,
		.text = text_send,
	},
	{
		.name = "sendtoaddress",
		.category = "wallet",
		.summary = "send coins",
		.params = sendto_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL | COMMAND_CHAIN |
			 COMMAND_SETTLED,
		.run = run_sendtoaddress,
	},
	{0},
};
