/* Completion of a line that is being typed at the prompt. */
#include <tally/rpc/completion.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/node/node.h>
#include <tally/node/snapshot.h>
#include <tally/rpc/command_table.h>
#include <tally/wallet/wallet.h>

#include "rpc/line_parser_priv.h"

#define LABELS_SHOWN 256

struct completion {
	const char *word; /* the beginning that was typed */
	char (*out)[COMPLETION_CHARS + 1];
	size_t max, n; /* n: how many there are, of which out has the first max */
};

static void offer(struct completion *c, const char *text)
{
	if (strncmp(text, c->word, strlen(c->word)) != 0 || strlen(text) > COMPLETION_CHARS)
		return;
	if (c->n < c->max)
		snprintf(c->out[c->n], COMPLETION_CHARS + 1, "%s", text);
	c->n++;
}

static void offer_commands(struct completion *c)
{
	const struct command *cmd;
	size_t group = 0, at = 0;

	while ((cmd = command_next(&group, &at)))
		if (cmd->flags & COMMAND_PROMPT)
			offer(c, cmd->name);
}

static void offer_labels(const struct node *n, struct completion *c)
{
	struct wallet_address *all = mem_array(LABELS_SHOWN, sizeof(*all));
	const size_t total = wallet_addresses(node_wallet(n), all, 0, LABELS_SHOWN);
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

/* Offers the values that a parameter of this kind can have. */
static void offer_values(const struct node *n, const struct command_param *p, struct completion *c)
{
	switch (p->type) {
	case ARG_PEER:
		offer_peers(n, c);
		break;
	case ARG_COMMAND:
		offer_commands(c);
		break;
	case ARG_ADDRESS:
		offer_labels(n, c);
		break;
	case ARG_FLAG:
		if (strcmp(p->name, "on") == 0) { /* of the command mine */
			offer(c, "on");
			offer(c, "off");
		}
		break;
	case ARG_TEXT:
	case ARG_AMOUNT:
	case ARG_NUMBER:
	case ARG_HASH:
	case ARG_HEX:
	case ARG_HOSTPORT:
	case ARG_JSON:
		break;
	}
}

/* place: how many arguments precede the word. */
static void offer_args(const struct node *n, const struct command *cmd, size_t place,
		       struct completion *c)
{
	for (size_t i = 0; cmd->params && cmd->params[i].name; i++) {
		const struct command_param *p = &cmd->params[i];
		char key[COMPLETION_CHARS + 1];

		/* An address may follow the amount: `send 5 alice`. */
		if (i == place || (p->type == ARG_ADDRESS && i == 0 && place == 1))
			offer_values(n, p, c);
		if (p->optional && line_lists_param(p)) {
			snprintf(key, sizeof(key), "%s=", p->name);
			offer(c, key);
		}
	}
}

size_t completion_last_word(const char *line, size_t *place, bool *quoted)
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

size_t completion_of(const struct node *n, const char *line, char (*out)[COMPLETION_CHARS + 1],
		     size_t max)
{
	size_t place;
	bool quoted;
	const size_t at = completion_last_word(line, &place, &quoted);
	struct completion c = {.word = line + at, .out = out, .max = max};
	const struct command *cmd = line_command(line);

	if (quoted)
		return 0;
	if (place == 0)
		offer_commands(&c);
	else if (cmd)
		offer_args(n, cmd, place - 1, &c);
	return MIN(c.n, max);
}
