#include "tui/mouse_priv.h"

#include "tui/model/lists_priv.h"
#include "tui/model/overlay_priv.h"
#include "tui/model/state_priv.h"
#include "tui/views/draw_tabs_priv.h"

/* The panel at this place. False: there is none, or it can't be focused. */
static bool panel_at(const struct model *m, const struct layout *l, int x, int y, enum panel *p)
{
	for (int i = 0; i < PANELS; i++)
		if (rect_has(&l->panel[i], x, y)) {
			*p = (enum panel)i;
			return model_view(m, *p)->help_word != NULL;
		}
	return false;
}

/* The number of lines above a panel's rows. Only drawing shows it, so they are drawn on a
 * temporary canvas. */
static int head_lines(const struct model *m, enum panel p, const struct rect *in)
{
	struct canvas c;
	int lines;

	if (!model_view(m, p)->head)
		return 0;
	canvas_init(&c, m->cols, m->rows, m->utf8);
	lines = model_view(m, p)->head(m, &c, in);
	canvas_clear(&c);
	return lines;
}

static void click_panel(struct model *m, const struct layout *l, enum panel p, int x, int y)
{
	const struct rect in = layout_inner(l, &l->panel[p]);
	const struct list_state *list = &m->lists[p];
	const int line = y - in.y - head_lines(m, p, &in);

	m->focus = p;
	if (line >= 0 && list->top + (size_t)line < list->n && rect_has(&in, x, in.y))
		list_move_to(m, list->top + (size_t)line, true);
}

void mouse_click(struct model *m, int x, int y)
{
	struct layout l;
	enum panel p;

	if (m->prompt.kind != PROMPT_CLOSED)
		return;
	model_layout(m, &l);
	if (rect_has(&l.tabs, x, y))
		model_show_screen(m, (enum screen)tabs_screen_at(m, &l.tabs, x));
	else if (panel_at(m, &l, x, y, &p))
		click_panel(m, &l, p, x, y);
}

void mouse_wheel(struct model *m, int x, int y, int lines)
{
	struct layout l;
	enum panel p;

	if (m->prompt.kind != PROMPT_CLOSED)
		return;
	if (m->over.kind != OVERLAY_NONE) {
		overlay_scroll(m, lines);
		return;
	}
	model_layout(m, &l);
	if (!panel_at(m, &l, x, y, &p))
		return;
	m->focus = p;
	list_move_by(m, lines);
}
