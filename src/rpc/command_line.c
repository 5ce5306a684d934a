/* A line of the prompt: verb['!'] {arg | key=value | "quoted"}; its usage and completion. */
#include "rpc/rpc_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define WORDS_MAX    32
#define LABELS_SHOWN 256
#define LETTERS      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"

/* One word at *at, quotes taken off. NULL: an open quote. */
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

/* *quoted: a bit for each word that begins with a quote. */
static bool split(const char *line, char ***words, size_t *n, uint32_t *quoted, struct err *e)
{
	*words = mem_array(WORDS_MAX, sizeof(**words));
	*n = 0;
	*quoted = 0;
	for (;;) {
		while (isspace((unsigned char)*line))
			line++;
		if (!*line)
			return true;
		if (*line == '"' && *n < WORDS_MAX)
			*quoted |= UINT32_C(1) << *n;
		if (*n == WORDS_MAX || !((*words)[*n] = next_word(&line))) {
			command_line_free(*words, *n);
			*words = NULL;
			return err_set(e, ERR_USAGE, "bad-line",
				       "a quote is left open, or there are too many words");
		}
		++*n;
	}
}

bool command_line_split(const char *line, char ***words, size_t *n, struct err *e)
{
	return split(line, words, n, &(uint32_t){0}, e);
}

void command_line_free(char **words, size_t n)
{
	for (size_t i = 0; words && i < n; i++)
		free(words[i]);
	free(words);
}

/* Where the verb stands: behind blanks and, as at the shell, the program's name and "rpc" where more follows. */
static const char *line_verb_at(const char *line)
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

/* A command of the shell is understood here, too, and what other programs call quit. */
static const struct {
	const char *shell, *verb;
} same[] = {{"getbalance", "balance"},
	    {"createwallet", "getnewaddress"},
	    {"sendtoaddress", "send"}, /* which asks before it pays */
	    {"q", "quit"},
	    {"exit", "quit"}};

static const struct command *line_command(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		if (strcmp(same[i].shell, name) == 0)
			return command_find(same[i].verb);
	return command_find(name);
}

static const struct command_param *find_param(const struct command *v, const char *name, size_t len)
{
	for (const struct command_param *p = v->params; p && p->name; p++)
		if (strlen(p->name) == len && strncmp(p->name, name, len) == 0)
			return p;
	return NULL;
}

/* People say `send 5 @alice` as well as `send alice 5`. */
static bool swapped_amount(const struct command *v, const char *first, const char *second)
{
	return v->params && v->params[0].name && v->params[1].name &&
	       v->params[0].type == ARG_ADDRESS && v->params[1].type == ARG_AMOUNT &&
	       amount_parse(&(int64_t){0}, first, true, NULL) &&
	       !amount_parse(&(int64_t){0}, second, true, NULL);
}

/* -name VALUE, as at the shell: the option's parameter, and *value behind it; a flag may stand alone. */
static const struct command_param *shell_option(const struct command *v, char **words, size_t n,
						size_t *at, const char **value)
{
	const char *word = words[*at], *name = word + option_dashes(word);
	const struct command_param *p = name > word ? find_param(v, name, strlen(name)) : NULL;

	if (!p)
		return NULL;
	*value = "true";
	if (p->type != ARG_FLAG)
		*value = *at + 1 < n ? words[++*at] : "";
	return p;
}

static bool unknown_option(const struct command *v, const char *dash, const char *name,
			   const char *eq, struct err *e)
{
	struct nearest near = {.to = name};

	for (const struct command_param *p = v->params; p->name; p++)
		if (strcmp(p->name, "preview") != 0)
			nearest_try(&near, p->name);
	if (near.word)
		return err_set(e, ERR_USAGE, "unknown-option",
			       "there is no option %s%s: did you mean %s%s%s?", dash, name, dash,
			       near.word, eq);
	return err_set(e, ERR_USAGE, "unknown-option", "there is no option %s%s: see help %s", dash,
		       name, v->name);
}

/* name=VALUE or -name of a name that the verb doesn't have? What is in quotes is a text. */
static bool option_known(const struct command *v, const char *word, struct err *e)
{
	const size_t dash = option_dashes(word), len = strcspn(word + dash, "=");
	const bool eq = word[dash + len] == '=';
	char *name = mem_printf("%.*s", (int)len, word + dash);
	const bool meant =
		dash ? isalpha((unsigned char)name[0]) : eq && len && !name[strspn(name, LETTERS)];
	const bool known = !meant || find_param(v, name, len);

	if (!known)
		unknown_option(v, &"--"[2 - dash], name, !dash ? "=" : "", e);
	free(name);
	return known;
}

static bool options_known(const struct command *v, char **words, size_t n, uint32_t quoted,
			  struct err *e)
{
	for (size_t i = 0; v->params && i < n; i++)
		if (!shell_option(v, words, n, &i, &(const char *){NULL}) && !(quoted >> i & 1) &&
		    !option_known(v, words[i], e))
			return false;
	return true;
}

static json_t *words_to_args(const struct command *v, char **words, size_t n, struct err *e)
{
	json_t *args = json_object();
	const struct command_param *next = v->params, *text = NULL;

	if (n >= 2 && swapped_amount(v, words[0], words[1])) {
		char *first = words[0];

		words[0] = words[1];
		words[1] = first;
	}
	for (size_t i = 0; i < n; i++) {
		const char *word = words[i], *eq = strchr(word, '='), *value = eq ? eq + 1 : word;
		const char *name = word + option_dashes(word);
		const struct command_param *p =
			eq > name ? find_param(v, name, (size_t)(eq - name)) : NULL;
		const bool named = p || (p = shell_option(v, words, n, &i, &value));

		/* memo=for lunch */
		if (!named && text && (!next || !next->name || next->optional)) {
			err_set(e, ERR_USAGE, "too-many-arguments",
				"'%s' is too much: a text with blanks goes in quotes, %s=\"%s %s\"",
				word, text->name,
				json_string_value(json_object_get(args, text->name)), word);
			json_decref(args);
			return NULL;
		}
		while (!named && next && next->name && json_object_get(args, next->name))
			next++;
		if (!named) {
			p = next && next->name ? next : NULL;
			next = p ? next + 1 : NULL;
			value = word;
		} else if (json_object_get(args, p->name)) {
			err_set(e, ERR_USAGE, "twice", "%s is given twice: give it once", p->name);
			json_decref(args);
			return NULL;
		}
		if (!p || !utf8_valid(value, strlen(value))) {
			err_set(e, ERR_USAGE, "too-many-arguments", "'%s' is too much: see help %s",
				word, v->name);
			json_decref(args);
			return NULL;
		}
		text = named && p->type == ARG_TEXT ? p : NULL;
		json_object_set_new(args, p->name, json_string(value));
	}
	return args;
}

/* --- doing it --------------------------------------------------------------------- */

struct line_call {
	const struct command *verb;
	bool preview;
	command_line_reply *reply;
	void *arg;
};

static void on_reply(void *arg, json_t *result, const struct err *err, int code)
{
	struct line_call *l = arg;
	char *text;

	(void)code;
	if (err) {
		l->reply(l->arg, COMMAND_LINE_FAILED, err->detail);
	} else {
		text = l->verb->text ? l->verb->text(result) : command_json(result, JSON_INDENT(2));
		l->reply(l->arg, l->preview ? COMMAND_LINE_CONFIRM : COMMAND_LINE_DONE,
			 text ? text : "");
		free(text);
	}
	free(l);
}

static void unknown_verb(const char *name, struct err *e)
{
	static const char *const shell[] = {"startnode", "createblockchain", "reindex"};
	struct nearest near = {.to = name};

	if (strcmp(name, "rpc") == 0) {
		err_set(e, ERR_USAGE, "missing-method",
			"rpc is followed by a method: help lists them");
		return;
	}
	for (size_t i = 0; i < ARRAY_LEN(shell); i++) {
		if (strcmp(name, shell[i]) != 0)
			continue;
		err_set(e, ERR_NOTFOUND, "unknown-command",
			"%s is for a shell, in another terminal: tally %s", name, name);
		return;
	}
	/* Of two as near what the prompt lists, and every method is done here, too. */
	command_nearest(&near, COMMAND_PROMPT);
	for (size_t i = 0; i < ARRAY_LEN(same); i++)
		nearest_try(&near, same[i].shell);
	command_nearest(&near, COMMAND_RPC);
	if (near.word)
		err_set(e, ERR_NOTFOUND, "unknown-command",
			"there is no command '%s': did you mean %s?", name, near.word);
	else
		err_set(e, ERR_NOTFOUND, "unknown-command", "there is no command '%s': see help",
			name);
}

static void line_run(struct node *n, char **words, size_t count, uint32_t quoted,
		     command_line_reply *reply, void *arg)
{
	char *name = words[0];
	const size_t len = strlen(name);
	const bool sure = len > 1 && name[len - 1] == '!';
	const struct command *v;
	struct err err = {0};
	struct line_call *l;
	json_t *args;

	if (sure)
		name[len - 1] = '\0';
	v = line_command(name);
	if (!v) {
		unknown_verb(name, &err);
		reply(arg, COMMAND_LINE_FAILED, err.detail);
		return;
	}
	if (!options_known(v, words + 1, count - 1, quoted >> 1, &err) ||
	    !(args = words_to_args(v, words + 1, count - 1, &err))) {
		reply(arg, COMMAND_LINE_FAILED, err.detail);
		return;
	}
	l = NEW(struct line_call);
	*l = (struct line_call){.verb = v,
				.preview = (v->flags & COMMAND_CONFIRM) && !sure,
				.reply = reply,
				.arg = arg};
	if (l->preview)
		json_object_set_new(args, "preview", json_true());
	node_command(n, v->name, args, on_reply, l);
	json_decref(args);
}

void node_command_line(struct node *n, const char *line, command_line_reply *reply, void *arg)
{
	struct err err = {0};
	char **words;
	uint32_t quoted;
	size_t count;

	if (!split(line_verb_at(line), &words, &count, &quoted, &err)) {
		reply(arg, COMMAND_LINE_FAILED, err.detail);
		return;
	}
	if (count == 0)
		reply(arg, COMMAND_LINE_DONE, "");
	else
		line_run(n, words, count, quoted, reply, arg);
	command_line_free(words, count);
}

char *command_line_confirmed(const char *line)
{
	const char *verb = line_verb_at(line), *end = verb + strcspn(verb, " ");

	return mem_printf("%.*s!%s", (int)(end - line), line, end);
}

/* --- usage and completion ------------------------------------------------------------- */

static const struct command *verb_of_line(const char *line)
{
	char name[64];
	size_t n = 0;

	line = line_verb_at(line);
	while (line[n] && !isspace((unsigned char)line[n]) && line[n] != '!' &&
	       n < sizeof(name) - 1) {
		name[n] = line[n];
		n++;
	}
	name[n] = '\0';
	return n ? line_command(name) : NULL;
}

void command_line_usage(const char *line, char *out, size_t size)
{
	const struct command *v = verb_of_line(line);

	out[0] = '\0';
	if (!v)
		return;
	text_append(out, size, "%s", v->name);
	for (const struct command_param *p = v->params; p && p->name; p++)
		if (strcmp(p->name, "preview") != 0)
			text_append(out, size, p->optional ? " [%s=]" : " %s", p->name);
	text_append(out, size, ": %s", v->summary);
}

struct completion {
	const char *word;
	char (*out)[COMPLETION_CHARS + 1];
	size_t max, n;
};

static void offer(struct completion *c, const char *text)
{
	if (strncmp(text, c->word, strlen(c->word)) != 0 || strlen(text) > COMPLETION_CHARS)
		return;
	if (c->n < c->max)
		snprintf(c->out[c->n], COMPLETION_CHARS + 1, "%s", text);
	c->n++;
}

static void offer_verbs(struct completion *c)
{
	const struct command *v;
	size_t group = 0, at = 0;

	while ((v = command_next(&group, &at)))
		if (v->flags & COMMAND_PROMPT)
			offer(c, v->name);
}

static void offer_labels(const struct node *n, struct completion *c)
{
	struct wallet_address *all = mem_array(LABELS_SHOWN, sizeof(*all));
	const size_t total = wallet_addresses(n->wallet, all, 0, LABELS_SHOWN);
	char text[LABEL_MAX + 2];

	for (size_t i = 0; i < total && i < LABELS_SHOWN; i++) {
		if (!all[i].label[0] || strchr(all[i].label, ' '))
			continue;
		snprintf(text, sizeof(text), "%s%s", c->word[0] == '@' ? "@" : "", all[i].label);
		offer(c, text);
	}
	free(all);
}

static void offer_peers(const struct node *n, struct completion *c)
{
	struct snapshot *s = NEW(struct snapshot);
	char text[16];

	node_snapshot(n, s);
	for (uint32_t i = 0; i < s->n_peers && i < SNAPSHOT_PEERS_MAX; i++) {
		snprintf(text, sizeof(text), "%u", s->peers[i].id);
		offer(c, text);
	}
	free(s);
}

static void offer_args(const struct node *n, const struct command *v, size_t place,
		       struct completion *c)
{
	for (size_t i = 0; v->params && v->params[i].name; i++) {
		const struct command_param *p = &v->params[i];
		char key[COMPLETION_CHARS + 1];

		if (i == place && p->type == ARG_PEER)
			offer_peers(n, c);
		else if (i == place && p->type == ARG_COMMAND)
			offer_verbs(c);
		else if (i == place && p->type == ARG_FLAG && strcmp(p->name, "on") == 0) {
			offer(c, "on");
			offer(c, "off");
		}
		/* An address fits in either of the first two places: `send 5 alice`. */
		if (p->type == ARG_ADDRESS && (i == place || (i == 0 && place == 1)))
			offer_labels(n, c);
		if (p->optional && strcmp(p->name, "preview") != 0) {
			snprintf(key, sizeof(key), "%s=", p->name);
			offer(c, key);
		}
	}
}

size_t command_line_last_word(const char *line, size_t *place, bool *quoted)
{
	size_t at = 0, words = 0;

	*quoted = false;
	for (size_t i = 0; line[i]; i++) {
		if (line[i] == '"')
			*quoted = !*quoted;
		else if (line[i] == '\\' && *quoted && line[i + 1])
			i++;
		else if (line[i] == ' ' && !*quoted) {
			words += i > at;
			at = i + 1;
		}
	}
	*place = words;
	return at;
}

size_t command_line_complete(const struct node *n, const char *line,
			     char (*out)[COMPLETION_CHARS + 1], size_t max)
{
	size_t place;
	bool quoted;
	const size_t at = command_line_last_word(line, &place, &quoted);
	struct completion c = {.word = line + at, .out = out, .max = max};
	const struct command *v = verb_of_line(line);

	/* A text is nobody's to guess. */
	if (quoted)
		return 0;
	if (place == 0)
		offer_verbs(&c);
	else if (v)
		offer_args(n, v, place - 1, &c);
	return MIN(c.n, max);
}
