#include "cli/options_priv.h"

#include <stdio.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/rpc/command_table.h>

#include "cli/commands_priv.h"
#include "cli/invocation_priv.h"

#define OPTION_NAME_BYTES 64

/* The command line as far as it is parsed: argv[at] is the present word. */
struct parser {
	struct invocation *in;
	char **argv;
	int argc, at;
	struct err *e;
};

/* --- errors -------------------------------------------------------------------------- */

static bool unknown_option(struct parser *p, const char *name)
{
	const struct cli_command *c = p->in->command;
	struct nearest near = {.to = name};

	for (const struct cli_option *o = c ? c->options : NULL; o && o->name; o++)
		nearest_try(&near, o->name);
	for (const struct setting *s = config_settings; s->name; s++)
		nearest_try(&near, s->name);
	if (near.word)
		return err_set(p->e, ERR_USAGE, "unknown-option",
			       "there is no option -%s: did you mean -%s?", name, near.word);
	return err_set(p->e, ERR_USAGE, "unknown-option",
		       "there is no option -%s: see tally %s%s--help", name, c ? c->name : "",
		       c ? " " : "");
}

static bool unknown_command(struct parser *p, const char *name)
{
	const struct command *rpc = command_find(name);
	struct nearest near = {.to = name};

	if (rpc && rpc->flags & COMMAND_RPC)
		return err_set(p->e, ERR_USAGE, "unknown-command",
			       "'%s' is an RPC command: use tally rpc %s, or see tally rpc help %s",
			       name, name, name);
	for (size_t i = 0; cli_commands[i]; i++)
		nearest_try(&near, cli_commands[i]->name);
	if (near.word)
		return err_set(p->e, ERR_USAGE, "unknown-command",
			       "there is no command '%s': did you mean %s?", name, near.word);
	return err_set(p->e, ERR_USAGE, "unknown-command",
		       "there is no command '%s': see tally --help", name);
}

/* An argument without its option, as in `getbalance NAME` or `send ADDRESS`: suggests a required
 * option that is missing, else the first option. */
static bool unexpected_word(struct parser *p, const char *word)
{
	const struct cli_command *c = p->in->command;
	const struct cli_option *meant = NULL;

	for (size_t i = 0; c->options && c->options[i].name && !meant; i++)
		if (c->options[i].value_name && c->options[i].required && !p->in->values[i])
			meant = &c->options[i];
	if (!meant && c->options && c->options[0].value_name && !p->in->values[0])
		meant = &c->options[0];
	if (meant)
		return err_set(p->e, ERR_USAGE, "extra-word",
			       "unexpected argument '%s' of %s: did you mean -%s %s?", word,
			       c->name, meant->name, word);
	return err_set(p->e, ERR_USAGE, "extra-word",
		       "unexpected argument '%s' of %s: see tally %s --help", word, c->name,
		       c->name);
}

/* --- options ------------------------------------------------------------------------- */

static const char *next_word(const struct parser *p)
{
	return p->at + 1 < p->argc ? p->argv[p->at + 1] : NULL;
}

/* A flag may have a value (-listen 0) or none (-headless). After a command the next word is its
 * value unless it is an option. Before a command, or for a command that takes words, only the words
 * that a flag accepts are: any other may be the command or an argument of it. */
static const char *flag_value(struct parser *p)
{
	const char *next = next_word(p);
	const bool command_takes_none = p->in->command && !p->in->command->words;
	bool flag;

	if (next && ((command_takes_none && next[0] != '-') || parse_flag(next, &flag)))
		return p->argv[++p->at];
	return "1";
}

/* True for a word such as -connect or --connect=HOST, if there is such an option; false for -5. */
static bool names_option(const struct parser *p, const char *word)
{
	const char *name = word + option_dashes(word);
	char text[OPTION_NAME_BYTES];

	snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, "="), name);
	return name != word &&
	       (invocation_option(p->in, text) < CLI_OPTIONS_MAX || config_find(text));
}

/* The value of the present option: after '=', or the next word. value_name NULL: a flag. Returns NULL
 * and sets an error if it is missing. */
static const char *option_value(struct parser *p, const char *name, const char *value_name)
{
	const char *equals = strchr(p->argv[p->at], '='), *next = next_word(p);

	if (equals)
		return equals + 1;
	if (!value_name)
		return flag_value(p);
	if (next && !names_option(p, next))
		return p->argv[++p->at];
	err_set(p->e, ERR_USAGE, "missing-value", "-%s needs a value: -%s %s", name, name,
		value_name);
	return NULL;
}

static bool parse_setting(struct parser *p, const struct setting *s)
{
	struct invocation *in = p->in;
	const char *value =
		option_value(p, s->name, s->kind == SETTING_FLAG ? NULL : s->value_name);

	if (!value)
		return false;
	if (!(s->places & SETTING_ANY_COMMAND) && !(in->command && in->command->takes_settings))
		return err_set(p->e, ERR_USAGE, "wrong-option",
			       in->command
				       ? "-%s is an option of startnode, not of %s: leave it out"
				       : "-%s is an option of startnode: give it after that word",
			       s->name, in->command ? in->command->name : "");
	in->given |= config_bit(s);
	return config_set(&in->config, s, value, p->e);
}

static bool parse_option(struct parser *p)
{
	struct invocation *in = p->in;
	const char *text = p->argv[p->at] + option_dashes(p->argv[p->at]);
	const struct setting *s;
	char name[OPTION_NAME_BYTES];
	size_t at;

	snprintf(name, sizeof(name), "%.*s", (int)strcspn(text, "="), text);
	if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0)
		return in->help = true;
	if (strcmp(name, "version") == 0 && !in->command)
		return in->version = true;
	at = invocation_option(in, name);
	if (at < CLI_OPTIONS_MAX) {
		if (in->values[at])
			return err_set(p->e, ERR_USAGE, "twice", "-%s is given twice: give it once",
				       name);
		in->values[at] = option_value(p, name, in->command->options[at].value_name);
		return in->values[at] != NULL;
	}
	s = config_find(name);
	return s ? parse_setting(p, s) : unknown_option(p, name);
}

/* --- words --------------------------------------------------------------------------- */

static bool parse_word(struct parser *p)
{
	const char *word = p->argv[p->at];

	if (p->in->command)
		return unexpected_word(p, word);
	/* `tally help send` is `tally send --help`. */
	if (!p->in->help && strcmp(word, "help") == 0)
		return p->in->help = true;
	p->in->command = cli_command_find(word);
	return p->in->command || unknown_command(p, word);
}

static bool parse_words(struct parser *p)
{
	struct invocation *in = p->in;

	for (p->at = 1; p->at < p->argc; p->at++) {
		const char *word = p->argv[p->at];
		const bool option = word[0] == '-' && word[1];

		if (in->command && in->command->words && !option) {
			/* rpc COMMAND ARG...: all the rest is for the command */
			in->words = (const char *const *)&p->argv[p->at];
			in->n_words = (size_t)(p->argc - p->at);
			return true;
		}
		if (!(option ? parse_option(p) : parse_word(p)))
			return false;
	}
	return true;
}

static bool check_required(const struct invocation *in, struct err *e)
{
	const struct cli_command *c = in->command;

	for (size_t i = 0; c->options && c->options[i].name; i++)
		if (c->options[i].required && !in->values[i])
			return err_set(e, ERR_USAGE, "missing-option",
				       "%s needs -%s %s: see tally %s --help", c->name,
				       c->options[i].name, c->options[i].value_name, c->name);
	return true;
}

bool options_parse(struct invocation *in, int argc, char **argv, struct err *e)
{
	struct parser p = {.in = in, .argv = argv, .argc = argc, .e = e};

	*in = (struct invocation){0};
	config_init(&in->config);
	if (!parse_words(&p))
		return false;
	if (in->help || in->version || !in->command)
		return true;
	return check_required(in, e) && config_finish(&in->config, in->given, e);
}
