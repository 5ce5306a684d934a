#include "tui/model/state_priv.h"

#include <stdlib.h>

#include "tui/model/flash_priv.h"
#include "tui/model/overlay_priv.h"

void model_init(struct model *m, const struct view *const *views, int cols, int rows, bool utf8)
{
	*m = (struct model){
		.views = views,
		.screen = SCREEN_DASHBOARD,
		.focus = PANEL_MSGS,
		.dashboard_focus = PANEL_MSGS,
		.cols = cols,
		.rows = rows,
		.utf8 = utf8,
		.data.chain_wanted = CHAIN_WANTED_MIN,
		.cursor_x = -1,
		.cursor_y = -1,
	};
	for (int p = 0; p < PANELS; p++)
		m->lists[p].follow = true;
}

void model_clear(struct model *m)
{
	tui_data_clear(&m->data);
	for (int p = 0; p < PANELS; p++) {
		free(m->lists[p].order);
		m->lists[p] = (struct list_state){0};
	}
	overlay_close_all(m);
	prompt_clear(&m->prompt);
}

void model_resize(struct model *m, int cols, int rows)
{
	m->cols = cols;
	m->rows = rows;
}

void model_layout(const struct model *m, struct layout *l)
{
	const struct layout_input in = {
		.screen = m->screen,
		.focus = m->focus,
		.zoom = m->zoom,
		.overlay = m->over.kind != OVERLAY_NONE,
		.prompt = m->prompt.kind != PROMPT_CLOSED || model_flashing(m) || m->running[0],
	};

	layout_make(l, m->cols, m->rows, &in);
}

bool model_has_screen(const struct model *m, int s)
{
	return s == SCREEN_DASHBOARD || (s >= SCREEN_FIRST && s < SCREEN_END &&
					 model_view(m, (enum panel)(s - SCREEN_FIRST))->help_word);
}

void model_show_screen(struct model *m, enum screen s)
{
	if (!model_has_screen(m, (int)s))
		return;
	if (m->screen == SCREEN_DASHBOARD)
		m->dashboard_focus = m->focus;
	overlay_close_all(m);
	m->zoom = false;
	m->screen = s;
	m->focus = s == SCREEN_DASHBOARD ? m->dashboard_focus : (enum panel)(s - SCREEN_FIRST);
}
