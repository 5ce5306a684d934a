#include "tui/model/actions_priv.h"

#include "tui/model/flash_priv.h"
#include "tui/model/lists_priv.h"
#include "tui/model/overlay_priv.h"
#include "tui/model/search_priv.h"
#include "tui/model/state_priv.h"

/* The next screen (step 1) or the previous one (step -1). The dashboard is skipped. */
static enum screen next_screen(const struct model *m, int step)
{
	int s = (int)m->screen;

	do {
		s += step;
		s = s < SCREEN_FIRST ? SCREEN_END - 1 : s >= SCREEN_END ? SCREEN_FIRST : s;
	} while (!model_has_screen(m, s));
	return (enum screen)s;
}

/* On the dashboard the focus moves to the next visible panel. On other screens the next screen is
 * shown instead. */
static void move_focus(struct model *m, int step)
{
	const bool zoom = m->zoom;
	struct layout l;

	m->zoom = false; /* a zoomed panel hides the others: ask for the layout without zoom */
	model_layout(m, &l);
	m->zoom = zoom;
	if (m->screen != SCREEN_DASHBOARD) {
		model_show_screen(m, next_screen(m, step));
		return;
	}
	do
		m->focus = (enum panel)((m->focus + PANELS + step) % PANELS);
	while (!model_view(m, m->focus)->help_word || (l.boxes && rect_empty(&l.panel[m->focus])));
}

static void toggle_freeze(struct model *m)
{
	m->frozen = !m->frozen;
	m->frozen_msgs = m->data.snap.msgs_next;
}

/* Ends the first of these that is active: zoom, freeze (only Esc), filter (only Esc), a screen
 * other than the dashboard. False: none is, and q was pressed. */
static bool go_back(struct model *m, int32_t key)
{
	if (m->zoom)
		m->zoom = false;
	else if (key == KEYS_ESC && m->frozen)
		toggle_freeze(m);
	else if (key == KEYS_ESC && m->lists[m->focus].filter[0])
		list_set_filter(m, "");
	else if (m->screen != SCREEN_DASHBOARD)
		model_show_screen(m, SCREEN_DASHBOARD);
	else
		return key == KEYS_ESC;
	return true;
}

static void search_again(struct model *m, bool backward)
{
	if (!m->search[0])
		model_flash(m, FLASH_NOTE, "no search yet: / starts one");
	else
		model_search(m, backward, false);
}

static void open_filter(struct model *m)
{
	if (model_view(m, m->focus)->fields)
		prompt_open(&m->prompt, PROMPT_FILTER, m->lists[m->focus].filter);
	else
		model_flash(m, FLASH_NOTE, "cannot filter: this panel has no fields");
}

static bool act_on_list(struct model *m, enum action a)
{
	const struct list_state *l = &m->lists[m->focus];
	const long page = l->page > 1 ? (long)l->page - 1 : 1;

	switch ((int)a) {
	case ACT_UP:
		list_move_by(m, -1);
		return true;
	case ACT_DOWN:
		list_move_by(m, 1);
		return true;
	case ACT_FIRST:
		list_move_to(m, 0, true);
		return true;
	case ACT_LAST:
		list_move_to(m, SIZE_MAX, true);
		return true;
	case ACT_PAGE_UP:
		list_move_by(m, -page);
		return true;
	case ACT_PAGE_DOWN:
		list_move_by(m, page);
		return true;
	case ACT_HALF_UP:
		list_move_by(m, -(page + 1) / 2);
		return true;
	case ACT_HALF_DOWN:
		list_move_by(m, (page + 1) / 2);
		return true;
	case ACT_FILTER:
		open_filter(m);
		return true;
	case ACT_SORT:
		list_sort_next(m);
		return true;
	}
	return false;
}

bool model_act(struct model *m, const struct key_row *row, int32_t key)
{
	const enum action a = row->action;

	if (m->over.kind != OVERLAY_NONE && overlay_act(m, row))
		return true;
	if (act_on_list(m, a))
		return true;
	switch ((int)a) {
	case ACT_SCREEN:
		model_show_screen(m, (enum screen)(key - '0'));
		return true;
	case ACT_FOCUS_NEXT:
		move_focus(m, 1);
		return true;
	case ACT_FOCUS_PREV:
		move_focus(m, -1);
		return true;
	case ACT_ZOOM:
		if (m->screen == SCREEN_DASHBOARD)
			m->zoom = !m->zoom;
		return true;
	case ACT_BACK:
		return go_back(m, key);
	case ACT_SEARCH:
		prompt_open(&m->prompt, PROMPT_SEARCH, "");
		return true;
	case ACT_SEARCH_NEXT:
	case ACT_SEARCH_PREV:
		search_again(m, a == ACT_SEARCH_PREV);
		return true;
	case ACT_FREEZE:
		toggle_freeze(m);
		return true;
	}
	return false;
}
