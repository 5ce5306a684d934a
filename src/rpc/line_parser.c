/* Parses lines of the prompt. */
#include "rpc/line_parser_priv.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/primitives/amount.h>
#include <tally/rpc/command_table.h>

#define WORDS_MAX 32
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

void line_words_clear(struct line_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->at[i]);
	free(w->at);
	*w = (struct line_words){0};
}

static bool split_failed(struct line_words *w, bool open_quote, struct err *e)
{
	line_words_clear(w);
	if (open_quote)
		return err_set(e, ERR_USAGE, "bad-line", "a quote is open: close it with \"");
	return err_set(e, ERR_USAGE, "bad-line",
		       "the line has too many words: a text with blanks goes in quotes");
}

bool line_split(const char *line, struct line_words *w, struct err *e)
{
	*w = (struct line_words){.at = mem_array(WORDS_MAX, sizeof(*w->at))};
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

/* --- the command of a line ------------------------------------------------------------- */

const char *line_command_at(const char *line)
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

const struct command *line_command(const char *line)
{
	char name[64];
	size_t n = 0;

	line = line_command_at(line);
	while (line[n] && !isspace((unsigned char)line[n]) && line[n] != '!' &&
	       n < sizeof(name) - 1) {
		name[n] = line[n];
		n++;
	}
	name[n] = '\0';
	return n ? find_command(name) : NULL;
}

bool line_lists_param(const struct command_param *p)
{
	return strcmp(p->name, "preview") != 0 && strcmp(p->name, LINE_DRAFT) != 0;
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
	/* Of equally near names the first one tried wins: commands that the prompt lists are tried
	 * first, then aliases, then all other names. */
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

const struct command_param *line_find_param(const struct command *cmd, const char *name, size_t len)
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

/* Finds the parameter of -NAME VALUE, as in a shell, and moves *at to the word with its value. A
 * flag needs no value. NULL: the word is not such an option. */
static const struct command_param *shell_option(const struct command *cmd,
						const struct line_words *w, size_t *at,
						const char **value)
{
	const char *word = w->at[*at], *name = word + option_dashes(word);
	const struct command_param *p =
		name > word ? line_find_param(cmd, name, strlen(name)) : NULL;

	if (!p)
		return NULL;
	*value = "true";
	if (p->type != ARG_FLAG)
		*value = *at + 1 < w->n ? w->at[++*at] : NULL;
	return p;
}

static bool unknown_option(const struct command *cmd, const char *dash, const char *name,
			   const char *eq, struct err *e)
{
	struct nearest near = {.to = name};

	for (const struct command_param *p = cmd->params; p->name; p++)
		if (line_lists_param(p))
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
	const bool known = !is_option || line_find_param(cmd, name, len);

	if (!known)
		unknown_option(cmd, &"--"[2 - dash], name, !dash ? "=" : "", e);
	free(name);
	return known;
}

/* A word in quotes is a text, whatever it looks like. */
static bool options_known(const struct command *cmd, const struct line_words *w, struct err *e)
{
	for (size_t i = 1; cmd->params && i < w->n; i++)
		if (!shell_option(cmd, w, &i, &(const char *){NULL}) && !(w->quoted >> i & 1) &&
		    !option_known(cmd, w->at[i], e))
			return false;
	return true;
}

/* The state of parsing a line's arguments. */
struct arg_parser {
	const struct command *command;
	json_t *args;
	const struct command_param *next; /* gets the next word without a name */
	const struct command_param *text; /* that of the previous word, if it was NAME=TEXT */
};

/* A word that fits no parameter and follows NAME=TEXT, as in memo=for lunch. */
static bool text_without_quotes(const struct arg_parser *r, const char *word, struct err *e)
{
	return err_set(e, ERR_USAGE, "too-many-arguments",
		       "unexpected argument '%s': a text with blanks goes in quotes, %s=\"%s %s\"",
		       word, r->text->name,
		       json_string_value(json_object_get(r->args, r->text->name)), word);
}

static const struct command_param *take_next_param(struct arg_parser *r)
{
	while (r->next && r->next->name && json_object_get(r->args, r->next->name))
		r->next++;
	if (!r->next || !r->next->name)
		return NULL;
	return r->next++;
}

/* Parses the argument at word *i, of which -NAME VALUE takes two. */
static bool parse_arg(struct arg_parser *r, const struct line_words *w, size_t *i, struct err *e)
{
	const char *word = w->at[*i], *eq = strchr(word, '='), *value = eq ? eq + 1 : word;
	const char *name = word + option_dashes(word);
	const struct command_param *p =
		eq && eq > name ? line_find_param(r->command, name, (size_t)(eq - name)) : NULL;
	const bool named = p || (p = shell_option(r->command, w, i, &value));

	/* Not an empty value: the line that confirms a payment continues this one, and its next word
	 * would become the value. */
	if (!value)
		return err_set(e, ERR_USAGE, "missing-value", "%s needs a value: %s VALUE", word,
			       word);
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
static json_t *parse_args(const struct command *cmd, struct line_words *w, struct err *e)
{
	struct arg_parser r = {.command = cmd, .args = json_object(), .next = cmd->params};

	if (!options_known(cmd, w, e))
		goto fail;
	if (w->n >= 3 && amount_comes_first(cmd, w->at[1], w->at[2])) {
		char *first = w->at[1];

		w->at[1] = w->at[2];
		w->at[2] = first;
	}
	for (size_t i = 1; i < w->n; i++)
		if (!parse_arg(&r, w, &i, e))
			goto fail;
	return r.args;
fail:
	json_decref(r.args);
	return NULL;
}

/* --- the whole line -------------------------------------------------------------------- */

/* Takes '!' off the end of a name. Returns whether it was there. */
static bool take_bang(char *name)
{
	const size_t len = strlen(name);

	if (len < 2 || name[len - 1] != '!')
		return false;
	name[len - 1] = '\0';
	return true;
}

bool line_parse(const char *line, struct parsed_line *out, struct err *e)
{
	struct line_words w;
	bool empty;

	*out = (struct parsed_line){0};
	if (!line_split(line_command_at(line), &w, e))
		return false;
	empty = w.n == 0;
	if (!empty) {
		out->skip_question = take_bang(w.at[0]);
		out->command = find_command(w.at[0]);
		if (out->command)
			out->args = parse_args(out->command, &w, e);
		else
			unknown_name(w.at[0], e);
	}
	line_words_clear(&w);
	return empty || out->args;
}
