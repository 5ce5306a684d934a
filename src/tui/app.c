/* Opens and closes the console, and connects the events of terminal and node to it. */
#include <tally/tui/tui.h>

#include <stdlib.h>
#include <string.h>

#include <langinfo.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include "tui/app_priv.h"
#include "tui/redraw_priv.h"
#include "tui/input_priv.h"
#include "tui/model/refresh_priv.h"
#include "tui/model/state_priv.h"
#include "tui/pending_command_priv.h"
#include "tui/source/source_node_priv.h"
#include "tui/views/screen_priv.h"
#include "tui/views/views_priv.h"

#define RENDER_MAX 1000 /* columns and rows */

/* --- events -------------------------------------------------------------------------- */

static void on_source_changed(void *arg)
{
	struct tui *t = arg;

	t->read_due = true;
	redraw_soon(t);
}

static void on_key(void *arg, int32_t key)
{
	input_key(arg, key);
}

static void on_pasted(void *arg, const char *text)
{
	input_paste(arg, text);
}

static void on_click(void *arg, int x, int y)
{
	input_click(arg, x, y);
}

static void on_wheel(void *arg, int x, int y, int lines)
{
	input_wheel(arg, x, y, lines);
}

static void on_frame_taken(void *arg)
{
	redraw_drained(arg);
}

static void on_resized(void *arg, int cols, int rows)
{
	struct tui *t = arg;

	canvas_clear(&t->canvas);
	canvas_init(&t->canvas, cols, rows, terminal_utf8(t->terminal));
	model_resize(&t->model, cols, rows);
	redraw_soon(t);
}

static void on_line(void *arg, const char *text)
{
	(void)arg;
	log_info(LOG_TUI, "%s", text);
}

static void on_gone(void *arg)
{
	struct tui *t = arg;

	t->source->ops->stop(t->source, "terminal closed");
}

static size_t complete(void *arg, const char *line, char (*out)[COMPLETION_CHARS + 1], size_t max)
{
	const struct tui *t = arg;

	return t->source->ops->complete(t->source, line, out, max);
}

/* --- opening and closing ------------------------------------------------------------------- */

static void open_screen(struct tui *t)
{
	const bool utf8 = terminal_utf8(t->terminal);
	int cols, rows;

	terminal_size(t->terminal, &cols, &rows);
	model_init(&t->model, views_all, cols, rows, utf8);
	prompt_init(&t->model.prompt, complete, t);
	canvas_init(&t->canvas, cols, rows, utf8);
}

bool tui_open(struct tui **out, struct node *n, struct rpc *r, struct err *e)
{
	struct tui *t = NEW(struct tui);
	const struct terminal_events ev = {.key = on_key,
					   .pasted = on_pasted,
					   .click = on_click,
					   .wheel = on_wheel,
					   .resized = on_resized,
					   .drained = on_frame_taken,
					   .line = on_line,
					   .gone = on_gone,
					   .arg = t};

	t->source = source_node_new(n, r);
	list_init(&t->pending);
	if (!terminal_open(&t->terminal, t->source->base, t->source->input_priority, &ev, e)) {
		t->source->ops->free(t->source);
		free(t);
		return false;
	}
	open_screen(t);
	redraw_init(t);
	t->source->ops->subscribe(t->source, on_source_changed, t);
	t->read_due = true;
	redraw_now(t);
	*out = t;
	return true;
}

void tui_close(struct tui *t)
{
	if (!t)
		return;
	t->source->ops->unsubscribe(t->source);
	command_forget_all(t);
	redraw_clear(t);
	terminal_close(t->terminal);
	canvas_clear(&t->canvas);
	model_clear(&t->model);
	free(t->confirm);
	t->source->ops->free(t->source);
	free(t);
}

/* --- one frame as text ----------------------------------------------------------------- */

char *tui_render(struct node *n, unsigned cols, unsigned rows, bool *more)
{
	const bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	struct source *source;
	struct model *m;
	struct canvas c;
	char *text;

	if (cols < 1 || rows < 1 || cols > RENDER_MAX || rows > RENDER_MAX)
		return NULL;
	source = source_node_new(n, NULL);
	m = NEW(struct model);
	model_init(m, views_all, (int)cols, (int)rows, utf8);
	prompt_init(&m->prompt, NULL, NULL);
	canvas_init(&c, (int)cols, (int)rows, utf8);
	model_refresh(m, source);
	screen_draw(&c, m);
	text = canvas_to_text(&c);
	*more = model_refresh_incomplete(m);
	canvas_clear(&c);
	model_clear(m);
	free(m);
	source->ops->free(source);
	return text;
}
