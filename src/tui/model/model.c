#include "tui/model/model_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tally/base/mem.h>
#include "tui/model/lists_priv.h"
#include "tui/model/overlay_priv.h"
#include "tui/views/view_priv.h"

void tui_data_clear(struct tui_data *d)
{
	free(d->chain);
	free(d->mempool);
	free(d->msgs_window.base);
	free(d->logs_window.base);
	free(d->history);
	free(d->addresses);
	*d = (struct tui_data){0};
}

void model_init(struct model *m, int cols, int rows, bool utf8)
{
	*m = (struct model){
		.screen = SCREEN_DASHBOARD,
		.focus = PANEL_MSGS,
		.home_focus = PANEL_MSGS,
		.cols = cols,
		.rows = rows,
		.utf8 = utf8,
		.chain_want = CHAIN_WANT_LEAST,
		.cursor_x = -1,
		.cursor_y = -1,
	};
	for (int p = 0; p < PANELS; p++)
		m->lists[p].follow = true;
}

static void clear_page(struct overlay_state *o)
{
	free(o->title);
	free(o->text);
	*o = (struct overlay_state){0};
}

static void clear_pages(struct model *m)
{
	clear_page(&m->over);
	while (m->n_under)
		clear_page(&m->under[--m->n_under]);
}

void model_clear(struct model *m)
{
	tui_data_clear(&m->data);
	for (int p = 0; p < PANELS; p++) {
		free(m->lists[p].order);
		m->lists[p] = (struct list_state){0};
	}
	clear_pages(m);
	prompt_clear(&m->prompt);
}

void model_resize(struct model *m, int cols, int rows)
{
	m->cols = cols;
	m->rows = rows;
}

void model_layout(const struct model *m, struct layout *l)
{
	struct layout_wish wish = {
		.screen = m->screen,
		.focus = m->focus,
		.zoom = m->zoom,
		.overlay = m->over.kind != OVERLAY_NONE,
		.asking = m->prompt.kind != PROMPT_CLOSED || model_flashing(m) || m->under_way[0],
	};

	layout_make(l, m->cols, m->rows, &wish);
}

/* --- overlays and messages ------------------------------------------------------------ */

/* Where there are too many the oldest is not gone back to. */
static void put_under(struct model *m)
{
	if (m->n_under == PAGES_UNDER) {
		clear_page(&m->under[0]);
		memmove(m->under, m->under + 1, (PAGES_UNDER - 1) * sizeof(m->under[0]));
		m->n_under--;
	}
	m->under[m->n_under++] = m->over;
}

void model_show(struct model *m, enum overlay kind, const char *title, const char *text)
{
	if (kind == OVERLAY_NONE) {
		clear_pages(m);
		return;
	}
	if (kind == OVERLAY_HELP && m->over.kind == OVERLAY_HELP)
		clear_page(&m->over);
	else if (m->over.kind != OVERLAY_NONE)
		put_under(m);
	m->over = (struct overlay_state){
		.kind = kind,
		.title = mem_strdup(title ? title : ""),
		.text = mem_strdup(text ? text : ""),
	};
}

void model_leave(struct model *m)
{
	clear_page(&m->over);
	if (m->n_under)
		m->over = m->under[--m->n_under];
}

void model_flash(struct model *m, enum flash_kind kind, const char *text)
{
	snprintf(m->flash, sizeof(m->flash), "%s", text);
	m->flash_kind = kind;
	m->flash_news = false;
	m->flash_until_us = m->live.now_us + FLASH_US;
}

void model_flash_news(struct model *m, enum flash_kind kind, const char *text)
{
	model_flash(m, kind, text);
	m->flash_news = true;
}

void model_flash_match(struct model *m, size_t nth, size_t all, const char *wrapped)
{
	char text[FLASH_BYTES];

	snprintf(text, sizeof(text), "/%s  match %zu of %zu%s", m->search, nth, all, wrapped);
	model_flash(m, FLASH_NOTE, text);
}

bool model_flashing(const struct model *m)
{
	return m->flash_until_us > m->live.now_us;
}

bool model_flash_holds(const struct model *m, const char *text, size_t n)
{
	const char *at = text;
	int lines = 0;

	for (; at < text + n && lines < m->rows; lines++) {
		at += canvas_line_bytes(at, m->cols - 1);
		at += strspn(at, " ");
	}
	return n < FLASH_BYTES && lines < m->rows;
}

/* --- actions ----------------------------------------------------------------------------- */

static void show_screen(struct model *m, enum screen s)
{
	if (m->screen == SCREEN_DASHBOARD)
		m->home_focus = m->focus;
	model_show(m, OVERLAY_NONE, NULL, NULL);
	m->zoom = false;
	m->screen = s;
	m->focus = s == SCREEN_DASHBOARD ? m->home_focus : (enum panel)(s - SCREEN_PEERS);
}

static void focus_step(struct model *m, int step)
{
	struct layout l;
	bool zoom = m->zoom;

	/* On a screen of its own, and where one view fills it all, the focus goes through all of them. */
	m->zoom = false;
	model_layout(m, &l);
	m->zoom = zoom;
	if (m->screen != SCREEN_DASHBOARD) {
		int s = m->screen + step;

		show_screen(m, s < SCREEN_PEERS ? SCREEN_LOG : s >= SCREEN_END ? SCREEN_PEERS : s);
		return;
	}
	do
		m->focus = (enum panel)((m->focus + PANELS + step) % PANELS);
	while (m->focus == PANEL_MINER || (l.boxes && rect_empty(&l.panel[m->focus])));
}

static void next_sort(struct model *m)
{
	struct list_state *l = &m->lists[m->focus];
	const struct view *v = view_of(m->focus);

	if (!v->sorts) {
		model_flash(m, FLASH_NOTE, "in the order of time: nothing to sort by here");
		return;
	}
	if (l->reverse && !v->sorts[++l->sort])
		l->sort = 0;
	l->reverse = !l->reverse;
	model_settle(m);
}

static void freeze(struct model *m)
{
	m->frozen = !m->frozen;
	m->frozen_msgs = m->data.snap.msgs_next;
	m->frozen_logs = m->data.snap.logs_next;
}

/* q and Esc go back one step; at the top q is the caller's (it asks whether to stop the node). */
static bool back(struct model *m, int32_t key)
{
	struct list_state *l = &m->lists[m->focus];

	if (m->zoom)
		m->zoom = false;
	else if (key == KEYS_ESC && m->frozen)
		freeze(m);
	else if (key == KEYS_ESC && l->filter[0])
		model_set_filter(m, "");
	else if (m->screen != SCREEN_DASHBOARD)
		show_screen(m, SCREEN_DASHBOARD);
	else
		return key == KEYS_ESC;
	return true;
}

bool model_act(struct model *m, enum action a, int32_t key)
{
	struct list_state *l = &m->lists[m->focus];
	long page = l->page > 1 ? (long)l->page - 1 : 1;

	if (m->over.kind != OVERLAY_NONE && overlay_act(m, a))
		return true;
	switch ((int)a) {
	case ACT_SCREEN:
		show_screen(m, (enum screen)(key - '0'));
		return true;
	case ACT_FOCUS_NEXT:
		focus_step(m, 1);
		return true;
	case ACT_FOCUS_PREV:
		focus_step(m, -1);
		return true;
	case ACT_ZOOM:
		if (m->screen == SCREEN_DASHBOARD)
			m->zoom = !m->zoom;
		return true;
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
	case ACT_BACK:
		return back(m, key);
	case ACT_SEARCH:
		prompt_open(&m->prompt, PROMPT_SEARCH, "");
		return true;
	case ACT_SEARCH_NEXT:
	case ACT_SEARCH_PREV:
		if (!m->search[0])
			model_flash(m, FLASH_NOTE, "nothing to search for yet: / asks");
		else
			model_search(m, a == ACT_SEARCH_PREV, false);
		return true;
	case ACT_FILTER:
		prompt_open(&m->prompt, PROMPT_FILTER, l->filter);
		return true;
	case ACT_SORT:
		next_sort(m);
		return true;
	case ACT_FREEZE:
		freeze(m);
		return true;
	case ACT_HELP: {
		char *text = help_text();

		model_show(m, OVERLAY_HELP, "Help", text);
		free(text);
		return true;
	}
	}
	return false;
}

static bool panel_at(const struct layout *l, int x, int y, enum panel *p)
{
	for (int i = 0; i < PANELS; i++)
		if (rect_has(&l->panel[i], x, y)) {
			*p = (enum panel)i;
			return true;
		}
	return false;
}

void model_click(struct model *m, int x, int y)
{
	struct canvas c;
	struct layout l;
	struct rect in;
	enum panel p;
	int head = 0;

	/* What is written there is about the panel that has the focus. */
	if (m->prompt.kind != PROMPT_CLOSED)
		return;
	model_layout(m, &l);
	canvas_init(&c, m->cols, m->rows, m->utf8);
	if (rect_has(&l.tabs, x, y)) {
		enum screen s = tab_at(&c, &l.tabs, x);

		if (s)
			show_screen(m, s);
	} else if (panel_at(&l, x, y, &p) && p != PANEL_MINER) {
		m->focus = p;
		in = layout_inner(&l, &l.panel[p]);
		if (view_of(p)->head)
			head = view_of(p)->head(m, &c, &in);
		y -= in.y + head;
		if (y >= 0 && m->lists[p].top + (size_t)y < m->lists[p].n && rect_has(&in, x, in.y))
			list_move_to(m, m->lists[p].top + (size_t)y, true);
	}
	canvas_clear(&c);
}

void model_wheel(struct model *m, int x, int y, int lines)
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
	if (!panel_at(&l, x, y, &p) || p == PANEL_MINER)
		return;
	m->focus = p;
	list_move_by(m, lines);
}
