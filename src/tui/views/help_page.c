#include "tui/views/help_page_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/rpc/command_line.h>
#include <tally/rpc/command_table.h>
#include "tui/model/overlay_priv.h"
#include "tui/views/views_priv.h"

#define HELP_BYTES 16384

static void help_commands(char *text)
{
	const struct command *v;
	size_t group = 0, at = 0;
	char usage[256];

	text_append(text, HELP_BYTES, "\nCommands (after :)\n");
	while ((v = command_next(&group, &at))) {
		if (!(v->flags & COMMAND_PROMPT))
			continue;
		command_line_usage(v->name, usage, sizeof(usage));
		text_append(text, HELP_BYTES, "  %s\n", usage);
	}
	text_append(
		text, HELP_BYTES,
		"  A label can replace its address: alice, or @alice if the label looks like an address.\n"
		"  '!' after a command skips its confirmation: send! alice 5. Quote values with blanks: "
		"memo=\"for lunch\".\n");
}

static void help_filters(char *text)
{
	text_append(
		text, HELP_BYTES,
		"\nFilters (after \\)\n"
		"  block !ping  rows that contain 'block' and do not contain 'ping'\n"
		"  cmd=block    rows whose field cmd is 'block'; cmd!=ping: is not 'ping'\n"
		"  tx=00d11c    a hash or an address by its first characters, or as shown: tx=00d11c..21\n"
		"  height>50    a number greater than 50; also <, >= and <=. The fields are:\n");
	for (int p = 0; p < PANELS; p++)
		if (views_all[p]->fields)
			text_append(text, HELP_BYTES, "  %-12s %s\n", views_all[p]->name,
				    views_all[p]->fields);
	for (int p = 0; p < PANELS; p++)
		if (views_all[p]->fields_help)
			text_append(text, HELP_BYTES, "  %s\n", views_all[p]->fields_help);
}

/* The row of the digit keys: lists the views that have a screen. */
static void help_digits(char keys[HELP_KEY_BYTES], char help[HELP_KEY_BYTES])
{
	int last = SCREEN_DASHBOARD;

	snprintf(help, HELP_KEY_BYTES, "dashboard");
	for (int p = 0; p < PANELS; p++)
		if (views_all[p]->help_word) {
			text_append(help, HELP_KEY_BYTES, ", %s", views_all[p]->help_word);
			last = SCREEN_FIRST + p;
		}
	snprintf(keys, HELP_KEY_BYTES, "%d .. %d", SCREEN_DASHBOARD, last);
}

void help_key(const struct key_row *k, char keys[HELP_KEY_BYTES], char help[HELP_KEY_BYTES])
{
	if (k->action == ACT_SCREEN) {
		help_digits(keys, help);
		return;
	}
	snprintf(keys, HELP_KEY_BYTES, "%s", k->shown);
	snprintf(help, HELP_KEY_BYTES, "%s", k->help);
}

static void help_keys(char *text)
{
	char keys[HELP_KEY_BYTES], help[HELP_KEY_BYTES];

	for (int s = 0; s < KEYS_SECTIONS; s++) {
		text_append(text, HELP_BYTES, "%s%s\n", s ? "\n" : "", key_section_names[s]);
		for (size_t i = 0; i < n_key_rows; i++) {
			if ((int)key_rows[i].section != s)
				continue;
			help_key(&key_rows[i], keys, help);
			text_append(text, HELP_BYTES, "  %-12s %s\n", keys, help);
		}
	}
}

char *help_text(void)
{
	char *text = mem_zalloc(HELP_BYTES);

	help_keys(text);
	text_append(
		text, HELP_BYTES,
		"\nMarks\n"
		"  n3000 FULL   this node's number; MINER while it mines, otherwise FULL\n"
		"  h12 00e1..b1 height, hash and age of the best block\n"
		"  4p 3tx       number of peers, and of unconfirmed transactions\n"
		"  48.50+2.00   spendable coins, and unconfirmed ones\n"
		"  i o m f      a peer: inbound, outbound, manual (connect, -connect) or feeler (tests an address)\n"
		"  :3001        the port that a peer listens on if known, otherwise that of its connection\n"
		"  1041!        the height of a peer whose best block is not ours\n"
		"  < >          a message received or sent, and the peer's number\n"
		"  * o \\ +      a block: the tip, on the best chain, on another branch, not connected yet\n");
	help_filters(text);
	help_commands(text);
	return text;
}

void help_open(struct model *m)
{
	char *text = help_text();

	overlay_open(m, OVERLAY_HELP, "Help", text);
	free(text);
}
