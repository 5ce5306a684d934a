#include "tui/model/lists_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include "tui/model/flash_priv.h"

#define WORDS_BYTES 1024
/* Columns of a row that a filter sees. Fixed, so that the panel's width does not matter. */
#define FILTER_COLS       160
#define ROWS_BELOW_WANTED 32 /* if fewer rows follow the selection, more of the chain is read */

/* --- order and selection --------------------------------------------------------- */

struct filter_text {
	const struct view *view;
	struct canvas row; /* one row, to draw on */
	char words[2 * WORDS_BYTES];
};

/* The text that a filter is matched against: the row in words, then the row as drawn on
	 * a wide screen. Records are not drawn: there are thousands, and their words contain all
	 * that is drawn. */
static void filtered_words(const struct model *m, struct filter_text *t, size_t i)
{
	struct row r = {&t->row, 0, 0, t->row.cols, 0};
	char *drawn;

	t->view->words(&m->data, i, t->words, WORDS_BYTES);
	if (t->view->newest == NEWEST_LAST)
		return;
	canvas_wipe(&t->row);
	t->view->row(m, &r, i);
	drawn = canvas_to_text(&t->row);
	text_append(t->words, sizeof(t->words), " %s", drawn);
	free(drawn);
}

struct sorting {
	const struct tui_data *data;
	const struct view_sort *key;
	bool reverse;
};

static int by_sort(const void *a, const void *b, void *arg)
{
	const struct sorting *s = arg;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int c = s->key->compare(s->data, x, y);

	if (s->reverse)
		c = -c;
	return c ? c : x < y ? -1 : 1; /* equal rows keep their order */
}

static void order_rows(struct model *m, enum panel p)
{
	struct list_state *l = &m->lists[p];
	const struct view *v = model_view(m, p);
	size_t n = v->count(&m->data);
	struct filter_text text = {.view = v};

	canvas_init(&text.row, FILTER_COLS, 1, m->utf8);
	mem_reserve(&l->order, &l->cap, n, sizeof(*l->order));
	l->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (l->filter[0]) {
			filtered_words(m, &text, i);
			if (!filter_passes(l->filter, text.words))
				continue;
		}
		l->order[l->n++] = i;
	}
	canvas_clear(&text.row);
	if (v->sorts && l->n > 1) {
		struct sorting s = {&m->data, &v->sorts[l->sort], l->reverse};

		qsort_r(l->order, l->n, sizeof(*l->order), by_sort, &s);
	}
}

static size_t newest_row(const struct list_state *l, const struct view *v)
{
	return v->newest == NEWEST_LAST && l->n ? l->n - 1 : 0;
}

static void select_at(struct model *m, enum panel p, size_t at)
{
	struct list_state *l = &m->lists[p];

	if (!l->n) {
		l->at = 0;
		return;
	}
	l->at = at < l->n ? at : l->n - 1;
	model_view(m, p)->id(&m->data, l->order[l->at], &l->sel);
	l->has_sel = true;
}

/* Finds the selected row again. If it is gone, its neighbour is selected. The search starts at the
 * old place, because the row nearly always still stands near it. */
static void find_selection(struct model *m, enum panel p)
{
	struct list_state *l = &m->lists[p];
	const struct view *v = model_view(m, p);

	if (l->follow || !l->has_sel || !l->n) {
		select_at(m, p, l->follow ? newest_row(l, v) : l->at);
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

void lists_update(struct model *m)
{
	for (int p = 0; p < PANELS; p++) {
		if (!model_view(m, (enum panel)p)->id)
			continue;
		order_rows(m, (enum panel)p);
		find_selection(m, (enum panel)p);
	}
}

bool list_selected(const struct model *m, size_t *row)
{
	const struct list_state *l = &m->lists[m->focus];

	if (!l->n || !l->has_sel)
		return false;
	*row = l->order[l->at];
	return true;
}

bool list_find_row(const struct model *m, enum panel p, const struct row_id *id, size_t *row)
{
	const struct view *v = model_view(m, p);
	struct row_id at;

	for (*row = 0; *row < v->count(&m->data); ++*row) {
		v->id(&m->data, *row, &at);
		if (memcmp(&at, id, sizeof(at)) == 0)
			return true;
	}
	return false;
}

/* --- moving ----------------------------------------------------------------------- */

/* True if new rows are inserted at one end of the list. If the view can be sorted, that holds only
 * for its first sort order. */
static bool grows_at_end(const struct model *m, enum panel p)
{
	const struct list_state *l = &m->lists[p];

	return model_view(m, p)->newest != NEWEST_ANYWHERE && !l->sort && !l->reverse;
}

/* The next read brings more blocks if the selection is near the end of the list. */
static void want_blocks(struct model *m, const struct list_state *l)
{
	size_t *wanted = &m->data.chain_wanted;

	if (l->at + ROWS_BELOW_WANTED > l->n && *wanted < CHAIN_WANTED_MAX)
		*wanted = MIN(4 * *wanted, CHAIN_WANTED_MAX);
	else if (l->follow)
		*wanted = CHAIN_WANTED_MIN;
}

void list_move_to(struct model *m, size_t at, bool may_follow)
{
	struct list_state *l = &m->lists[m->focus];
	const struct view *v = model_view(m, m->focus);

	select_at(m, m->focus, at);
	l->follow = may_follow && l->n && l->at == newest_row(l, v) && grows_at_end(m, m->focus);
	if (v->height)
		want_blocks(m, l);
}

void list_move_by(struct model *m, long by)
{
	long at = (long)m->lists[m->focus].at + by;

	list_move_to(m, at < 0 ? 0 : (size_t)at, true);
}

bool list_paused(const struct model *m, enum panel p, size_t *newer)
{
	const struct list_state *l = &m->lists[p];
	const size_t end = l->top + l->page;

	if (model_view(m, p)->newest == NEWEST_LAST)
		*newer = l->n > end ? l->n - end : 0;
	else
		*newer = l->top;
	return !l->follow && l->n && grows_at_end(m, p);
}

/* --- sorting and filtering --------------------------------------------------------- */

void list_sort_next(struct model *m)
{
	struct list_state *l = &m->lists[m->focus];
	const struct view *v = model_view(m, m->focus);

	if (!v->sorts) {
		model_flash(m, FLASH_NOTE, "cannot sort: the order of this panel is fixed");
		return;
	}
	if (l->reverse && !v->sorts[++l->sort].name)
		l->sort = 0;
	l->reverse = !l->reverse;
	lists_update(m);
}

void list_set_filter(struct model *m, const char *filter)
{
	struct list_state *l = &m->lists[m->focus];
	char text[FLASH_BYTES];

	snprintf(l->filter, FILTER_BYTES, "%s", filter);
	lists_update(m);
	if (!l->n &&
	    filter_find_error(l->filter, model_view(m, m->focus)->fields, text, sizeof(text)))
		model_flash(m, FLASH_BAD, text);
}
