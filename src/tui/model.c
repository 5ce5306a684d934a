#include <tui/model_priv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tally/base/mem.h>
#include <tui/view_priv.h>

#define CHAIN_WANT_LEAST 64
#define CHAIN_WANT_MOST  4096
#define WORDS_BYTES      1024

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

void model_clear(struct model *m)
{
	tui_data_clear(&m->data);
	for (int p = 0; p < PANELS; p++) {
		free(m->lists[p].order);
		m->lists[p] = (struct list_state){0};
	}
	free(m->over.title);
	free(m->over.text);
	m->over = (struct overlay_state){0};
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
		.asking = m->prompt.kind != PROMPT_CLOSED || model_flashing(m),
	};

	layout_make(l, m->cols, m->rows, &wish);
}

/* --- filters ------------------------------------------------------------------ */

static bool has_word(const char *words, const char *word, size_t n)
{
	for (const char *at = words; *at;) {
		size_t len = strcspn(at, " ");

		if (len == n && !strncasecmp(at, word, n))
			return true;
		at += len;
		at += strspn(at, " ");
	}
	return false;
}

static bool term_passes(const char *term, const char *words)
{
	char name[FILTER_BYTES];
	const char *not_equal = strstr(term, "!=");

	if (not_equal && not_equal != term) {
		snprintf(name, sizeof(name), "%.*s=%s", (int)(not_equal - term), term,
			 not_equal + 2);
		return !has_word(words, name, strlen(name));
	}
	if (term[0] == '!' && term[1])
		return !strcasestr(words, term + 1);
	if (strchr(term, '='))
		return has_word(words, term, strlen(term));
	return strcasestr(words, term) != NULL;
}

bool filter_passes(const char *filter, const char *words)
{
	char terms[FILTER_BYTES], *save, *term;

	snprintf(terms, sizeof(terms), "%s", filter);
	for (term = strtok_r(terms, " ", &save); term; term = strtok_r(NULL, " ", &save))
		if (!term_passes(term, words))
			return false;
	return true;
}

/* --- order and selection --------------------------------------------------------- */

struct sorting {
	const struct view *view;
	const struct tui_data *data;
	unsigned key;
	bool reverse;
};

static int by_sort(const void *a, const void *b, void *arg)
{
	const struct sorting *s = arg;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int c = s->view->compare(s->data, s->key, x, y);

	if (s->reverse)
		c = -c;
	return c ? c : x < y ? -1 : 1; /* stable */
}

static void order_rows(struct model *m, enum panel p)
{
	struct list_state *l = &m->lists[p];
	const struct view *v = view_of(p);
	size_t n = v->count(&m->data);
	char words[WORDS_BYTES];

	mem_reserve(&l->order, &l->cap, n, sizeof(*l->order));
	l->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (l->filter[0]) {
			v->words(&m->data, i, words, sizeof(words));
			if (!filter_passes(l->filter, words))
				continue;
		}
		l->order[l->n++] = i;
	}
	if (v->sorts && l->n > 1) {
		struct sorting s = {v, &m->data, l->sort, l->reverse};

		qsort_r(l->order, l->n, sizeof(*l->order), by_sort, &s);
	}
}

static size_t newest(const struct list_state *l, const struct view *v)
{
	return v->stream && l->n ? l->n - 1 : 0;
}

static void select_at(struct model *m, enum panel p, size_t at)
{
	struct list_state *l = &m->lists[p];

	if (!l->n) {
		l->at = 0;
		return;
	}
	l->at = at < l->n ? at : l->n - 1;
	view_of(p)->id(&m->data, l->order[l->at], &l->sel);
	l->has_sel = true;
}

/* Finds the selection by what it is; where that is gone, its neighbour takes its place. Looks
 * around the old place first: there it nearly always is. */
static void find_selection(struct model *m, enum panel p)
{
	struct list_state *l = &m->lists[p];
	const struct view *v = view_of(p);

	if (l->follow || !l->has_sel || !l->n) {
		select_at(m, p, l->follow ? newest(l, v) : l->at);
		return;
	}
	for (size_t d = 0; d < l->n || d <= l->at; d++) {
		struct row_id id;

		for (int side = 0; side < 2; side++) {
			size_t i = side ? l->at - d : l->at + d;

			if ((side && (d == 0 || d > l->at)) || i >= l->n)
				continue;
			v->id(&m->data, l->order[i], &id);
			if (!memcmp(&id, &l->sel, sizeof(id))) {
				l->at = i;
				return;
			}
		}
	}
	select_at(m, p, l->at);
}

void model_settle(struct model *m)
{
	for (int p = 0; p < PANELS; p++) {
		if (!view_of(p)->count)
			continue;
		order_rows(m, p);
		find_selection(m, p);
	}
}

bool model_selected(const struct model *m, size_t *row)
{
	const struct list_state *l = &m->lists[m->focus];

	if (!l->n || !l->has_sel)
		return false;
	*row = l->order[l->at];
	return true;
}

static void move_to(struct model *m, size_t at, bool may_follow)
{
	struct list_state *l = &m->lists[m->focus];
	const struct view *v = view_of(m->focus);

	select_at(m, m->focus, at);
	/* A list that grows at one end is followed while its newest row is selected. */
	l->follow = may_follow && l->n && l->at == newest(l, v) &&
		    (v->stream || m->focus == PANEL_CHAIN);
	if (m->focus == PANEL_CHAIN) {
		if (l->at + 32 > l->n && m->chain_want < CHAIN_WANT_MOST)
			m->chain_want *= 4;
		else if (l->follow)
			m->chain_want = CHAIN_WANT_LEAST;
	}
}

static void move_by(struct model *m, long by)
{
	struct list_state *l = &m->lists[m->focus];
	long at = (long)l->at + by;

	move_to(m, at < 0 ? 0 : (size_t)at, true);
}

bool model_search(struct model *m, bool backward, bool from_here)
{
	struct list_state *l = &m->lists[m->focus];
	const struct view *v = view_of(m->focus);
	char words[WORDS_BYTES];

	if (!m->search[0] || !l->n)
		return false;
	for (size_t step = from_here ? 0 : 1; step <= l->n; step++) {
		size_t i = (backward ? l->at + l->n - step % l->n : l->at + step) % l->n;

		v->words(&m->data, l->order[i], words, sizeof(words));
		if (strcasestr(words, m->search)) {
			move_to(m, i, false);
			return true;
		}
	}
	return false;
}

void model_set_filter(struct model *m, const char *filter)
{
	snprintf(m->lists[m->focus].filter, FILTER_BYTES, "%s", filter);
	model_settle(m);
}

/* --- overlays and messages ------------------------------------------------------------ */

void model_show(struct model *m, enum overlay kind, const char *title, const char *text)
{
	struct overlay_state *o = &m->over;

	free(o->title);
	free(o->text);
	*o = (struct overlay_state){
		.kind = kind,
		.title = mem_strdup(title ? title : ""),
		.text = mem_strdup(text ? text : ""),
	};
}

void model_flash(struct model *m, enum flash_kind kind, const char *text)
{
	snprintf(m->flash, sizeof(m->flash), "%s", text);
	m->flash_kind = kind;
	m->flash_until_us = m->live.now_us + FLASH_US;
}

bool model_flashing(const struct model *m)
{
	return m->flash_until_us > m->live.now_us;
}

static void scroll_overlay(struct model *m, long by)
{
	struct overlay_state *o = &m->over;
	long most = o->lines > o->page ? (long)(o->lines - o->page) : 0;
	long top = (long)o->top + by;

	o->top = (size_t)(top < 0 ? 0 : top > most ? most : top);
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

	if (!v->sorts)
		return;
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

static bool act_in_overlay(struct model *m, enum action a)
{
	struct overlay_state *o = &m->over;
	long page = o->page > 1 ? (long)o->page - 1 : 1;

	switch ((int)a) {
	case ACT_UP:
		scroll_overlay(m, -1);
		return true;
	case ACT_DOWN:
		scroll_overlay(m, 1);
		return true;
	case ACT_PAGE_UP:
		scroll_overlay(m, -page);
		return true;
	case ACT_PAGE_DOWN:
	case ACT_FREEZE: /* Space, as in a pager */
		scroll_overlay(m, page);
		return true;
	case ACT_HALF_UP:
		scroll_overlay(m, -(page + 1) / 2);
		return true;
	case ACT_HALF_DOWN:
		scroll_overlay(m, (page + 1) / 2);
		return true;
	case ACT_FIRST:
		scroll_overlay(m, -(long)o->lines);
		return true;
	case ACT_LAST:
		scroll_overlay(m, (long)o->lines);
		return true;
	case ACT_BACK:
	case ACT_OPEN:
	case ACT_HELP:
		model_show(m, OVERLAY_NONE, NULL, NULL);
		return true;
	case ACT_SEARCH:
	case ACT_SEARCH_NEXT:
	case ACT_SEARCH_PREV:
	case ACT_FILTER:
	case ACT_SORT:
	case ACT_ZOOM:
		return true; /* of lists alone */
	}
	return false;
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

	if (m->over.kind != OVERLAY_NONE && act_in_overlay(m, a))
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
		move_by(m, -1);
		return true;
	case ACT_DOWN:
		move_by(m, 1);
		return true;
	case ACT_FIRST:
		move_to(m, 0, true);
		return true;
	case ACT_LAST:
		move_to(m, SIZE_MAX, true);
		return true;
	case ACT_PAGE_UP:
		move_by(m, -page);
		return true;
	case ACT_PAGE_DOWN:
		move_by(m, page);
		return true;
	case ACT_HALF_UP:
		move_by(m, -(page + 1) / 2);
		return true;
	case ACT_HALF_DOWN:
		move_by(m, (page + 1) / 2);
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
		else if (!model_search(m, a == ACT_SEARCH_PREV, false))
			model_flash(m, FLASH_BAD, "no match");
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
			move_to(m, m->lists[p].top + (size_t)y, true);
	}
	canvas_clear(&c);
}

void model_wheel(struct model *m, int x, int y, int lines)
{
	struct layout l;
	enum panel p;

	if (m->over.kind != OVERLAY_NONE) {
		scroll_overlay(m, lines);
		return;
	}
	model_layout(m, &l);
	if (!panel_at(&l, x, y, &p) || p == PANEL_MINER)
		return;
	m->focus = p;
	move_by(m, lines);
}
