/* rpc: any command of the control port. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/rpc/command_table.h>
#include <tally/rpc/json_result.h>

#include "cli/commands_priv.h"
#include "cli/invocation_priv.h"
#include "cli/invoke_priv.h"
#include "cli/output_priv.h"

/* True if an argument is passed as text although it is valid JSON, because the parameter is text: a
 * label may be "5", and a hash may have only digits. */
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
	const struct command *c = command_find(in->words[0]);
	const struct command_param *p = c ? c->params : NULL;
	json_t *params = json_array();

	for (size_t i = 1; i < in->n_words; i++) {
		const bool text = p && p->name && stays_text(p, in->words[i]);
		json_t *value = text ? NULL : json_loads(in->words[i], JSON_DECODE_ANY, NULL);

		if (!value && !(value = invocation_json("an argument", in->words[i], e))) {
			json_decref(params);
			return NULL;
		}
		json_array_append_new(params, value);
		p += p && p->name;
	}
	return params;
}

/* Prints what the RPC command help returns, but needs no data directory. */
static bool print_rpc_help(const struct invocation *in, struct err *e)
{
	char *text = command_help(in->n_words > 1 ? in->words[1] : NULL, e);

	if (text)
		printf("%s\n", text);
	free(text);
	return text != NULL;
}

/* Errors refer to the help of the prompt, "see help COMMAND". At the shell that is "tally rpc help
 * COMMAND". Returns false. */
static bool reword_error(struct err *e)
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

static void print_result(const struct cli_result *result)
{
	char *lines;

	if (json_is_string(result->value) && (!result->json || result->json[0] == '"')) {
		output_text(json_string_value(result->value));
	} else if (result->json) {
		char *plain = utf8_escape(result->json);

		lines = json_on_lines(plain);
		puts(lines);
		free(lines);
		free(plain);
	}
}

static bool run_rpc(struct invocation *in, struct err *e)
{
	struct cli_result result;
	json_t *params;

	if (in->n_words == 0)
		return err_set(e, ERR_USAGE, "missing-command",
			       "rpc needs a command: tally rpc help lists them");
	if (strcmp(in->words[0], "help") == 0 && in->n_words <= 2 &&
	    !data_dir_exists(&in->config, NULL))
		return print_rpc_help(in, e);
	params = rpc_params(in, e);
	if (!params || !invoke(in, in->words[0], params, &result, e))
		return reword_error(e);
	print_result(&result);
	cli_result_clear(&result);
	return true;
}

const struct cli_command cmd_rpc = {
	.name = "rpc",
	.summary = "runs a command of the control port (JSON-RPC)",
	.words = "COMMAND [ARG...]",
	.run = run_rpc,
};
