/* Commands given to the node, their answers, and questions to the person. */
#include "tui/app_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/rpc/command.h>

static void first_line(const char *text, char *out, size_t size)
{
	snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
}

/* One line, that the line of messages has room for: anything else is a page. */
static bool is_brief(const struct model *m, const char *text)
{
	const size_t n = strcspn(text, "\n");

	return (!text[n] || !text[n + 1]) && model_flash_holds(m, text, n);
}

void app_ask(struct tui *t, enum question q, const char *text)
{
	t->question = q;
	prompt_ask(&t->model.prompt, text);
}

static void not_done(struct tui *t, const char *command)
{
	char text[FLASH_BYTES];

	snprintf(text, sizeof(text), "not done: %.400s", command);
	model_flash(&t->model, FLASH_NOTE, text);
}

/* The first line of several says too little: often it is a brace. */
static void log_done(const char *command, const char *text, const char *line)
{
	size_t n = 0;

	for (const char *at = text; *at; n++) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (n > 1)
		log_info(LOG_TUI, "%s: answered, %zu lines", command, n);
	else if (line[0])
		log_info(LOG_TUI, "%s: %s", command, line);
}

static void answer(struct tui *t, const struct asked *a, enum command_line_kind kind,
		   const char *text)
{
	const char *command = a->line;
	char line[FLASH_BYTES];

	first_line(text, line, sizeof(line));
	switch (kind) {
	case COMMAND_LINE_CONFIRM:
		/* It comes later where blocks are being moved: what is written meanwhile keeps the keys. */
		if (t->model.prompt.kind != PROMPT_CLOSED) {
			not_done(t, command);
			break;
		}
		snprintf(t->command, sizeof(t->command), "%s", command);
		app_ask(t, ASK_COMMAND, line);
		break;
	case COMMAND_LINE_FAILED:
		model_flash(&t->model, FLASH_BAD, line);
		/* It stands there to be mended. */
		if (a->typed && t->model.prompt.kind == PROMPT_CLOSED)
			prompt_refused(&t->model.prompt, command);
		log_warn(LOG_TUI, "%s: %s", command, line);
		break;
	case COMMAND_LINE_DONE:
		if (!is_brief(&t->model, text))
			model_show(&t->model, OVERLAY_TEXT, command, text);
		else if (line[0])
			model_flash(&t->model, FLASH_GOOD, line);
		log_done(command, text, line);
		break;
	}
	app_want_frame(t);
}

/* Mining a block, or asking for an address, takes its time: the last one that is not answered is told of until it is. */
static void tell_under_way(struct tui *t)
{
	const struct asked *a;

	t->model.under_way[0] = '\0';
	if (list_empty(&t->asked))
		return;
	a = list_entry(t->asked.prev, struct asked, link);
	snprintf(t->model.under_way, FLASH_BYTES, "under way: %.400s", a->line);
}

static void on_reply(void *arg, enum command_line_kind kind, const char *text)
{
	struct asked *a = arg;

	list_del(&a->link);
	if (a->tui) {
		answer(a->tui, a, kind, text);
		tell_under_way(a->tui);
	}
	free(a->line);
	free(a);
}

void app_command(struct tui *t, const char *line, bool typed)
{
	struct asked *a = NEW(struct asked);

	a->tui = t;
	a->typed = typed;
	a->line = mem_strdup(line);
	list_add(&t->asked, &a->link);
	node_command_line(t->node, line, on_reply, a);
	tell_under_way(t);
	/* An answer that comes later must not take the keys from what is done meanwhile. */
	list_each (it, &t->asked)
		list_entry(it, struct asked, link)->typed = false;
}

void app_leave_asked(struct tui *t)
{
	list_each_safe (it, &t->asked) {
		list_entry(it, struct asked, link)->tui = NULL;
		list_del(it);
	}
}

/* The same again, unasked: it was asked about and answered with y. */
static void do_confirmed(struct tui *t)
{
	char *line = command_line_confirmed(t->command);

	app_command(t, line, false);
	free(line);
}

void app_answered(struct tui *t)
{
	const enum question q = t->question;

	t->question = ASK_NOTHING;
	if (q == ASK_QUIT)
		node_stop(t->node, "asked to at the console");
	else if (q == ASK_COMMAND)
		do_confirmed(t);
}

void app_cancelled(struct tui *t)
{
	prompt_close(&t->model.prompt);
	if (t->question == ASK_COMMAND)
		not_done(t, t->command);
	t->question = ASK_NOTHING;
}
