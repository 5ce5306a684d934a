/* The table of all commands, and the help that is made from it. */
#include <tally/rpc/command_table.h>

#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "rpc/commands_priv.h"

#define HELP_BYTES     16384
#define CATEGORIES_MAX 16

static const struct command *const groups[] = {
	commands_chain,  commands_block, commands_coins,   commands_mempool, commands_mining,
	commands_net,    commands_join,  commands_connect, commands_bans,    commands_addrs,
	commands_wallet, commands_pay,   commands_node,
};

const struct command *command_next(size_t *group, size_t *at)
{
	while (*group < ARRAY_LEN(groups)) {
		const struct command *cmd = &groups[*group][*at];

		if (cmd->name) {
			++*at;
			return cmd;
		}
		++*group;
		*at = 0;
	}
	return NULL;
}

const struct command *command_find(const char *name)
{
	const struct command *cmd;
	size_t group = 0, at = 0;

	while ((cmd = command_next(&group, &at)))
		if (strcmp(cmd->name, name) == 0)
			return cmd;
	return NULL;
}

void command_nearest(struct nearest *near, unsigned flag)
{
	const struct command *cmd;
	size_t group = 0, at = 0;

	while ((cmd = command_next(&group, &at)))
		if (cmd->flags & flag)
			nearest_try(near, cmd->name);
}

/* --- help ------------------------------------------------------------------------------ */

/* "getblock blockhash [verbosity]" */
static void usage_of(const struct command *cmd, char *out, size_t size)
{
	out[0] = '\0';
	text_append(out, size, "%s", cmd->name);
	for (const struct command_param *p = cmd->params; p && p->name; p++)
		text_append(out, size, p->optional ? " [%s]" : " %s", p->name);
}

static void help_about(const struct command *cmd, char *text)
{
	char usage[256];

	usage_of(cmd, usage, sizeof(usage));
	text_append(text, HELP_BYTES, "%s\n%s\n", usage, cmd->summary);
	for (const struct command_param *p = cmd->params; p && p->name; p++)
		text_append(text, HELP_BYTES, "  %-12s %s\n", p->name, p->help);
}

/* The commands of one category, which may be in several groups of the table. */
static void help_category(const char *category, char *text)
{
	const struct command *cmd;
	size_t group = 0, at = 0;
	char usage[256];

	text_append(text, HELP_BYTES, "%s== %s ==\n", *text ? "\n" : "", category);
	while ((cmd = command_next(&group, &at))) {
		if (!(cmd->flags & COMMAND_RPC) || strcmp(cmd->category, category) != 0)
			continue;
		usage_of(cmd, usage, sizeof(usage));
		text_append(text, HELP_BYTES, "%s  (%s)\n", usage, cmd->summary);
	}
}

static void help_all(char *text)
{
	const char *seen[CATEGORIES_MAX];
	const struct command *cmd;
	size_t group = 0, at = 0, n = 0, i;

	while ((cmd = command_next(&group, &at))) {
		for (i = 0; i < n && strcmp(seen[i], cmd->category) != 0; i++)
			;
		if (i < n || n == ARRAY_LEN(seen))
			continue;
		seen[n++] = cmd->category;
		help_category(cmd->category, text);
	}
}

char *command_help(const char *name, struct err *e)
{
	const struct command *cmd = name ? command_find(name) : NULL;
	char *text;

	if (name && !cmd) {
		err_set(e, ERR_NOTFOUND, "unknown-command",
			"there is no command '%s': help without a name lists all", name);
		return NULL;
	}
	text = mem_zalloc(HELP_BYTES);
	if (cmd)
		help_about(cmd, text);
	else
		help_all(text);
	return text;
}
