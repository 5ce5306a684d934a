/* A text instead of the panels: scrolling, searching, drawing it. */
#include "tui/model/overlay_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include "tui/views/view_priv.h"

/* A text taken apart into lines of at most so many columns, broken at words; what goes on of a line stands below its
 * second column, or as far in as it began. */
struct wrap {
	const char *at; /* what is not taken yet */
	int width, hang;
	bool goes_on; /* within a line of the text */
};

/* Where the words of "  key   what it does" begin; else how far in the line begins. */
static int hanging(const char *line, int width)
{
	const int in = (int)strspn(line, " "), end = (int)strcspn(line, "\n");
	const char *gap = memmem(line + in, (size_t)(end - in), "  ", 2);
	int hang = in;

	if (in > 0 && gap)
		hang = (int)(gap - line) + (int)strspn(gap, " ");
	return hang < width / 2 ? hang : 0;
}

/* False at the end. *line, *bytes: the line; *in: how far in it stands. */
static bool wrap_next(struct wrap *w, const char **line, size_t *bytes, int *in)
{
	if (!*w->at)
		return false;
	if (!w->goes_on)
		w->hang = hanging(w->at, w->width);
	*in = w->goes_on ? w->hang : 0;
	*line = w->at;
	*bytes = canvas_line_bytes(w->at, w->width - *in);
	w->at += *bytes;
	w->goes_on = *w->at != '\n' && *w->at;
	if (w->goes_on)
		w->at += strspn(w->at, " ");
	else if (*w->at)
		w->at++;
	return true;
}

static size_t count_lines(const char *text, int width)
{
	struct wrap w = {.at = text, .width = width};
	const char *line;
	size_t n = 0, bytes;
	int in;

	while (wrap_next(&w, &line, &bytes, &in))
		n++;
	return n;
}

/* --- moving -------------------------------------------------------------------- */

void overlay_scroll(struct model *m, long by)
{
	struct overlay_state *o = &m->over;
	long most = o->lines > o->page ? (long)(o->lines - o->page) : 0;
	long top = (long)o->top + by;

	o->top = (size_t)(top < 0 ? 0 : top > most ? most : top);
}

/* Nothing that acts on the node is done from here, where what it acts on is not seen. */
bool overlay_act(struct model *m, enum action a)
{
	struct overlay_state *o = &m->over;
	long page = o->page > 1 ? (long)o->page - 1 : 1;

	switch ((int)a) {
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
		model_leave(m);
		return true;
	case ACT_HELP:
		if (o->kind != OVERLAY_HELP)
			return false;
		model_leave(m);
		return true;
	case ACT_MINE:
	case ACT_SEND:
	case ACT_CONNECT:
	case ACT_DROP:
		model_flash(m, FLASH_NOTE, "not from a page: q goes back first");
		return true;
	case ACT_FILTER:
	case ACT_SORT:
	case ACT_ZOOM:
	case ACT_FOCUS_NEXT:
	case ACT_FOCUS_PREV:
		return true; /* of lists alone */
	}
	return false;
}

/* --- searching ------------------------------------------------------------------- */

/* Where byte `at` of the text stands: its line, as last drawn. */
static size_t line_of(const struct overlay_state *o, size_t at)
{
	struct wrap w = {.at = o->text, .width = o->width};
	const char *line;
	size_t n = 0, bytes;
	int in;

	while (wrap_next(&w, &line, &bytes, &in) && w.at <= o->text + at)
		n++;
	return n;
}

bool overlay_search(struct model *m, bool backward, bool from_here)
{
	struct overlay_state *o = &m->over;
	const size_t none = SIZE_MAX, was = o->found_bytes ? o->found : 0;
	const bool here = from_here || !o->found_bytes;
	size_t first = none, last = none, next = none, before = none, n = 0, nth = 0;

	if (!m->search[0]) {
		o->found_bytes = 0;
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
		o->found_bytes = 0;
		model_flash(m, FLASH_BAD, "no match");
		return false;
	}
	o->found = backward ? (before == none ? last : before) : (next == none ? first : next);
	o->found_bytes = strlen(m->search);
	snprintf(o->sought, sizeof(o->sought), "%s", m->search);
	for (const char *at = o->text; (at = strcasestr(at, m->search)); at++)
		nth += (size_t)(at - o->text) <= o->found;
	o->to_found = true;
	model_flash_match(m, nth, n,
			  (backward ? before : next) != none ? ""
			  : backward                         ? ", past the beginning"
							     : ", past the end");
	return true;
}

/* Where the nth match stands in a text; SIZE_MAX: there are not so many. */
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

	for (const char *at = o->text; o->found_bytes && (at = strcasestr(at, o->sought)); at++)
		nth += (size_t)(at - o->text) <= o->found;
	free(o->text);
	o->text = mem_strdup(text);
	if (!nth)
		return;
	o->found = nth_match(text, o->sought, nth);
	if (o->found == SIZE_MAX)
		o->found = o->found_bytes = 0;
}

/* --- drawing ------------------------------------------------------------------------ */

void overlay_where(struct row *r, const struct model *m)
{
	const struct overlay_state *o = &m->over;

	if (o->gone)
		row_text(r, ROLE_WARN, "as it was: it is not here any more; ");
	if (o->lines <= o->page)
		row_text(r, ROLE_DIM, "q goes back");
	else
		row_printf(r, ROLE_DIM,
			   "lines %zu-%zu of %zu: j k Space scroll, / searches, q goes back",
			   o->top + 1, o->top + o->page, o->lines);
}

/* With what was found in reverse; a line may begin or end within it. */
static void draw_line(struct row *row, const struct overlay_state *o, const char *line,
		      size_t bytes, unsigned style)
{
	const size_t from = (size_t)(line - o->text), end = from + bytes;
	const size_t a = o->found < from ? from : o->found > end ? end : o->found;
	const size_t z = o->found + o->found_bytes < a     ? a
			 : o->found + o->found_bytes > end ? end
							   : o->found + o->found_bytes;

	row_printf(row, style, "%.*s", (int)(a - from), line);
	if (o->found_bytes)
		row_printf(row, style | STYLE_REVERSE, "%.*s", (int)(z - a), o->text + a);
	row_printf(row, style, "%.*s", (int)(end - (o->found_bytes ? z : a)),
		   o->text + (o->found_bytes ? z : a));
}

static void show_found(struct model *m)
{
	m->over.to_found = false;
	m->over.top = line_of(&m->over, m->over.found);
	overlay_scroll(m, -(long)(m->over.page / 3));
}

void overlay_draw(struct canvas *c, const struct layout *l, struct model *m)
{
	const struct rect frame = l->body, in = layout_inner(l, &frame);
	struct overlay_state *o = &m->over;
	struct wrap w = {.at = o->text, .width = in.w > 1 ? in.w - 1 : 1};
	const char *line;
	size_t bytes;
	int hang;

	if (l->boxes) {
		struct row title = {c, frame.x + 2, frame.y, frame.x + frame.w - 2, 0};

		canvas_box(c, &frame, ROLE_FOCUS);
		row_printf(&title, ROLE_FOCUS | STYLE_BOLD, " %s ", o->title);
	}
	o->page = in.h > 0 ? (size_t)in.h : 0;
	o->width = w.width;
	o->lines = count_lines(o->text, w.width);
	if (o->to_found)
		show_found(m);
	if (o->top + o->page > o->lines)
		o->top = o->lines > o->page ? o->lines - o->page : 0;
	for (size_t i = 0; i < o->top + o->page && wrap_next(&w, &line, &bytes, &hang); i++) {
		struct row row = {c, in.x + (l->boxes ? 1 : 0), in.y + (int)(i - o->top),
				  in.x + in.w, 0};

		if (i < o->top)
			continue;
		row_gap(&row, hang);
		draw_line(&row, o, line, bytes,
			  bytes && hang == 0 && line[0] != ' ' && o->kind == OVERLAY_HELP
				  ? ROLE_TITLE
				  : ROLE_NORMAL);
	}
}
