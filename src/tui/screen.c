/* One frame: header, panels, strips, prompt. */
#include "tui/views/view_priv.h"

#include <stdio.h>
#include <string.h>

#include <tally/base/text.h>
#include "tui/model/lists_priv.h"
#include "tui/model/overlay_priv.h"

#define NOTE_BYTES 160
#define NEWS_ROWS  10 /* of the screen, from which news may take more than a line */

static const struct view *const views[PANELS] = {
	[PANEL_PEERS] = &view_peers, [PANEL_CHAIN] = &view_chain,   [PANEL_MEMPOOL] = &view_mempool,
	[PANEL_MSGS] = &view_msgs,   [PANEL_WALLET] = &view_wallet, [PANEL_LOG] = &view_log,
	[PANEL_MINER] = &view_miner,
};

const struct view *view_of(enum panel p)
{
	return views[p];
}

static void filter_text(const struct model *m, enum panel p, char *out, size_t size)
{
	const struct list_state *l = &m->lists[p];

	out[0] = '\0';
	if (l->filter[0])
		snprintf(out, size, "filter:%.40s %zu/%zu", l->filter, l->n,
			 views[p]->count(&m->data));
}

/* Which of a list's rows are not seen: those that don't pass its filter, and newer ones; and how it follows again. */
static void unseen(const struct model *m, enum panel p, char *out, size_t size)
{
	size_t newer;

	filter_text(m, p, out, size);
	if (!list_left(m, p, &newer))
		return;
	text_append(out, size, "%s", out[0] ? "  " : "");
	if (newer)
		text_append(out, size, "%zu newer, ", newer);
	text_append(out, size, "%s follows", views[p]->stream ? "G" : "g");
}

/* By what it is sorted: ^ the least first, v the greatest. */
static void sort_text(const struct model *m, enum panel p, char *out, size_t size)
{
	const struct list_state *l = &m->lists[p];
	const bool greatest = views[p]->greatest_first >> l->sort & 1;

	text_append(out, size, "%ssort:%s %s", out[0] ? "  " : "", views[p]->sorts[l->sort],
		    greatest == l->reverse ? "^" : "v");
}

/* Right in the frame: what the view tells of itself goes first where there is no room for both. */
static void draw_note(struct row *title, const struct model *m, enum panel p)
{
	char note[2 * NOTE_BYTES + 3] = "", state[NOTE_BYTES];
	int width;

	unseen(m, p, state, sizeof(state));
	if (views[p]->note)
		views[p]->note(m, note, NOTE_BYTES);
	if (views[p]->sorts)
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

static void draw_frame(struct canvas *c, const struct rect *r, const struct model *m, enum panel p)
{
	const bool focus = m->focus == p;
	struct row title = {c, r->x + 2, r->y, r->x + r->w - 2, 0};

	canvas_box(c, r, focus ? ROLE_FOCUS : ROLE_BORDER);
	row_printf(&title, focus ? ROLE_FOCUS | STYLE_BOLD : ROLE_TITLE, " %s ", views[p]->name);
	if (views[p]->count)
		draw_note(&title, m, p);
}

/* Keeps the selection in sight. */
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

		views[p]->row(m, &row, l->order[l->top + (size_t)y]);
		if (here)
			row_fill(&row, ROLE_SELECT);
	}
}

/* Says why there are no rows, in as many lines as it takes. */
static void draw_empty(struct canvas *c, const struct rect *in, const struct model *m, enum panel p)
{
	char text[NOTE_BYTES] = "no row passes the filter; Esc ends it";
	const char *at = text;

	if (!views[p]->count(&m->data))
		views[p]->empty(m, text, sizeof(text));
	for (int y = 0; y < in->h && *at; y++) {
		struct row row = {c, in->x + 1, in->y + y, in->x + in->w, 0};
		const bool last = y + 1 == in->h; /* cut with an ellipsis */
		const size_t n = last ? strlen(at) : canvas_line_bytes(at, row_left(&row));

		row_printf(&row, ROLE_DIM, "%.*s", (int)n, at);
		at += n;
		at += strspn(at, " ");
	}
}

static void draw_panel(struct canvas *c, const struct layout *l, struct model *m, enum panel p)
{
	const struct rect *frame = &l->panel[p];
	const struct view *v = views[p];
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
	if (l->boxes) /* it tells of what is not seen within */
		draw_frame(c, frame, m, p);
}

/* Without frames it tells of the filter, which else stands in one. */
static void draw_explain(struct canvas *c, const struct rect *r, const struct model *m, bool boxes)
{
	struct row row = {c, r->x + 1, r->y, r->x + r->w, 0};
	char text[256] = "";
	size_t i;

	if (rect_empty(r))
		return;
	if (!boxes && m->over.kind == OVERLAY_NONE && views[m->focus]->count) {
		filter_text(m, m->focus, text, sizeof(text));
		if (text[0])
			row_printf(&row, ROLE_WARN, "%s  ", text);
	}
	if (m->over.kind != OVERLAY_NONE)
		overlay_where(&row, m);
	else if (m->live.warning[0])
		row_text(&row, ROLE_WARN, m->live.warning);
	else if (views[m->focus]->explain && model_selected(m, &i)) {
		views[m->focus]->explain(m, i, text, sizeof(text));
		row_text(&row, ROLE_DIM, text);
	}
}

static unsigned flash_style(enum flash_kind k)
{
	return k == FLASH_BAD ? ROLE_BAD : k == FLASH_GOOD ? ROLE_GOOD : ROLE_NORMAL;
}

static void draw_flash(struct canvas *c, const struct rect *r, const struct model *m)
{
	const bool brief = m->flash_news && m->rows < NEWS_ROWS;

	prompt_draw_text(c, r, flash_style(m->flash_kind), m->flash, brief ? 1 : m->rows);
}

/* Where there is no key bar, the keys stand in the empty prompt. */
static void draw_prompt(struct canvas *c, const struct layout *l, struct model *m)
{
	const struct rect *r = &l->prompt;

	m->cursor_x = m->cursor_y = -1;
	if (rect_empty(r))
		return;
	if (m->prompt.kind != PROMPT_CLOSED) {
		/* What was wrong stands above what is to be mended. */
		if (model_flashing(m) && r->y > 0) {
			const struct rect above = {r->x, r->y - 1, r->w, 1};

			canvas_fill(c, &above, ROLE_NORMAL, ' ');
			draw_flash(c, &above, m);
		}
		prompt_draw(&m->prompt, c, r, &m->cursor_x);
		m->cursor_y = r->y;
	} else if (model_flashing(m)) {
		draw_flash(c, r, m);
	} else if (m->under_way[0]) {
		prompt_draw_text(c, r, ROLE_NORMAL, m->under_way, 1);
	} else if (rect_empty(&l->keybar)) {
		keybar_draw(c, r, m);
	}
}

/* What Tab goes through, beginning so that the one it took last is seen. */
static void draw_options(struct row *row, const struct prompt *p)
{
	const size_t last = (p->option + p->n_options - 1) % p->n_options;
	const bool any = strlen(p->options[last]) == p->at - p->word &&
			 strncmp(p->text + p->word, p->options[last], p->at - p->word) == 0;
	const size_t taken = any ? last : 0;
	size_t from = taken;
	int width = canvas_width(row->c, p->options[taken]);

	row_text(row, ROLE_KEY, "Tab>");
	while (from > 0) {
		width += canvas_width(row->c, p->options[from - 1]) + 1;
		if (width > row_left(row) * 2 / 3)
			break;
		from--;
	}
	for (size_t i = from; i < p->n_options; i++) {
		row_gap(row, 1);
		row_text(row, any && i == taken ? ROLE_FOCUS | STYLE_BOLD : ROLE_NORMAL,
			 p->options[i]);
	}
}

/* While a command is written its usage takes the explaining line, or what it may go on with. */
static void draw_usage(struct canvas *c, const struct rect *r, const struct model *m)
{
	struct row row = {c, r->x + 1, r->y, r->x + r->w, 0};

	if (m->prompt.n_options > 1)
		draw_options(&row, &m->prompt);
	else
		row_text(&row, ROLE_DIM, m->usage);
}

void screen_draw(struct canvas *c, struct model *m)
{
	struct layout l;

	model_layout(m, &l);
	canvas_wipe(c);
	if (!rect_empty(&l.tabs))
		tabs_draw(c, &l.tabs, m);
	if (m->over.kind != OVERLAY_NONE && !rect_empty(&l.body))
		overlay_draw(c, &l, m);
	else
		for (int p = 0; p < PANELS; p++)
			draw_panel(c, &l, m, (enum panel)p);
	if (!rect_empty(&l.header)) /* as a frame does */
		header_draw(c, &l.header, m);
	if (!rect_empty(&l.strip_peers))
		peers_strip(c, &l.strip_peers, m);
	if (!rect_empty(&l.strip_chain))
		chain_strip(c, &l.strip_chain, m);
	if (m->prompt.kind != PROMPT_CLOSED && (m->usage[0] || m->prompt.n_options > 1) &&
	    !rect_empty(&l.explain))
		draw_usage(c, &l.explain, m);
	else
		draw_explain(c, &l.explain, m, l.boxes);
	draw_prompt(c, &l, m);
	if (!rect_empty(&l.keybar))
		keybar_draw(c, &l.keybar, m);
}
