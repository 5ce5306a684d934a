#include "tui/model/overlay_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include "tui/model/flash_priv.h"
#include "tui/model/wrap_priv.h"

/* --- opening and leaving ----------------------------------------------------------- */

static void free_page(struct overlay_state *o)
{
	free(o->title);
	free(o->text);
	*o = (struct overlay_state){0};
}

void overlay_close_all(struct model *m)
{
	free_page(&m->over);
	while (m->n_below)
		free_page(&m->below[--m->n_below]);
}

/* Keeps the current page, to go back to. If there are too many, the oldest one is dropped. */
static void push_page(struct model *m)
{
	if (m->n_below == OVERLAYS_BELOW_MAX) {
		free_page(&m->below[0]);
		memmove(m->below, m->below + 1, (OVERLAYS_BELOW_MAX - 1) * sizeof(m->below[0]));
		m->n_below--;
	}
	m->below[m->n_below++] = m->over;
}

void overlay_open(struct model *m, enum overlay kind, const char *title, const char *text)
{
	if (kind == OVERLAY_HELP && m->over.kind == OVERLAY_HELP)
		free_page(&m->over);
	else if (m->over.kind != OVERLAY_NONE)
		push_page(m);
	m->over = (struct overlay_state){
		.kind = kind,
		.title = mem_strdup(title),
		.text = mem_strdup(text),
	};
}

void overlay_leave(struct model *m)
{
	free_page(&m->over);
	if (m->n_below)
		m->over = m->below[--m->n_below];
}

/* --- moving -------------------------------------------------------------------- */

void overlay_scroll(struct model *m, long by)
{
	struct overlay_state *o = &m->over;
	long most = o->lines > o->page ? (long)(o->lines - o->page) : 0;
	long top = (long)o->top + by;

	o->top = (size_t)(top < 0 ? 0 : top > most ? most : top);
}

/* Keys that act on the node are refused, because the row that they would act on is hidden. */
bool overlay_act(struct model *m, const struct key_row *row)
{
	struct overlay_state *o = &m->over;
	long page = o->page > 1 ? (long)o->page - 1 : 1;

	if (row->run || row->prompt) {
		model_flash(m, FLASH_NOTE, "not available on a page: q goes back");
		return true;
	}
	switch ((int)row->action) {
	case ACT_UP:
		overlay_scroll(m, -1);
		return true;
	case ACT_DOWN:
		overlay_scroll(m, 1);
		return true;
	case ACT_PAGE_UP:
		overlay_scroll(m, -page);
		return true;
	case ACT_PAGE_DOWN:
	case ACT_FREEZE: /* Space, as in a pager */
		overlay_scroll(m, page);
		return true;
	case ACT_HALF_UP:
		overlay_scroll(m, -(page + 1) / 2);
		return true;
	case ACT_HALF_DOWN:
		overlay_scroll(m, (page + 1) / 2);
		return true;
	case ACT_FIRST:
		overlay_scroll(m, -(long)o->lines);
		return true;
	case ACT_LAST:
		overlay_scroll(m, (long)o->lines);
		return true;
	case ACT_BACK:
	case ACT_OPEN:
		overlay_leave(m);
		return true;
	case ACT_HELP:
		if (o->kind != OVERLAY_HELP)
			return false;
		overlay_leave(m);
		return true;
	case ACT_FILTER:
	case ACT_SORT:
	case ACT_ZOOM:
	case ACT_FOCUS_NEXT:
	case ACT_FOCUS_PREV:
		return true; /* These are for lists only. */
	}
	return false;
}

/* --- searching ------------------------------------------------------------------- */

bool overlay_search(struct model *m, bool backward, bool from_here)
{
	struct overlay_state *o = &m->over;
	const size_t none = SIZE_MAX, was = o->match_bytes ? o->match : 0;
	const bool here = from_here || !o->match_bytes;
	size_t first = none, last = none, next = none, before = none, n = 0, nth = 0;

	if (!m->search[0]) {
		o->match_bytes = 0;
		return false;
	}
	for (const char *at = o->text; (at = strcasestr(at, m->search)); at++) {
		const size_t i = (size_t)(at - o->text);

		n++;
		first = first == none ? i : first;
		last = i;
		before = i < was ? i : before;
		next = next == none && (here ? i >= was : i > was) ? i : next;
	}
	if (!n) {
		o->match_bytes = 0;
		model_flash(m, FLASH_BAD, "no match");
		return false;
	}
	o->match = backward ? (before == none ? last : before) : (next == none ? first : next);
	o->match_bytes = strlen(m->search);
	snprintf(o->search, sizeof(o->search), "%s", m->search);
	for (const char *at = o->text; (at = strcasestr(at, m->search)); at++)
		nth += (size_t)(at - o->text) <= o->match;
	o->scroll_to_match = true;
	model_flash_match(m, nth, n,
			  (backward ? before : next) != none ? ""
			  : backward                         ? ", past the beginning"
							     : ", past the end");
	return true;
}

/* The byte at which match `nth` (counted from 1) begins; SIZE_MAX if there are fewer. */
static size_t nth_match(const char *text, const char *search, size_t nth)
{
	const char *at = strcasestr(text, search);

	while (at && --nth)
		at = strcasestr(at + 1, search);
	return at ? (size_t)(at - text) : SIZE_MAX;
}

void overlay_renew(struct model *m, const char *text)
{
	struct overlay_state *o = &m->over;
	size_t nth = 0;

	for (const char *at = o->text; o->match_bytes && (at = strcasestr(at, o->search)); at++)
		nth += (size_t)(at - o->text) <= o->match;
	free(o->text);
	o->text = mem_strdup(text);
	if (!nth)
		return;
	o->match = nth_match(text, o->search, nth);
	if (o->match == SIZE_MAX)
		o->match = o->match_bytes = 0;
}

/* --- before drawing ------------------------------------------------------------- */

/* The line, as broken for the screen, that holds byte `at` of the text. */
static size_t line_of(const struct overlay_state *o, size_t at)
{
	struct wrap w = {.at = o->text, .width = o->width};
	struct wrapped_line line;
	size_t n = 0;

	while (wrap_next(&w, &line) && w.at <= o->text + at)
		n++;
	return n;
}

/* Scrolls so that the match stands one third of a page below the top. */
static void show_match(struct model *m)
{
	m->over.scroll_to_match = false;
	m->over.top = line_of(&m->over, m->over.match);
	overlay_scroll(m, -(long)(m->over.page / 3));
}

void overlay_fit(struct model *m, int width, int rows)
{
	struct overlay_state *o = &m->over;

	o->page = rows > 0 ? (size_t)rows : 0;
	o->width = width;
	o->lines = wrap_count(o->text, width);
	if (o->scroll_to_match)
		show_match(m);
	if (o->top + o->page > o->lines)
		o->top = o->lines > o->page ? o->lines - o->page : 0;
}
