#include "tui/views/draw_prompt_priv.h"

#include <stdio.h>
#include <string.h>

#include <tally/base/checked.h>
#include "tui/model/flash_priv.h"
#include "tui/term/theme_priv.h"
#include "tui/views/draw_keybar_priv.h"

#define NEWS_ROWS 10 /* a screen with fewer rows shows only one line of a notice about news */

/* --- texts of several lines, the last one in the prompt's place -------------------------- */

struct text_line {
	const char *at;
	size_t bytes;
};

/* Breaks a text into lines of `width` columns. Returns their number, at most PROMPT_BYTES. */
static int break_lines(const char *text, int width, struct text_line line[PROMPT_BYTES])
{
	int n = 0;

	do {
		line[n].at = text;
		line[n].bytes = canvas_line_bytes(text, width);
		text += line[n++].bytes;
		text += strspn(text, " \n");
	} while (*text && n < PROMPT_BYTES);
	return n;
}

/* Draws the lines above one another, the last one at `at`. The last one also gets the rest of the
 * text, which is cut at the edge. */
static void draw_lines(struct canvas *c, const struct rect *at, unsigned style,
		       const struct text_line *line, int n)
{
	for (int i = 0; i < n; i++) {
		struct row r = {c, at->x, at->y - (n - 1 - i), at->x + at->w, 0};
		const size_t bytes = i == n - 1 ? strlen(line[i].at) : line[i].bytes;

		row_printf(&r, style, "%.*s", (int)bytes, line[i].at);
	}
}

/* Blanks the n lines that end at `at`, if there is more than the prompt's own line. */
static void blank_lines(struct canvas *c, const struct rect *at, int n)
{
	if (n > 1)
		canvas_fill(c, &(struct rect){at->x, at->y - (n - 1), at->w, n}, ROLE_NORMAL, ' ');
}

/* most: the largest number of lines. */
static void draw_text(struct canvas *c, const struct rect *at, unsigned style, const char *text,
		      int most)
{
	const struct rect indented = {at->x + 1, at->y, at->w - 1, at->h};
	struct text_line line[PROMPT_BYTES];
	const int n = MIN(break_lines(text, at->w - 1, line), MIN(most, at->y + 1));

	blank_lines(c, at, n);
	draw_lines(c, &indented, style, line, n);
}

/* A question takes as many lines as it needs. If the screen has fewer, the end is shown: it holds
 * the question itself. */
static void draw_question(const struct prompt *p, struct canvas *c, const struct rect *at,
			  int *cursor)
{
	static const char answers[] = "y/N";
	char text[sizeof(p->question) + sizeof(answers) + 1];
	struct text_line line[PROMPT_BYTES];
	struct row r = {c, at->x, at->y, at->x + at->w, 0};
	int n, over, shown;

	snprintf(text, sizeof(text), "%s %s", p->question, answers);
	/* One column is left for the cursor. */
	n = break_lines(text, at->w > 8 ? at->w - 1 : at->w, line);
	over = n > at->y + 1 ? n - at->y - 1 : 0;
	blank_lines(c, at, n - over);
	draw_lines(c, at, ROLE_WARN, line + over, n - over);
	/* Draws "y/N" again in the colour of keys. On a narrow screen only its end is on the last
	 * line. */
	shown = MIN((int)line[n - 1].bytes, (int)strlen(answers));
	r.x += canvas_width(c, line[n - 1].at) - shown;
	row_text(&r, ROLE_KEY, answers + strlen(answers) - shown);
	*cursor = r.x < r.end ? r.x : r.end - 1;
}

/* --- the line that is typed ---------------------------------------------------------------- */

static void draw_typed(const struct prompt *p, struct canvas *c, const struct rect *at, int *cursor)
{
	static const char *const signs[] = {
		[PROMPT_CLOSED] = "",
		[PROMPT_COMMAND] = ":",
		[PROMPT_SEARCH] = "/",
		[PROMPT_FILTER] = "\\",
	};
	struct row r = {c, at->x, at->y, at->x + at->w, 0};
	char head[PROMPT_BYTES];
	const char *from = head;
	int room;

	row_text(&r, ROLE_KEY, signs[p->kind]);
	/* A line that is too long is scrolled to the left, so that the cursor stays visible. */
	room = row_left(&r) - 1;
	memcpy(head, p->text, p->at);
	head[p->at] = '\0';
	while (*from && canvas_width(c, from) > room)
		utf8_next(&from);
	*cursor = r.x + canvas_width(c, from);
	canvas_clip(c, at);
	canvas_text(c, r.x, r.y, ROLE_NORMAL, p->text + (from - head));
	canvas_clip(c, NULL);
}

static void draw_flash(struct canvas *c, const struct rect *r, const struct model *m)
{
	static const unsigned styles[] = {
		[FLASH_NOTE] = ROLE_NORMAL,
		[FLASH_GOOD] = ROLE_GOOD,
		[FLASH_BAD] = ROLE_BAD,
	};
	const bool brief = m->flash_news && m->rows < NEWS_ROWS;

	draw_text(c, r, styles[m->flash_kind], m->flash, brief ? 1 : m->rows);
}

/* A notice about the text in the prompt stands above it. */
static void draw_open_prompt(struct canvas *c, const struct rect *r, struct model *m)
{
	if (model_flashing(m) && r->y > 0) {
		const struct rect above = {r->x, r->y - 1, r->w, 1};

		canvas_fill(c, &above, ROLE_NORMAL, ' ');
		draw_flash(c, &above, m);
	}
	if (m->prompt.kind == PROMPT_ASK)
		draw_question(&m->prompt, c, r, &m->cursor_x);
	else
		draw_typed(&m->prompt, c, r, &m->cursor_x);
	m->cursor_y = r->y;
}

void prompt_line_draw(struct canvas *c, const struct layout *l, struct model *m)
{
	const struct rect *r = &l->prompt;

	m->cursor_x = m->cursor_y = -1;
	if (rect_empty(r))
		return;
	if (m->prompt.kind != PROMPT_CLOSED)
		draw_open_prompt(c, r, m);
	else if (model_flashing(m))
		draw_flash(c, r, m);
	else if (m->running[0])
		draw_text(c, r, ROLE_NORMAL, m->running, 1);
	else if (rect_empty(&l->keybar)) /* the keys are shown in the unused line */
		keybar_draw(c, r, m);
}

/* --- the line above it ------------------------------------------------------------------------ */

/* Draws the completions, beginning so that the one that Tab has inserted is visible. */
static void draw_options(struct row *row, const struct prompt *p)
{
	const size_t last = (p->option + p->n_options - 1) % p->n_options;
	const bool any = strlen(p->options[last]) == p->at - p->word &&
			 strncmp(p->text + p->word, p->options[last], p->at - p->word) == 0;
	const size_t inserted = any ? last : 0;
	size_t from = inserted;
	int width = canvas_width(row->c, p->options[inserted]);

	row_text(row, ROLE_KEY, "Tab>");
	while (from > 0) {
		width += canvas_width(row->c, p->options[from - 1]) + 1;
		if (width > row_left(row) * 2 / 3)
			break;
		from--;
	}
	for (size_t i = from; i < p->n_options; i++) {
		row_gap(row, 1);
		row_text(row, any && i == inserted ? ROLE_FOCUS | STYLE_BOLD : ROLE_NORMAL,
			 p->options[i]);
	}
}

bool usage_shown(const struct model *m)
{
	return m->prompt.kind != PROMPT_CLOSED && (m->usage[0] || m->prompt.n_options > 1);
}

void usage_draw(struct canvas *c, const struct rect *r, const struct model *m)
{
	struct row row = {c, r->x + 1, r->y, r->x + r->w, 0};

	if (m->prompt.n_options > 1)
		draw_options(&row, &m->prompt);
	else
		row_text(&row, ROLE_DIM, m->usage);
}
