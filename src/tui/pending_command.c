#include "tui/pending_command_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/rpc/command_line.h>
#include "tui/redraw_priv.h"
#include "tui/model/flash_priv.h"
#include "tui/model/overlay_priv.h"

struct pending_command {
	struct list link; /* in tui.pending */
	struct tui *tui;  /* NULL: the console is closed */
	bool typed;       /* it was typed at the prompt, and no key was pressed since */
	char *line;
};

static void first_line(const char *text, char *out, size_t size)
{
	snprintf(out, size, "%.*s", (int)strcspn(text, "\n"), text);
}

/* True if the text is one line that fits the notice line. Any other answer is shown as a page. */
static bool is_brief(const struct model *m, const char *text)
{
	const size_t n = strcspn(text, "\n");

	return (!text[n] || !text[n + 1]) && model_flash_fits(m, text, n);
}

void question_ask(struct tui *t, enum question q, const char *text)
{
	t->question = q;
	prompt_ask(&t->model.prompt, text);
}

static void report_cancelled(struct tui *t, const char *command)
{
	char text[FLASH_BYTES];

	snprintf(text, sizeof(text), "cancelled: %.400s", command);
	model_flash(&t->model, FLASH_NOTE, text);
}

/* Of a JSON answer the first line is only a brace, so the number of lines is logged instead. */
static void log_answer(const char *command, const char *text, const char *line)
{
	size_t n = 0;

	for (const char *at = text; *at; n++) {
		at += strcspn(at, "\n");
		at += *at == '\n';
	}
	if (n > 1)
		log_info(LOG_TUI, "%s: answer of %zu lines", command, n);
	else if (line[0])
		log_info(LOG_TUI, "%s: %s", command, line);
}

/* line NULL: no question is open any more. */
static void keep_confirm(struct tui *t, const char *line)
{
	free(t->confirm);
	t->confirm = line ? mem_strdup(line) : NULL;
}

static void show_answer(struct tui *t, const struct pending_command *a,
			const struct command_line_answer *got)
{
	const char *command = a->line, *text = got->text;
	char line[FLASH_BYTES];

	first_line(text, line, sizeof(line));
	switch (got->kind) {
	case COMMAND_LINE_CONFIRM:
		/* The node may answer late, while it connects blocks. A prompt that was opened
		 * since then must not be replaced by the question. */
		if (t->model.prompt.kind != PROMPT_CLOSED) {
			t->source->ops->cancel_command(t->source, got->confirm);
			report_cancelled(t, command);
			break;
		}
		keep_confirm(t, got->confirm);
		snprintf(t->command, sizeof(t->command), "%s", command);
		question_ask(t, ASK_COMMAND, line);
		break;
	case COMMAND_LINE_FAILED:
		model_flash(&t->model, FLASH_BAD, line);
		/* The prompt shows the command again, to be corrected. */
		if (a->typed && t->model.prompt.kind == PROMPT_CLOSED)
			prompt_refused(&t->model.prompt, command);
		log_warn(LOG_TUI, "%s: %s", command, line);
		break;
	case COMMAND_LINE_DONE:
		if (!is_brief(&t->model, text))
			overlay_open(&t->model, OVERLAY_TEXT, command, text);
		else if (line[0])
			model_flash(&t->model, FLASH_GOOD, line);
		log_answer(command, text, line);
		break;
	}
	redraw_soon(t);
}

/* Some commands take seconds (mining a block). Shows the newest one that is not answered yet. */
static void show_running(struct tui *t)
{
	const struct pending_command *a;

	t->model.running[0] = '\0';
	if (list_empty(&t->pending))
		return;
	a = list_entry(t->pending.prev, struct pending_command, link);
	snprintf(t->model.running, FLASH_BYTES, "running: %.400s", a->line);
}

static void on_reply(void *arg, const struct command_line_answer *got)
{
	struct pending_command *a = arg;

	list_del(&a->link);
	if (a->tui) {
		show_answer(a->tui, a, got);
		show_running(a->tui);
	}
	free(a->line);
	free(a);
}

/* shown: the line as the user knows it. */
static void run_line(struct tui *t, const char *line, const char *shown, bool typed)
{
	struct pending_command *a = NEW(struct pending_command);

	a->tui = t;
	a->typed = typed;
	a->line = mem_strdup(shown);
	list_add(&t->pending, &a->link);
	t->source->ops->run_command(t->source, line, on_reply, a);
	show_running(t);
	/* The command was not answered at once. When it fails later, it must not reopen the
	 * prompt, because the person may be typing something else. */
	list_each (it, &t->pending)
		list_entry(it, struct pending_command, link)->typed = false;
}

void command_run(struct tui *t, const char *line, bool typed)
{
	run_line(t, line, line, typed);
}

void command_forget_all(struct tui *t)
{
	list_each_safe (it, &t->pending) {
		list_entry(it, struct pending_command, link)->tui = NULL;
		list_del(it);
	}
}

static void run_confirmed(struct tui *t)
{
	char *line = t->confirm;

	t->confirm = NULL;
	run_line(t, line, t->command, false);
	free(line);
}

static void cancel_question(struct tui *t)
{
	t->source->ops->cancel_command(t->source, t->confirm);
	keep_confirm(t, NULL);
	report_cancelled(t, t->command);
}

void question_confirmed(struct tui *t)
{
	const enum question q = t->question;

	t->question = ASK_NOTHING;
	if (q == ASK_QUIT)
		t->source->ops->stop(t->source, "requested at the console");
	else if (q == ASK_COMMAND)
		run_confirmed(t);
}

void question_cancelled(struct tui *t)
{
	prompt_close(&t->model.prompt);
	if (t->question == ASK_COMMAND)
		cancel_question(t);
	t->question = ASK_NOTHING;
}
