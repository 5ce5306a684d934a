#include "tui/views/draw_panel_priv.h"

#include <stdio.h>
#include <string.h>

#include <tally/base/text.h>
#include "tui/model/lists_priv.h"
#include "tui/term/theme_priv.h"

#define NOTE_BYTES 160

/* --- notes at the right of the frame ------------------------------------------------ */

void panel_filter_note(const struct model *m, enum panel p, char *out, size_t size)
{
	const struct list_state *l = &m->lists[p];

	out[0] = '\0';
	if (l->filter[0])
		snprintf(out, size, "filter:%.40s %zu/%zu", l->filter, l->n,
			 model_view(m, p)->count(&m->data));
}

/* Says that the list is filtered, how many newer rows are not visible, and which key follows new
 * rows again. */
static void list_note(const struct model *m, enum panel p, char *out, size_t size)
{
	size_t newer;

	panel_filter_note(m, p, out, size);
	if (!list_paused(m, p, &newer))
		return;
	text_append(out, size, "%s", out[0] ? "  " : "");
	if (newer)
		text_append(out, size, "%zu newer, ", newer);
	text_append(out, size, "%s follows", model_view(m, p)->newest == NEWEST_LAST ? "G" : "g");
}

/* The column that the list is sorted by: ^ ascending, v descending. */
static void sort_text(const struct model *m, enum panel p, char *out, size_t size)
{
	const struct list_state *l = &m->lists[p];
	const struct view_sort *s = &model_view(m, p)->sorts[l->sort];

	text_append(out, size, "%ssort:%s %s", out[0] ? "  " : "", s->name,
		    s->greatest_first == l->reverse ? "^" : "v");
}

/* If there is no room for all notes, those of the view itself are left out. */
static void draw_note(struct row *title, const struct model *m, enum panel p)
{
	char note[2 * NOTE_BYTES + 3] = "", state[NOTE_BYTES];
	int width;

	list_note(m, p, state, sizeof(state));
	if (model_view(m, p)->note)
		model_view(m, p)->note(m, note, NOTE_BYTES);
	if (model_view(m, p)->sorts)
		sort_text(m, p, note, NOTE_BYTES);
	if (state[0])
		text_append(note, sizeof(note), "%s%s", note[0] ? "  " : "", state);
	width = canvas_width(title->c, note) + 2;
	if (width >= row_left(title) && state[0]) {
		snprintf(note, sizeof(note), "%s", state);
		width = canvas_width(title->c, note) + 2;
	}
	if (!note[0] || width >= row_left(title))
		return;
	title->x = title->end - width;
	row_printf(title, ROLE_DIM, " %s ", note);
}

/* --- frame and rows ------------------------------------------------------------------ */

static void draw_frame(struct canvas *c, const struct rect *r, const struct model *m, enum panel p)
{
	const bool focus = m->focus == p;
	struct row title = {c, r->x + 2, r->y, r->x + r->w - 2, 0};

	canvas_box(c, r, focus ? ROLE_FOCUS : ROLE_BORDER);
	row_printf(&title, focus ? ROLE_FOCUS | STYLE_BOLD : ROLE_TITLE, " %s ",
		   model_view(m, p)->name);
	if (model_view(m, p)->count)
		draw_note(&title, m, p);
}

/* Keeps the selection on the screen. */
static void scroll_list(struct list_state *l, int rows)
{
	const size_t page = rows > 0 ? (size_t)rows : 0;

	l->page = page;
	if (!page)
		return;
	if (l->at < l->top)
		l->top = l->at;
	if (l->at >= l->top + page)
		l->top = l->at - page + 1;
	if (l->top + page > l->n)
		l->top = l->n > page ? l->n - page : 0;
}

static void draw_rows(struct canvas *c, const struct rect *r, struct model *m, enum panel p)
{
	struct list_state *l = &m->lists[p];

	scroll_list(l, r->h);
	for (int y = 0; y < r->h && l->top + (size_t)y < l->n; y++) {
		const bool here = l->top + (size_t)y == l->at && l->has_sel && m->focus == p;
		struct row row = {c, r->x, r->y + y, r->x + r->w,
				  here ? ROLE_SELECT | STYLE_REVERSE : 0};

		model_view(m, p)->row(m, &row, l->order[l->top + (size_t)y]);
		if (here)
			row_fill(&row, ROLE_SELECT);
	}
}

/* Says why there are no rows, in as many lines as it takes. */
static void draw_empty(struct canvas *c, const struct rect *in, const struct model *m, enum panel p)
{
	char text[NOTE_BYTES] = "no row matches the filter; Esc removes it";
	const char *at = text;

	if (!model_view(m, p)->count(&m->data))
		model_view(m, p)->empty(m, text, sizeof(text));
	for (int y = 0; y < in->h && *at; y++) {
		struct row row = {c, in->x + 1, in->y + y, in->x + in->w, 0};
		const bool last = y + 1 == in->h; /* cut, not broken */
		const size_t n = last ? strlen(at) : canvas_line_bytes(at, row_left(&row));

		row_printf(&row, ROLE_DIM, "%.*s", (int)n, at);
		at += n;
		at += strspn(at, " ");
	}
}

void panel_draw(struct canvas *c, const struct layout *l, struct model *m, enum panel p)
{
	const struct rect *frame = &l->panel[p];
	const struct view *v = model_view(m, p);
	struct rect in;
	int head;

	if (rect_empty(frame))
		return;
	in = layout_inner(l, frame);
	canvas_clip(c, &in);
	if (v->draw) {
		v->draw(m, c, &in);
	} else {
		head = v->head ? v->head(m, c, &in) : 0;
		in.y += head;
		in.h -= head;
		draw_rows(c, &in, m, p);
		if (!m->lists[p].n)
			draw_empty(c, &in, m, p);
	}
	canvas_clip(c, NULL);
	if (l->boxes) /* after the rows: its note counts newer rows that are not visible */
		draw_frame(c, frame, m, p);
}
