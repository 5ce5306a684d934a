#include "tui/views/draw_overlay_priv.h"

#include "tui/model/overlay_priv.h"
#include "tui/model/wrap_priv.h"
#include "tui/term/theme_priv.h"

void overlay_draw_position(struct row *r, const struct model *m)
{
	const struct overlay_state *o = &m->over;

	if (o->gone)
		row_text(r, ROLE_WARN, "gone: this is its last state; ");
	if (o->lines <= o->page)
		row_text(r, ROLE_DIM, "q goes back");
	else
		row_printf(r, ROLE_DIM,
			   "lines %zu-%zu of %zu: j k Space scroll, / searches, q goes back",
			   o->top + 1, o->top + o->page, o->lines);
}

static size_t within(size_t at, size_t from, size_t end)
{
	return at < from ? from : at > end ? end : at;
}

/* Draws the part of the line that belongs to the current match in reverse. A match may span
 * several lines. */
static void draw_line(struct row *row, const struct overlay_state *o,
		      const struct wrapped_line *line, unsigned style)
{
	const size_t from = (size_t)(line->text - o->text), end = from + line->bytes;
	const size_t a = within(o->match, from, end);
	const size_t z = o->match_bytes ? within(o->match + o->match_bytes, a, end) : a;

	row_printf(row, style, "%.*s", (int)(a - from), line->text);
	if (o->match_bytes)
		row_printf(row, style | STYLE_REVERSE, "%.*s", (int)(z - a), o->text + a);
	row_printf(row, style, "%.*s", (int)(end - z), o->text + z);
}

/* The lines of the help page that are not indented are its headings. */
static unsigned line_style(const struct overlay_state *o, const struct wrapped_line *line)
{
	const bool heading =
		o->kind == OVERLAY_HELP && line->bytes && !line->indent && line->text[0] != ' ';

	return heading ? ROLE_TITLE : ROLE_NORMAL;
}

void overlay_draw(struct canvas *c, const struct layout *l, struct model *m)
{
	const struct rect frame = l->body, in = layout_inner(l, &frame);
	const struct overlay_state *o = &m->over;
	struct wrap w = {.at = o->text, .width = in.w > 1 ? in.w - 1 : 1};
	struct wrapped_line line;

	if (l->boxes) {
		struct row title = {c, frame.x + 2, frame.y, frame.x + frame.w - 2, 0};

		canvas_box(c, &frame, ROLE_FOCUS);
		row_printf(&title, ROLE_FOCUS | STYLE_BOLD, " %s ", o->title);
	}
	overlay_fit(m, w.width, in.h);
	for (size_t i = 0; i < o->top + o->page && wrap_next(&w, &line); i++) {
		struct row row = {c, in.x + (l->boxes ? 1 : 0), in.y + (int)(i - o->top),
				  in.x + in.w, 0};

		if (i < o->top)
			continue;
		row_gap(&row, line.indent);
		draw_line(&row, o, &line, line_style(o, &line));
	}
}
