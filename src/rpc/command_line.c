/* Lines of the prompt: parsed into a command and its arguments, and run. */
#include <tally/rpc/command_line.h>

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/node/node.h>
#include <tally/primitives/amount.h>
#include <tally/rpc/call.h>
#include <tally/rpc/command_table.h>
#include <tally/rpc/json_result.h>
#include <tally/wallet/drafts.h>

#include "rpc/command_line_priv.h"
#include "rpc/rpc_state_priv.h"

#define WORDS_MAX 32
#define DRAFT     "draft" /* the parameter that names a payment which was shown */
#define LETTERS   "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

/* --- words ----------------------------------------------------------------------------- */

/* The word at *at without its quotes; *at moves behind it. NULL: a quote is open. */
static char *next_word(const char **at)
{
	char *word = mem_alloc(strlen(*at) + 1), *to = word;
	bool quoted = false;

	for (; **at && (quoted || !isspace((unsigned char)**at)); ++*at) {
		if (**at == '"')
			quoted = !quoted;
		else if (**at == '\\' && quoted && (*at)[1])
			*to++ = *++*at;
		else
			*to++ = **at;
	}
	*to = '\0';
	if (!quoted)
		return word;
	free(word);
	return NULL;
}

/* The words of a line. */
struct words {
	char **at;
	size_t n;
	uint32_t quoted; /* bit i: word i begins with a quote */
};

static bool split_failed(struct words *w, bool open_quote, struct err *e)
{
	command_line_free(w->at, w->n);
	w->at = NULL;
	if (open_quote)
		return err_set(e, ERR_USAGE, "bad-line", "a quote is open: close it with \"");
	return err_set(e, ERR_USAGE, "bad-line",
		       "the line has too many words: a text with blanks goes in quotes");
}

static bool split(const char *line, struct words *w, struct err *e)
{
	*w = (struct words){.at = mem_array(WORDS_MAX, sizeof(*w->at))};
	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (!*line)
			return true;
		if (w->n == WORDS_MAX)
			return split_failed(w, false, e);
		if (*line == '"')
			w->quoted |= UINT32_C(1) << w->n;
		w->at[w->n] = next_word(&line);
		if (!w->at[w->n])
			return split_failed(w, true, e);
		w->n++;
	}
}

bool command_line_split(const char *line, char ***words, size_t *n, struct err *e)
{
	struct words w;
	const bool ok = split(line, &w, e);

	*words = w.at;
	*n = w.n;
	return ok;
}

void command_line_free(char **words, size_t n)
{
	for (size_t i = 0; words && i < n; i++)
		free(words[i]);
	free(words);
}

/* --- the command of a line ------------------------------------------------------------- */

/* Where the command's name begins. A line copied from a shell may have "tally" or "tally rpc" in
 * front. */
static const char *skip_shell_words(const char *line)
{
	static const char *const before[] = {"tally ", "rpc "};
	const char *at = line + strspn(line, " ");

	for (size_t i = 0; i < ARRAY_LEN(before); i++) {
		const size_t len = strlen(before[i]);
		const char *next =
			at + len + (strncmp(at, before[i], len) == 0 ? strspn(at + len, " ") : 0);

		if (strncmp(at, before[i], len) == 0 && *next)
			at = next;
	}
	return at;
}

/* Names that the prompt understands beside those of the table: the shell's commands, and usual
 * words for quit. */
static const struct {
	const char *name, *command;
} aliases[] = {
	{.name = "getbalance", .command = "balance"},
	{.name = "createwallet", .command = "getnewaddress"},
	{.name = "sendtoaddress", .command = "send"}, /* which asks before it pays */
	{.name = "q", .command = "quit"},
	{.name = "exit", .command = "quit"},
};

static const struct command *find_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		if (strcmp(aliases[i].name, name) == 0)
			return command_find(aliases[i].command);
	return command_find(name);
}

const struct command *command_line_command(const char *line)
{
	char name[64];
	size_t n = 0;

	line = skip_shell_words(line);
	while (line[n] && !isspace((unsigned char)line[n]) && line[n] != '!' &&
	       n < sizeof(name) - 1) {
		name[n] = line[n];
		n++;
	}
	name[n] = '\0';
	return n ? find_command(name) : NULL;
}

bool command_line_lists(const struct command_param *p)
{
	return strcmp(p->name, "preview") != 0 && strcmp(p->name, DRAFT) != 0;
}

void command_line_usage(const char *line, char *out, size_t size)
{
	const struct command *cmd = command_line_command(line);

	out[0] = '\0';
	if (!cmd)
		return;
	text_append(out, size, "%s", cmd->name);
	for (const struct command_param *p = cmd->params; p && p->name; p++)
		if (command_line_lists(p))
			text_append(out, size, p->optional ? " [%s=]" : " %s", p->name);
	text_append(out, size, ": %s", cmd->summary);
}

static void unknown_name(const char *name, struct err *e)
{
	static const char *const shell[] = {"startnode", "createblockchain", "reindex"};
	struct nearest near = {.to = name};

	if (strcmp(name, "rpc") == 0) {
		err_set(e, ERR_USAGE, "missing-command",
			"rpc needs the name of a command: help lists them");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(shell); i++) {
		if (strcmp(name, shell[i]) != 0)
			continue;
		err_set(e, ERR_NOTFOUND, "unknown-command",
			"%s is a command of the shell: run tally %s in another terminal", name,
			name);
		return;
	}
	/* The first of equally near names wins: those that the prompt lists, then aliases, then all
	 * others. */
	command_nearest(&near, COMMAND_PROMPT);
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++)
		nearest_try(&near, aliases[i].name);
	command_nearest(&near, COMMAND_RPC);
	if (near.word)
		err_set(e, ERR_NOTFOUND, "unknown-command",
			"there is no command '%s': did you mean %s?", name, near.word);
	else
		err_set(e, ERR_NOTFOUND, "unknown-command", "there is no command '%s': see help",
			name);
}

/* --- arguments ------------------------------------------------------------------------- */

static const struct command_param *find_param(const struct command *cmd, const char *name,
					      size_t len)
{
	for (const struct command_param *p = cmd->params; p && p->name; p++)
		if (strlen(p->name) == len && strncmp(p->name, name, len) == 0)
			return p;
	return NULL;
}

/* People type `send 5 @alice` as well as `send alice 5`. */
static bool amount_comes_first(const struct command *cmd, const char *first, const char *second)
{
	return cmd->params && cmd->params[0].name && cmd->params[1].name &&
	       cmd->params[0].type == ARG_ADDRESS && cmd->params[1].type == ARG_AMOUNT &&
	       amount_parse(&(int64_t){0}, first, true, NULL) &&
	       !amount_parse(&(int64_t){0}, second, true, NULL);
}

/* -NAME VALUE, as in a shell: the option's parameter, with *at moved to its value. A flag needs no
 * value. NULL: the word is not such an option. */
static const struct command_param *shell_option(const struct command *cmd, const struct words *w,
						size_t *at, const char **value)
{
	const char *word = w->at[*at], *name = word + option_dashes(word);
	const struct command_param *p = name > word ? find_param(cmd, name, strlen(name)) : NULL;

	if (!p)
		return NULL;
	*value = "true";
	if (p->type != ARG_FLAG)
		*value = *at + 1 < w->n ? w->at[++*at] : "";
	return p;
}

static bool unknown_option(const struct command *cmd, const char *dash, const char *name,
			   const char *eq, struct err *e)
{
	struct nearest near = {.to = name};

	for (const struct command_param *p = cmd->params; p->name; p++)
		if (command_line_lists(p))
			nearest_try(&near, p->name);
	if (near.word)
		return err_set(e, ERR_USAGE, "unknown-option",
			       "there is no option %s%s: did you mean %s%s%s?", dash, name, dash,
			       near.word, eq);
	return err_set(e, ERR_USAGE, "unknown-option", "there is no option %s%s: see help %s", dash,
		       name, cmd->name);
}

/* False: the word looks like NAME=VALUE or -NAME, and the command has no parameter of that name.
 * "-5" and "2=x" don't look so. */
static bool option_known(const struct command *cmd, const char *word, struct err *e)
{
	const size_t dash = option_dashes(word), len = strcspn(word + dash, "=");
	const bool eq = word[dash + len] == '=';
	char *name = mem_printf("%.*s", (int)len, word + dash);
	const bool is_option =
		dash ? isalpha((unsigned char)name[0]) : eq && len && !name[strspn(name, LETTERS)];
	const bool known = !is_option || find_param(cmd, name, len);

	if (!known)
		unknown_option(cmd, &"--"[2 - dash], name, !dash ? "=" : "", e);
	free(name);
	return known;
}

/* A word in quotes is a text, whatever it looks like. */
static bool options_known(const struct command *cmd, const struct words *w, struct err *e)
{
	for (size_t i = 1; cmd->params && i < w->n; i++)
		if (!shell_option(cmd, w, &i, &(const char *){NULL}) && !(w->quoted >> i & 1) &&
		    !option_known(cmd, w->at[i], e))
			return false;
	return true;
}

/* The state of reading a line's arguments. */
struct arg_reader {
	const struct command *command;
	json_t *args;
	const struct command_param *next; /* gets the next word without a name */
	const struct command_param *text; /* the last word was NAME=VALUE of this text */
};

/* memo=for lunch */
static bool text_without_quotes(const struct arg_reader *r, const char *word, struct err *e)
{
	return err_set(e, ERR_USAGE, "too-many-arguments",
		       "unexpected argument '%s': a text with blanks goes in quotes, %s=\"%s %s\"",
		       word, r->text->name,
		       json_string_value(json_object_get(r->args, r->text->name)), word);
}

static const struct command_param *take_next_param(struct arg_reader *r)
{
	while (r->next && r->next->name && json_object_get(r->args, r->next->name))
		r->next++;
	if (!r->next || !r->next->name)
		return NULL;
	return r->next++;
}

/* Reads the argument at word *i, of which -NAME VALUE takes two. */
static bool read_arg(struct arg_reader *r, const struct words *w, size_t *i, struct err *e)
{
	const char *word = w->at[*i], *eq = strchr(word, '='), *value = eq ? eq + 1 : word;
	const char *name = word + option_dashes(word);
	const struct command_param *p =
		eq && eq > name ? find_param(r->command, name, (size_t)(eq - name)) : NULL;
	const bool named = p || (p = shell_option(r->command, w, i, &value));

	if (!named && r->text && (!r->next || !r->next->name || r->next->optional))
		return text_without_quotes(r, word, e);
	if (!named) {
		p = take_next_param(r);
		value = word;
	} else if (json_object_get(r->args, p->name)) {
		return err_set(e, ERR_USAGE, "twice", "%s is given twice: give it once", p->name);
	}
	if (!p || !utf8_valid(value, strlen(value)))
		return err_set(e, ERR_USAGE, "too-many-arguments",
			       "unexpected argument '%s': see help %s", word, r->command->name);
	r->text = named && p->type == ARG_TEXT ? p : NULL;
	json_object_set_new(r->args, p->name, json_string(value));
	return true;
}

/* The arguments behind the first word, by name. NULL: *e says why. */
static json_t *read_args(const struct command *cmd, struct words *w, struct err *e)
{
	struct arg_reader r = {.command = cmd, .args = json_object(), .next = cmd->params};

	if (!options_known(cmd, w, e))
		goto fail;
	if (w->n >= 3 && amount_comes_first(cmd, w->at[1], w->at[2])) {
		char *first = w->at[1];

		w->at[1] = w->at[2];
		w->at[2] = first;
	}
	for (size_t i = 1; i < w->n; i++)
		if (!read_arg(&r, w, &i, e))
			goto fail;
	return r.args;
fail:
	json_decref(r.args);
	return NULL;
}

/* --- running --------------------------------------------------------------------------- */

struct line_call {
	const struct command *command;
	bool preview;
	char *line; /* with preview */
	command_line_reply *reply;
	void *arg;
};

/* The line with '!' behind the command's name, so that it skips the question, and with the draft
 * that the question showed, if it was about a payment. mem_alloc'ed. */
static char *confirming_line(const struct line_call *l, const json_t *result)
{
	const char *name = skip_shell_words(l->line), *end = name + strcspn(name, " \t");
	const char *draft = find_param(l->command, DRAFT, strlen(DRAFT))
				    ? json_string_value(json_object_get(result, "txid"))
				    : NULL;

	return mem_printf("%.*s!%s%s%s", (int)(end - l->line), l->line, end,
			  draft ? " " DRAFT "=" : "", draft ? draft : "");
}

static void answer_done(const struct line_call *l, json_t *result)
{
	char *text = l->command->text ? l->command->text(result)
				      : json_result_text(result, JSON_INDENT(2));
	char *confirm = l->preview ? confirming_line(l, result) : NULL;

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

/* Takes '!' off the end of a name. Returns whether it was there. */
static bool take_bang(char *name)
{
	const size_t len = strlen(name);

	if (len < 2 || name[len - 1] != '!')
		return false;
	name[len - 1] = '\0';
	return true;
}

/* *skip_question: '!' follows the command's name. NULL: *e says what is wrong with the line. */
static const struct command *read_words(struct words *w, bool *skip_question, json_t **args,
					struct err *e)
{
	const struct command *cmd;

	*skip_question = take_bang(w->at[0]);
	cmd = find_command(w->at[0]);
	if (!cmd)
		unknown_name(w->at[0], e);
	return cmd && (*args = read_args(cmd, w, e)) ? cmd : NULL;
}

static void run_words(struct rpc *r, const struct command_line *line, struct words *w)
{
	struct err err = {0};
	struct line_call *l;
	bool skip_question;
	json_t *args;
	const struct command *cmd = read_words(w, &skip_question, &args, &err);

	if (!cmd) {
		answer_failed(line->reply, line->arg, &err);
		return;
	}
	l = NEW(struct line_call);
	l->command = cmd;
	l->preview = (cmd->flags & COMMAND_CONFIRM) && !skip_question;
	l->reply = line->reply;
	l->arg = line->arg;
	if (l->preview) {
		l->line = mem_strdup(line->line);
		json_object_set_new(args, "preview", json_true());
	}
	rpc_call(r, &(struct rpc_request){.command = cmd->name,
					  .params = args,
					  .client = line->client,
					  .reply = on_reply,
					  .arg = l});
	json_decref(args);
}

void command_line_run(struct rpc *r, const struct command_line *line)
{
	struct err err = {0};
	struct words w;

	if (!split(skip_shell_words(line->line), &w, &err)) {
		answer_failed(line->reply, line->arg, &err);
		return;
	}
	if (w.n == 0)
		line->reply(line->arg,
			    &(struct command_line_answer){.kind = COMMAND_LINE_DONE, .text = ""});
	else
		run_words(r, line, &w);
	command_line_free(w.at, w.n);
}

void command_line_cancel(struct rpc *r, const char *confirm)
{
	struct words w;
	struct txid id;
	json_t *args;
	bool bang;

	if (!split(skip_shell_words(confirm), &w, NULL))
		return;
	if (w.n > 0 && read_words(&w, &bang, &args, NULL)) {
		const char *draft = json_string_value(json_object_get(args, DRAFT));

		if (draft && hash256_parse(&id.h, draft))
			wallet_drop_draft(node_wallet(r->node), &id);
		json_decref(args);
	}
	command_line_free(w.at, w.n);
}
