/* send: pays, and mines a block with the payment if asked. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/primitives/amount.h>
#include <tally/rpc/command_table.h>
#include <tally/store/lock.h>

#include "cli/commands_priv.h"
#include "cli/invocation_priv.h"
#include "cli/invoke_priv.h"
#include "cli/output_priv.h"

static const struct cli_option options[] = {
	{.name = "from",
	 .value_name = "ADDR",
	 .help = "spend only coins of this address or label (default: any coins of the wallet)"},
	{.name = "to",
	 .value_name = "ADDR",
	 .required = true,
	 .help = "the receiver: an address or a label"},
	{.name = "amount",
	 .value_name = "COINS",
	 .required = true,
	 .help = "number of coins, with at most 8 decimals"},
	{.name = "mine", .help = "mine one block with the payment at once"},
	{.name = "fee", .value_name = "RATE", .help = "fee in units per byte (default: 1)"},
	{.name = "memo",
	 .value_name = "TEXT",
	 .help = "text of at most 75 bytes that everyone can read in the chain"},
	{.name = NULL},
};

/* The options of the command line as parameters of the RPC command. Returns NULL and sets an error
 * if one is not valid text. */
static json_t *send_params(const struct invocation *in, struct err *e)
{
	json_t *params = json_object();

	for (size_t i = 0; options[i].name; i++) {
		json_t *text;

		if (!in->values[i])
			continue;
		text = invocation_json(options[i].name, in->values[i], e);
		if (!text) {
			json_decref(params);
			return NULL;
		}
		json_object_set_new(params, options[i].name, text);
	}
	return params;
}

/* Prints that mining takes time, if the payment is valid. Fails with the error of the payment
 * otherwise. */
static bool note_mining(const struct invocation *in, json_t *params, struct err *e)
{
	struct cli_result result;
	json_t *preview;

	if (!isatty(STDERR_FILENO))
		return true;
	preview = json_copy(params);
	json_object_set_new(preview, "preview", json_true());
	if (!invoke(in, "send", preview, &result, e))
		return false;
	cli_result_clear(&result);
	output_note("mining a block with the payment: this may take a while");
	return true;
}

static void print_payment(const struct invocation *in, const json_t *payment)
{
	char *text = command_find("send")->text(payment);

	printf("%s\n", json_string_value(json_object_get(payment, "txid")));
	output_note("%s", text);
	free(text);
	if (dir_lock_holder(in->config.dir) != LOCK_NODE && !invocation_value(in, "mine"))
		output_note(
			"no node is running: the payment will be sent to peers after startnode");
}

static bool run_send(struct invocation *in, struct err *e)
{
	struct cli_result result;
	json_t *params;
	int64_t amount;

	if (!amount_parse(&amount, invocation_value(in, "amount"), false, e))
		return false;
	params = send_params(in, e);
	if (!params)
		return false;
	if (invocation_value(in, "mine") && !note_mining(in, params, e)) {
		json_decref(params);
		return false;
	}
	if (!invoke(in, "send", params, &result, e))
		return false;
	print_payment(in, result.value);
	cli_result_clear(&result);
	return true;
}

const struct cli_command cmd_send = {
	.name = "send",
	.summary = "pays, and prints the transaction id",
	.options = options,
	.run = run_send,
};
