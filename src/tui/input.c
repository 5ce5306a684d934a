#include "tui/input_priv.h"

#include <stdio.h>
#include <string.h>

#include <tally/base/clock.h>
#include "tui/app_priv.h"
#include "tui/detail_page_priv.h"
#include "tui/redraw_priv.h"
#include "tui/model/actions_priv.h"
#include "tui/model/flash_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/search_priv.h"
#include "tui/mouse_priv.h"
#include "tui/pending_command_priv.h"
#include "tui/views/help_page_priv.h"

#define QUIT_TWICE_US INT64_C(2000000)

/* --- keys outside the prompt ------------------------------------------------------------ */

static void interrupt(struct tui *t)
{
	const int64_t now = clock_mono_us(clock_system());

	if (t->interrupted_us && now - t->interrupted_us < QUIT_TWICE_US) {
		t->source->ops->stop(t->source, "^C was pressed twice at the console");
		return;
	}
	t->interrupted_us = now;
	question_ask(t, ASK_QUIT, "Stop node?");
}

/* Opens the prompt with the key's command. The focused view may add its selected row, as in "drop
 * 3". */
static void open_prompt(struct model *m, const struct key_row *row)
{
	const struct view_key *k = model_view(m, m->focus)->keys;
	char line[PROMPT_BYTES];
	size_t i;

	snprintf(line, sizeof(line), "%s", row->prompt);
	for (; k && k->action; k++)
		if (k->action == row->action && list_selected(m, &i))
			k->command(&m->data, i, line, sizeof(line));
	prompt_open(&m->prompt, PROMPT_COMMAND, line);
}

static void act(struct tui *t, const struct key_row *row, int32_t key)
{
	struct model *m = &t->model;

	if (!row || model_act(m, row, key))
		return;
	if (row->run) {
		command_run(t, row->run, false);
		return;
	}
	if (row->prompt) {
		open_prompt(m, row);
		return;
	}
	switch ((int)row->action) {
	case ACT_BACK:
	case ACT_QUIT:
		question_ask(t, ASK_QUIT, "Stop node?");
		break;
	case ACT_QUIT_ASK:
		interrupt(t);
		break;
	case ACT_OPEN:
		detail_page_open(t);
		break;
	case ACT_PROMPT:
		prompt_open(&m->prompt, PROMPT_COMMAND, "");
		break;
	case ACT_HELP:
		help_open(m);
		break;
	case ACT_REDRAW:
		terminal_redraw(t->terminal);
		break;
	case ACT_SUSPEND:
		terminal_suspend(t->terminal);
		break;
	}
}

/* --- the prompt ------------------------------------------------------------------------ */

static void prompt_done(struct tui *t, enum prompt_kind kind)
{
	struct model *m = &t->model;
	char text[PROMPT_BYTES];

	snprintf(text, sizeof(text), "%s", m->prompt.text);
	prompt_close(&m->prompt);
	switch (kind) {
	case PROMPT_COMMAND:
		if (strcmp(text, "help") == 0)
			help_open(m);
		else if (text[strspn(text, " ")])
			command_run(t, text + strspn(text, " "), true);
		break;
	case PROMPT_SEARCH:
		snprintf(m->search, sizeof(m->search), "%.*s", (int)sizeof(m->search) - 1, text);
		model_search(m, false, true);
		break;
	case PROMPT_FILTER:
		list_set_filter(m, text);
		break;
	case PROMPT_ASK:
		question_confirmed(t);
		break;
	case PROMPT_CLOSED:
		break;
	}
}

static void update_usage(struct model *m)
{
	m->usage[0] = '\0';
	if (m->prompt.kind == PROMPT_COMMAND)
		command_line_usage(m->prompt.text, m->usage, sizeof(m->usage));
	else if (m->prompt.kind == PROMPT_FILTER)
		snprintf(m->usage, sizeof(m->usage),
			 "fields: %s (field=value, != < >); also words, !word",
			 model_view(m, m->focus)->fields);
	else if (m->prompt.kind == PROMPT_SEARCH)
		snprintf(
			m->usage, sizeof(m->usage), "%s",
			model_search_goes_up(m)
				? "text to find; then n for the next match above, N below"
				: "text to find; then n for the next match, N for the previous one");
}

/* --- events of the terminal --------------------------------------------------------------- */

void input_key(struct tui *t, int32_t key)
{
	struct model *m = &t->model;
	const enum prompt_kind kind = m->prompt.kind;

	redraw_for_key(t);
	m->flash_until_us = 0; /* the person has read the message */
	if (kind == PROMPT_CLOSED) {
		act(t, key_find(key), key);
	} else if (kind == PROMPT_ASK && key == KEYS_CTRL('C')) {
		question_cancelled(t);
		interrupt(t);
	} else {
		switch (prompt_key(&m->prompt, key)) {
		case PROMPT_DONE:
			prompt_done(t, kind);
			break;
		case PROMPT_CANCELLED:
			question_cancelled(t);
			break;
		case PROMPT_GOES_ON:
			break;
		}
	}
	t->read_due |= !m->frozen && m->prompt.kind == PROMPT_CLOSED;
	update_usage(m);
}

/* Pasted text never acts as keys: otherwise text pasted by mistake could send coins or stop the
 * node. */
void input_paste(struct tui *t, const char *text)
{
	struct model *m = &t->model;
	size_t more;
	bool fits;

	redraw_for_key(t);
	if (m->prompt.kind == PROMPT_ASK)
		return;
	if (m->prompt.kind == PROMPT_CLOSED) {
		model_flash(m, FLASH_NOTE, "pasted text ignored: press : before pasting a command");
		return;
	}
	fits = prompt_paste(&m->prompt, text, &more);
	update_usage(m);
	if (!fits)
		snprintf(m->usage, sizeof(m->usage),
			 "pasted text is too long: nothing was inserted");
	else if (more)
		snprintf(m->usage, sizeof(m->usage),
			 "only the first line was pasted; lines left out: %zu", more);
}

void input_click(struct tui *t, int x, int y)
{
	mouse_click(&t->model, x, y);
	redraw_for_key(t);
}

void input_wheel(struct tui *t, int x, int y, int lines)
{
	mouse_wheel(&t->model, x, y, lines);
	redraw_for_key(t);
}
