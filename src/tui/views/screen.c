#include "tui/views/screen_priv.h"

#include "tui/model/lists_priv.h"
#include "tui/model/state_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/draw_header_priv.h"
#include "tui/views/draw_keybar_priv.h"
#include "tui/views/draw_overlay_priv.h"
#include "tui/views/draw_panel_priv.h"
#include "tui/views/draw_prompt_priv.h"
#include "tui/views/draw_tabs_priv.h"

/* The line that explains the selected row. A page or a warning of the node takes its place. If
 * panels have no frames, it begins with the filter, which otherwise is part of the frame. */
static void draw_explain(struct canvas *c, const struct rect *r, const struct model *m, bool boxes)
{
	struct row row = {c, r->x + 1, r->y, r->x + r->w, 0};
	char text[256] = "";
	size_t i;

	if (rect_empty(r))
		return;
	if (!boxes && m->over.kind == OVERLAY_NONE && model_view(m, m->focus)->count) {
		panel_filter_note(m, m->focus, text, sizeof(text));
		if (text[0])
			row_printf(&row, ROLE_WARN, "%s  ", text);
	}
	if (m->over.kind != OVERLAY_NONE)
		overlay_draw_position(&row, m);
	else if (m->live.warning[0])
		row_text(&row, ROLE_WARN, m->live.warning);
	else if (model_view(m, m->focus)->explain && list_selected(m, &i)) {
		model_view(m, m->focus)->explain(m, i, text, sizeof(text));
		row_text(&row, ROLE_DIM, text);
	}
}

static void draw_body(struct canvas *c, const struct layout *l, struct model *m)
{
	if (m->over.kind != OVERLAY_NONE && !rect_empty(&l->body))
		overlay_draw(c, l, m);
	else
		for (int p = 0; p < PANELS; p++)
			panel_draw(c, l, m, (enum panel)p);
}

void screen_draw(struct canvas *c, struct model *m)
{
	struct layout l;

	model_layout(m, &l);
	canvas_wipe(c);
	if (!rect_empty(&l.tabs))
		tabs_draw(c, &l.tabs, m);
	draw_body(c, &l, m);
	/* The header is drawn after the body, because it shows how many newer rows the body left out. */
	if (!rect_empty(&l.header))
		header_draw(c, &l.header, m);
	for (int p = 0; p < PANELS; p++)
		if (!rect_empty(&l.strip[p]))
			model_view(m, (enum panel)p)->strip(m, c, &l.strip[p]);
	if (usage_shown(m) && !rect_empty(&l.explain))
		usage_draw(c, &l.explain, m);
	else
		draw_explain(c, &l.explain, m, l.boxes);
	prompt_line_draw(c, &l, m);
	if (!rect_empty(&l.keybar))
		keybar_draw(c, &l.keybar, m);
}
