/* Lines of the prompt: run, confirmed, cancelled. */
#include <tally/rpc/command_line.h>

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/node/node.h>
#include <tally/rpc/call.h>
#include <tally/rpc/json_result.h>
#include <tally/wallet/drafts.h>

#include "rpc/line_parser_priv.h"
#include "rpc/rpc_state_priv.h"

void command_line_usage(const char *line, char *out, size_t size)
{
	const struct command *cmd = line_command(line);

	out[0] = '\0';
	if (!cmd)
		return;
	text_append(out, size, "%s", cmd->name);
	for (const struct command_param *p = cmd->params; p && p->name; p++)
		if (line_lists_param(p))
			text_append(out, size, p->optional ? " [%s=]" : " %s", p->name);
	text_append(out, size, ": %s", cmd->summary);
}

struct line_call {
	const struct command *command;
	char *line; /* NULL: the line is run without a question */
	command_line_reply *reply;
	void *arg;
};

/* The line with '!' behind the command's name, so that it skips the question, and with the draft
 * that the question showed, if it was about a payment. mem_alloc'ed. */
static char *confirming_line(const struct line_call *l, const json_t *result)
{
	const char *name = line_command_at(l->line), *end = name + strcspn(name, " \t");
	const char *draft = line_find_param(l->command, LINE_DRAFT, strlen(LINE_DRAFT))
				    ? json_string_value(json_object_get(result, "txid"))
				    : NULL;

	return mem_printf("%.*s!%s%s%s", (int)(end - l->line), l->line, end,
			  draft ? " " LINE_DRAFT "=" : "", draft ? draft : "");
}

static void answer_done(const struct line_call *l, json_t *result)
{
	char *text = l->command->text ? l->command->text(result)
				      : json_result_text(result, JSON_INDENT(2));
	char *confirm = l->line ? confirming_line(l, result) : NULL;

	l->reply(l->arg, &(struct command_line_answer){.kind = confirm ? COMMAND_LINE_CONFIRM
								       : COMMAND_LINE_DONE,
						       .text = text ? text : "",
						       .confirm = confirm});
	free(text);
	free(confirm);
}

static void answer_failed(command_line_reply *reply, void *arg, const struct err *err)
{
	reply(arg, &(struct command_line_answer){.kind = COMMAND_LINE_FAILED, .text = err->detail});
}

static void on_reply(void *arg, json_t *result, const struct err *err, int code)
{
	struct line_call *l = arg;

	(void)code;
	if (err)
		answer_failed(l->reply, l->arg, err);
	else
		answer_done(l, result);
	free(l->line);
	free(l);
}

static void run_parsed(struct rpc *r, const struct command_line *line, const struct parsed_line *p)
{
	struct line_call *l = NEW(struct line_call);

	l->command = p->command;
	l->reply = line->reply;
	l->arg = line->arg;
	if ((p->command->flags & COMMAND_CONFIRM) && !p->skip_question) {
		l->line = mem_strdup(line->line);
		json_object_set_new(p->args, "preview", json_true());
	}
	rpc_call(r, &(struct rpc_request){.command = p->command->name,
					  .params = p->args,
					  .client = line->client,
					  .reply = on_reply,
					  .arg = l});
}

void command_line_run(struct rpc *r, const struct command_line *line)
{
	struct parsed_line p;
	struct err err = {0};

	if (!line_parse(line->line, &p, &err)) {
		answer_failed(line->reply, line->arg, &err);
		return;
	}
	if (p.command)
		run_parsed(r, line, &p);
	else
		line->reply(line->arg,
			    &(struct command_line_answer){.kind = COMMAND_LINE_DONE, .text = ""});
	json_decref(p.args);
}

void command_line_cancel(struct rpc *r, const char *confirm)
{
	struct parsed_line p;
	struct txid id;
	const char *draft;

	if (!line_parse(confirm, &p, NULL))
		return;
	draft = json_string_value(json_object_get(p.args, LINE_DRAFT));
	if (draft && hash256_parse(&id.h, draft))
		wallet_drop_draft(node_wallet(r->node), &id);
	json_decref(p.args);
}
