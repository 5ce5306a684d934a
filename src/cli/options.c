/* The command line: settings, the command, its options. One dash or two. */
#include <stdio.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

#include "cli/cli_priv.h"

#define OPTION_CHARS 64 /* of a name, the NUL counted */

static bool unknown_option(const struct invocation *in, const char *name, struct err *e)
{
	struct nearest near = {.to = name};

	for (const struct option_row *o = in->command ? in->command->options : NULL; o && o->name;
	     o++)
		nearest_try(&near, o->name);
	for (const struct setting *s = config_settings; s->name; s++)
		nearest_try(&near, s->name);
	if (near.word)
		return err_set(e, ERR_USAGE, "unknown-option",
			       "there is no option -%s: did you mean -%s?", name, near.word);
	return err_set(e, ERR_USAGE, "unknown-option",
		       "there is no option -%s: see tally %s%s--help", name,
		       in->command ? in->command->name : "", in->command ? " " : "");
}

static bool unknown_command(const char *name, struct err *e)
{
	struct nearest near = {.to = name};
	const struct command *v = command_find(name);

	if (v && v->flags & COMMAND_RPC)
		return err_set(e, ERR_USAGE, "unknown-command",
			       "there is no command '%s': tally rpc %s calls the method, tally rpc "
			       "help %s tells about it",
			       name, name, name);
	for (const struct command_row *c = commands; c->name; c++)
		nearest_try(&near, c->name);
	if (near.word)
		return err_set(e, ERR_USAGE, "unknown-command",
			       "there is no command '%s': did you mean %s?", name, near.word);
	return err_set(e, ERR_USAGE, "unknown-command",
		       "there is no command '%s': see tally --help", name);
}

static const struct option_row *find_option(const struct invocation *in, const char *name,
					    size_t *at)
{
	*at = 0;
	for (const struct option_row *o = in->command ? in->command->options : NULL; o && o->name;
	     o++, ++*at)
		if (strcmp(o->name, name) == 0)
			return o;
	return NULL;
}

/* A flag needs no value: -listen 0, but also a bare -headless. Behind a command any word is meant for it; before one it
 * may be the command. */
static const char *flag_value(const struct invocation *in, int argc, char **argv, int *i)
{
	static const char *const words[] = {"0", "1", "true", "false", "yes", "no", "on", "off"};
	const bool any = in->command && !in->command->words;
	bool taken = any && *i + 1 < argc && argv[*i + 1][0] != '-';

	for (size_t k = 0; !taken && *i + 1 < argc && k < ARRAY_LEN(words); k++)
		taken = strcmp(argv[*i + 1], words[k]) == 0;
	return taken ? argv[++*i] : "1";
}

/* -connect, --connect=HOST, where there is such an option; not -5. */
static bool names_option(const struct invocation *in, const char *word)
{
	const char *name = word + (word[0] == '-') + (word[0] == '-' && word[1] == '-');
	char text[OPTION_CHARS];
	size_t at;

	if (name == word)
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)strcspn(name, "="), name);
	return find_option(in, text, &at) || config_find(text);
}

/* The value of an option: behind '=', or the next word. arg: what it is called in help; NULL: a flag. */
static bool take_value(const struct invocation *in, const char *name, const char *eq,
		       const char *arg, int argc, char **argv, int *i, const char **out,
		       struct err *e)
{
	if (eq)
		*out = eq + 1;
	else if (!arg)
		*out = flag_value(in, argc, argv, i);
	else if (*i + 1 >= argc || names_option(in, argv[*i + 1]))
		return err_set(e, ERR_USAGE, "missing-value", "-%s needs a value: -%s %s", name,
			       name, arg);
	else
		*out = argv[++*i];
	return true;
}

static bool set_setting(struct invocation *in, const struct setting *s, const char *value,
			struct err *e)
{
	if (!(s->places & SETTING_ANY_COMMAND) && !(in->command && in->command->settings))
		return err_set(e, ERR_USAGE, "wrong-option",
			       "-%s is an option of startnode: not of %s", s->name,
			       in->command ? in->command->name : "tally itself");
	in->given |= config_bit(s);
	return config_set(&in->config, s, value, e);
}

static bool read_option(struct invocation *in, int argc, char **argv, int *i, struct err *e)
{
	const char *text = argv[*i] + (argv[*i][1] == '-' ? 2 : 1), *eq = strchr(text, '='), *value;
	const struct option_row *o;
	const struct setting *s;
	char name[OPTION_CHARS];
	size_t at;

	snprintf(name, sizeof(name), "%.*s", eq ? (int)(eq - text) : (int)strlen(text), text);
	if (strcmp(name, "help") == 0 || strcmp(name, "h") == 0)
		return in->help = true;
	if (strcmp(name, "version") == 0 && !in->command)
		return in->version = true;
	o = find_option(in, name, &at);
	s = config_find(name);
	if (o) {
		if (in->values[at])
			return err_set(e, ERR_USAGE, "twice", "-%s is given twice: give it once",
				       name);
		return take_value(in, name, eq, o->arg, argc, argv, i, &in->values[at], e);
	}
	if (s)
		return take_value(in, name, eq, s->kind == SETTING_FLAG ? NULL : s->value_name,
				  argc, argv, i, &value, e) &&
		       set_setting(in, s, value, e);
	return unknown_option(in, name, e);
}

static bool meant(const struct invocation *in, const struct option_row *o, const char *word,
		  struct err *e)
{
	return err_set(e, ERR_USAGE, "extra-word", "'%s' is too much for %s: did you mean -%s %s?",
		       word, in->command->name, o->name, word);
}

static bool read_word(struct invocation *in, const char *word, struct err *e)
{
	const struct option_row *first = in->command ? in->command->options : NULL;

	/* getbalance NAME, send ADDRESS: the option was forgotten, one that is needed first of all. */
	for (size_t k = 0; first && first[k].name; k++)
		if (first[k].arg && first[k].required && !in->values[k])
			return meant(in, &first[k], word, e);
	if (first && first->name && first->arg && !in->values[0])
		return meant(in, first, word, e);
	if (in->command)
		return err_set(e, ERR_USAGE, "extra-word",
			       "'%s' is too much for %s: see tally %s --help", word,
			       in->command->name, in->command->name);
	/* "tally help send" is what "tally send --help" is. */
	if (!in->help && strcmp(word, "help") == 0)
		return in->help = true;
	for (const struct command_row *c = commands; c->name; c++)
		if (strcmp(c->name, word) == 0)
			in->command = c;
	return in->command || unknown_command(word, e);
}

bool invocation_read(struct invocation *in, int argc, char **argv, struct err *e)
{
	*in = (struct invocation){0};
	config_init(&in->config);
	for (int i = 1; i < argc; i++) {
		const bool option = argv[i][0] == '-' && argv[i][1];

		if (in->command && in->command->words && (!option || in->n_words)) {
			/* rpc METHOD ARG…: everything from here on is its own */
			in->words = (const char *const *)&argv[i];
			in->n_words = (size_t)(argc - i);
			break;
		}
		if (!(option ? read_option(in, argc, argv, &i, e) : read_word(in, argv[i], e)))
			return false;
	}
	if (in->help || in->version || !in->command)
		return true;
	for (size_t k = 0; in->command->options && in->command->options[k].name; k++)
		if (in->command->options[k].required && !in->values[k])
			return err_set(e, ERR_USAGE, "missing-option",
				       "%s needs -%s %s: see tally %s --help", in->command->name,
				       in->command->options[k].name, in->command->options[k].arg,
				       in->command->name);
	return config_finish(&in->config, in->given, e);
}

const char *option_value(const struct invocation *in, const char *name)
{
	size_t at;

	return find_option(in, name, &at) ? in->values[at] : NULL;
}

/* --- help ---------------------------------------------------------------------------- */

void print_usage(void)
{
	fprintf(stderr,
		"usage: tally [--home DIR] [--node-id N] COMMAND [OPTION...]\n\ncommands:\n");
	for (const struct command_row *c = commands; c->name; c++)
		fprintf(stderr, "  %-17s %s\n", c->name, c->summary);
	fprintf(stderr, "\ntally --help tells more, tally COMMAND --help about one command\n");
}

static void print_option(const char *name, const char *arg, const char *help, const char *fallback)
{
	char left[48];

	snprintf(left, sizeof(left), "-%s%s%s", name, arg ? " " : "", arg ? arg : "");
	printf("  %-24s %s", left, help);
	if (fallback)
		printf(" (default: %s)", fallback);
	printf("\n");
}

static void print_settings(unsigned place)
{
	for (const struct setting *s = config_settings; s->name; s++)
		if (s->places & place)
			print_option(s->name, s->value_name, s->help,
				     s->default_help ? s->default_help : s->default_value);
}

void print_help(const struct command_row *c)
{
	if (!c) {
		printf("usage: tally [--home DIR] [--node-id N] COMMAND [OPTION...]\n\n"
		       "A blockchain node with a console. Options take one dash or two.\n\ncommands:\n");
		for (c = commands; c->name; c++)
			printf("  %-17s %s\n", c->name, c->summary);
		printf("\noptions of every command:\n");
		print_settings(SETTING_ANY_COMMAND);
		printf("\nSee tally(1) and tally.conf(5).\n");
		return;
	}
	printf("usage: tally %s%s%s%s\n\n%s.\n", c->name,
	       c->options || c->settings ? " [OPTION...]" : "", c->words ? " " : "",
	       c->words ? c->words : "", c->summary);
	if (c->options || c->settings)
		printf("\noptions:\n");
	for (const struct option_row *o = c->options; o && o->name; o++)
		print_option(o->name, o->arg, o->help, NULL);
	if (c->settings)
		print_settings(SETTING_STARTNODE);
}
