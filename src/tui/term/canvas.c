#include "tui/term/canvas_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <tally/base/mem.h>

#define TEXT_BYTES 1024

static int bounded(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

void canvas_init(struct canvas *c, int cols, int rows, bool utf8)
{
	*c = (struct canvas){
		.cols = bounded(cols, 1, CANVAS_MAX),
		.rows = bounded(rows, 1, CANVAS_MAX),
		.utf8 = utf8,
	};
	c->cells = mem_array((size_t)c->cols * (size_t)c->rows, sizeof(*c->cells));
	canvas_wipe(c);
}

void canvas_clear(struct canvas *c)
{
	free(c->cells);
	c->cells = NULL;
	c->cols = c->rows = 0;
}

void canvas_wipe(struct canvas *c)
{
	size_t n = (size_t)c->cols * (size_t)c->rows;

	for (size_t i = 0; i < n; i++)
		c->cells[i] = (struct cell){' ', 0};
	canvas_clip(c, NULL);
}

void canvas_clip(struct canvas *c, const struct rect *r)
{
	int x0 = r ? bounded(r->x, 0, c->cols) : 0;
	int y0 = r ? bounded(r->y, 0, c->rows) : 0;
	int x1 = r ? bounded(r->x + r->w, x0, c->cols) : c->cols;
	int y1 = r ? bounded(r->y + r->h, y0, c->rows) : c->rows;

	c->clip = (struct rect){x0, y0, x1 - x0, y1 - y0};
}

static struct cell *cell_at(const struct canvas *c, int x, int y)
{
	return &c->cells[(size_t)y * (size_t)c->cols + (size_t)x];
}

const struct cell *canvas_at(const struct canvas *c, int x, int y)
{
	return cell_at(c, x, y);
}

uint32_t utf8_next(const char **s)
{
	const unsigned char *p = (const unsigned char *)*s;
	size_t len = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : p[0] >= 0xc2 ? 2 : 0;
	uint32_t ch;

	if (!p[0])
		return 0;
	if (len == 1) {
		(*s)++;
		return p[0];
	}
	ch = len ? p[0] & (0xffu >> (len + 1)) : 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80) {
			len = 0;
			break;
		}
		ch = ch << 6 | (p[i] & 0x3fu);
	}
	if (!len || ch > 0x10ffff) {
		(*s)++;
		return '?';
	}
	*s += len;
	return ch;
}

size_t utf8_put(char out[4], uint32_t ch)
{
	if (ch < 0x80) {
		out[0] = (char)ch;
		return 1;
	}
	if (ch < 0x800) {
		out[0] = (char)(0xc0 | ch >> 6);
		out[1] = (char)(0x80 | (ch & 0x3f));
		return 2;
	}
	if (ch < 0x10000) {
		out[0] = (char)(0xe0 | ch >> 12);
		out[1] = (char)(0x80 | (ch >> 6 & 0x3f));
		out[2] = (char)(0x80 | (ch & 0x3f));
		return 3;
	}
	out[0] = (char)(0xf0 | ch >> 18);
	out[1] = (char)(0x80 | (ch >> 12 & 0x3f));
	out[2] = (char)(0x80 | (ch >> 6 & 0x3f));
	out[3] = (char)(0x80 | (ch & 0x3f));
	return 4;
}

/* The ASCII character that replaces a glyph of the console. Both are one column wide. */
static uint32_t ascii_of(uint32_t ch)
{
	static const struct {
		uint32_t ch;
		char ascii;
	} glyphs[] = {
		{0x2500, '-'}, {0x2502, '|'}, {0x250c, '+'}, {0x2510, '+'}, {0x2514, '\''},
		{0x2518, '+'}, {0x256d, '+'}, {0x256e, '+'}, {0x256f, '+'}, {0x2570, '+'},
		{0x2026, '~'}, {0x2588, '#'}, {0x2591, '-'}, {0x2581, '_'}, {0x2582, '.'},
		{0x2583, ','}, {0x2584, '-'}, {0x2585, '='}, {0x2586, '+'}, {0x2587, '^'},
		{0x25b2, '^'}, {0x25bc, 'v'}, {0x25b8, '>'}, {0x2192, '>'}, {0x2190, '<'},
		{0x25cf, '*'}, {0x25cb, 'o'}, {0x00b7, '.'}, {0x2717, 'x'}, {0x2713, '*'},
	};

	if (ch < 0x80)
		return ch;
	for (size_t i = 0; i < ARRAY_LEN(glyphs); i++)
		if (glyphs[i].ch == ch)
			return (uint32_t)glyphs[i].ascii;
	return '?';
}

/* Replaces *ch by what is drawn for it and returns its columns (0: not drawn). Control characters
 * become '?': text from peers must not control the terminal. */
static int glyph_for(const struct canvas *c, uint32_t *ch)
{
	int w;

	if (!c->utf8)
		*ch = ascii_of(*ch);
	if (*ch < 0x20 || (*ch >= 0x7f && *ch < 0xa0)) {
		*ch = '?';
		return 1;
	}
	if (*ch < 0x7f)
		return 1;
	w = wcwidth((wchar_t)*ch);
	if (w < 0) {
		*ch = '?';
		return 1;
	}
	return w;
}

/* If one half of a wide character is overwritten, its other half becomes a blank. */
static void split_wide(struct canvas *c, int x, int y)
{
	struct cell *at = cell_at(c, x, y);

	if (at->ch == 0 && x > 0)
		cell_at(c, x - 1, y)->ch = ' ';
	if (x + 1 < c->cols && at[1].ch == 0)
		at[1].ch = ' ';
}

/* w: the columns of the character. */
static void put(struct canvas *c, int x, int y, struct cell cell, int w)
{
	const struct rect *k = &c->clip;

	if (y < k->y || y >= k->y + k->h || x + w <= k->x || x >= k->x + k->w)
		return;
	if (w == 2 && (x < k->x || x + 2 > k->x + k->w)) {
		x = x < k->x ? k->x : x; /* only one half is inside the clip: draw a blank there */
		cell.ch = ' ';
		w = 1;
	}
	for (int i = 0; i < w; i++) {
		split_wide(c, x + i, y);
		*cell_at(c, x + i, y) = (struct cell){i ? 0 : cell.ch, cell.style};
	}
}

int canvas_text(struct canvas *c, int x, int y, unsigned style, const char *text)
{
	int from = x;
	uint32_t ch;

	while ((ch = utf8_next(&text))) {
		int w = glyph_for(c, &ch);

		if (w)
			put(c, x, y, (struct cell){ch, style}, w);
		x += w;
	}
	return x - from;
}

void canvas_fill(struct canvas *c, const struct rect *r, unsigned style, uint32_t ch)
{
	int w = glyph_for(c, &ch);

	if (w != 1)
		return;
	for (int y = r->y; y < r->y + r->h; y++)
		for (int x = r->x; x < r->x + r->w; x++)
			put(c, x, y, (struct cell){ch, style}, 1);
}

void canvas_box(struct canvas *c, const struct rect *r, unsigned style)
{
	int right = r->x + r->w - 1, low = r->y + r->h - 1;

	if (r->w < 2 || r->h < 2)
		return;
	canvas_fill(c, &(struct rect){r->x + 1, r->y, r->w - 2, 1}, style, 0x2500);
	canvas_fill(c, &(struct rect){r->x + 1, low, r->w - 2, 1}, style, 0x2500);
	canvas_fill(c, &(struct rect){r->x, r->y + 1, 1, r->h - 2}, style, 0x2502);
	canvas_fill(c, &(struct rect){right, r->y + 1, 1, r->h - 2}, style, 0x2502);
	canvas_text(c, r->x, r->y, style, "╭");
	canvas_text(c, right, r->y, style, "╮");
	canvas_text(c, r->x, low, style, "╰");
	canvas_text(c, right, low, style, "╯");
}

int canvas_width(const struct canvas *c, const char *text)
{
	int width = 0;
	uint32_t ch;

	while ((ch = utf8_next(&text)))
		width += glyph_for(c, &ch);
	return width;
}

size_t canvas_line_bytes(const char *text, int width)
{
	const char *at = text, *blank = NULL;
	int cols = 0;

	while (*at && *at != '\n') {
		const char *next = at;
		const int w = wcwidth((wchar_t)utf8_next(&next));

		if (cols > 0 && cols + (w > 0 ? w : 1) > width)
			return (size_t)((blank && *at != ' ' ? blank : at) - text);
		if (*at == ' ' && at > text && at[-1] != ' ' && cols > 0)
			blank = at;
		cols += w > 0 ? w : 1;
		at = next;
	}
	return (size_t)(at - text);
}

char *canvas_to_text(const struct canvas *c)
{
	char *out = mem_array((size_t)c->rows * ((size_t)c->cols * 4 + 1) + 1, 1);
	size_t at = 0;

	for (int y = 0; y < c->rows; y++) {
		size_t end = at;

		for (int x = 0; x < c->cols; x++) {
			uint32_t ch = cell_at(c, x, y)->ch;

			if (ch)
				at += utf8_put(out + at, ch);
			if (ch && ch != ' ')
				end = at;
		}
		at = end;
		out[at++] = '\n';
	}
	out[at - 1] = '\0';
	return out;
}

static unsigned style_in(const struct row *r, unsigned style)
{
	if (!r->force)
		return style;
	if (style & STYLE_KEEP)
		return (r->force & ~(unsigned)STYLE_ROLE) | (style & STYLE_ROLE);
	return r->force;
}

/* The style of blanks that fill up a text of this style. */
static unsigned style_beside(const struct row *r, unsigned style)
{
	return r->force ? r->force : style & (STYLE_ROLE | STYLE_REVERSE);
}

/* Writes the part that fits in `width` columns. If the text is cut, an ellipsis takes the last
 * column. Returns the columns used. */
static int write_cut(struct row *r, int width, unsigned style, const char *text)
{
	int full = canvas_width(r->c, text), x = 0;
	int room = full > width ? width - 1 : width;
	uint32_t ch;

	if (width <= 0)
		return 0;
	while ((ch = utf8_next(&text))) {
		int w = glyph_for(r->c, &ch);

		if (x + w > room)
			break;
		if (w)
			put(r->c, r->x + x, r->y, (struct cell){ch, style}, w);
		x += w;
	}
	if (full > width)
		x += canvas_text(r->c, r->x + x, r->y, style, "…");
	return x;
}

static void blanks(struct row *r, int n, unsigned style)
{
	canvas_fill(r->c, &(struct rect){r->x, r->y, n, 1}, style, ' ');
	r->x += n;
}

void row_text(struct row *r, unsigned style, const char *text)
{
	r->x += write_cut(r, row_left(r), style_in(r, style), text);
}

void row_printf(struct row *r, unsigned style, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	row_text(r, style, text);
}

void row_field(struct row *r, unsigned style, int width, const char *text)
{
	bool right = width < 0;
	int room = right ? -width : width, w;

	style = style_in(r, style);
	if (room > row_left(r))
		room = row_left(r);
	if (room <= 0)
		return;
	w = canvas_width(r->c, text);
	if (right && w < room) {
		blanks(r, room - w, style_beside(r, style));
		room = w;
	}
	w = write_cut(r, room, style, text);
	r->x += w;
	blanks(r, room - w, style_beside(r, style));
}

void row_column(struct row *r, unsigned style, int width, const char *text)
{
	if (row_left(r) < (width < 0 ? -width : width))
		row_fill(r, style & ~(unsigned)STYLE_UNDERLINE);
	else
		row_field(r, style, width, text);
}

void row_fieldf(struct row *r, unsigned style, int width, const char *fmt, ...)
{
	char text[TEXT_BYTES];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	row_field(r, style, width, text);
}

void row_gap(struct row *r, int columns)
{
	int n = bounded(columns, 0, row_left(r) > 0 ? row_left(r) : 0);

	blanks(r, n, style_in(r, 0));
}

void row_fill(struct row *r, unsigned style)
{
	if (row_left(r) > 0)
		blanks(r, row_left(r), style_in(r, style));
}
