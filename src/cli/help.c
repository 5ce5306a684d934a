#include "cli/help_priv.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/text.h>

#include "cli/commands_priv.h"

#define HELP_COLUMN 27 /* where the text of an option begins */
#define LINE_CHARS  80
#define TEXT_BYTES  512

static void print_commands(FILE *out)
{
	for (size_t i = 0; cli_commands[i]; i++)
		fprintf(out, "  %-17s %s\n", cli_commands[i]->name, cli_commands[i]->summary);
}

void help_print_usage(void)
{
	fprintf(stderr, "usage: tally [OPTION...] COMMAND [OPTION...]\n\ncommands:\n");
	print_commands(stderr);
	fprintf(stderr, "\nSee tally --help, or tally COMMAND --help for one command.\n");
}

/* Prints words up to column 80 and continues at HELP_COLUMN. */
static void print_wrapped(const char *text)
{
	size_t column = HELP_COLUMN;

	while (*text) {
		const size_t len = strcspn(text, " ");

		if (column > HELP_COLUMN && column + 1 + len > LINE_CHARS) {
			printf("\n%*s", HELP_COLUMN, "");
			column = HELP_COLUMN;
		} else if (column > HELP_COLUMN) {
			putchar(' ');
			column++;
		}
		printf("%.*s", (int)len, text);
		column += len;
		text += len + strspn(text + len, " ");
	}
	putchar('\n');
}

static void print_option(const char *name, const char *value_name, const char *text)
{
	char left[64];

	snprintf(left, sizeof(left), "  -%s%s%s", name, value_name ? " " : "",
		 value_name ? value_name : "");
	if (strlen(left) < HELP_COLUMN)
		printf("%-*s", HELP_COLUMN, left);
	else
		printf("%s\n%*s", left, HELP_COLUMN, "");
	print_wrapped(text);
}

static void print_setting(const struct setting *s)
{
	const char *shown = s->default_help ? s->default_help : s->default_value;
	char text[TEXT_BYTES] = "";

	text_append(text, sizeof(text), "%s", s->help);
	if (s->kind == SETTING_NUMBER)
		text_append(text, sizeof(text), " (%llu to %llu%s", (unsigned long long)s->min,
			    (unsigned long long)s->max, shown ? "; " : ")");
	else if (shown)
		text_append(text, sizeof(text), " (");
	if (shown)
		text_append(text, sizeof(text), "default: %s)", shown);
	print_option(s->name, s->value_name, text);
}

static void print_settings(unsigned place)
{
	for (const struct setting *s = config_settings; s->name; s++)
		if (s->places & place)
			print_setting(s);
}

static void print_program(void)
{
	printf("usage: tally [OPTION...] COMMAND [OPTION...]\n\n"
	       "A blockchain node with a console. Options take one dash or two.\n\ncommands:\n");
	print_commands(stdout);
	printf("\noptions of every command:\n");
	print_settings(SETTING_ANY_COMMAND);
	printf("\nSee tally COMMAND --help, tally(1) and tally.conf(5).\n");
}

static void print_command_usage(const struct cli_command *c)
{
	printf("usage: tally %s", c->name);
	for (const struct cli_option *o = c->options; o && o->name; o++)
		if (o->required)
			printf(" -%s %s", o->name, o->value_name);
	printf("%s%s%s\n", c->options || c->takes_settings ? " [OPTION...]" : "",
	       c->words ? " " : "", c->words ? c->words : "");
}

void help_print(const struct cli_command *c)
{
	if (!c) {
		print_program();
		return;
	}
	print_command_usage(c);
	printf("\n%c%s.\n", toupper((unsigned char)c->summary[0]), c->summary + 1);
	if (c->options || c->takes_settings)
		printf("\noptions:\n");
	for (const struct cli_option *o = c->options; o && o->name; o++)
		print_option(o->name, o->value_name, o->help);
	if (c->takes_settings)
		print_settings(SETTING_STARTNODE);
	printf("\nSee tally --help for the options of every command.\n");
}
