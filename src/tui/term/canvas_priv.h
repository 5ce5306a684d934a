/* A grid of cells to draw on. It is independent of the terminal, so that any size can be drawn,
 * and tests read a frame as text. */
#ifndef TALLY_TUI_TERM_CANVAS_PRIV_H
#define TALLY_TUI_TERM_CANVAS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CANVAS_MAX 1000 /* columns and rows */

struct rect {
	int x, y, w, h;
};

static inline bool rect_empty(const struct rect *r)
{
	return r->w <= 0 || r->h <= 0;
}

static inline bool rect_has(const struct rect *r, int x, int y)
{
	return x >= r->x && x < r->x + r->w && y >= r->y && y < r->y + r->h;
}

/* A style is a role (theme_priv.h), combined with these flags. */
enum {
	STYLE_ROLE = 0xff,
	STYLE_BOLD = 0x100,
	STYLE_REVERSE = 0x200,
	STYLE_UNDERLINE = 0x400,
	STYLE_KEEP =
		/* In a row whose style is forced (struct row), its role and so its colour stays. */
	0x800,
};

struct cell {
	uint32_t ch; /* 0: the right half of the wide character in the cell before */
	uint32_t style;
};

struct canvas {
	int cols, rows;
	bool utf8; /* false: other characters than ASCII are replaced */
	struct cell *cells;
	struct rect clip; /* cells outside of it are not changed */
};

/* All cells are blank. Sizes are limited to 1 .. CANVAS_MAX. */
void canvas_init(struct canvas *c, int cols, int rows, bool utf8);
void canvas_clear(struct canvas *c); /* frees it; a second call is harmless */
void canvas_wipe(struct canvas *c);  /* blanks all cells and removes the clip */
void canvas_clip(struct canvas *c, const struct rect *r); /* NULL: no clip */
const struct cell *canvas_at(const struct canvas *c, int x, int y);

/* Draws text at x, y, which may lie outside of the canvas. Returns its width in columns, including
 * those that were clipped. A wide character of which only one half fits becomes a blank. */
int canvas_text(struct canvas *c, int x, int y, unsigned style, const char *text);
void canvas_fill(struct canvas *c, const struct rect *r, unsigned style, uint32_t ch);
void canvas_box(struct canvas *c, const struct rect *r, unsigned style);
/* The width of the text on this canvas, in columns. */
int canvas_width(const struct canvas *c, const char *text);
/* The number of bytes that fit on one line of `width` columns: up to the end of the text, a
 * newline, or the last blank before the limit (without it). A word that is longer than a line is
 * broken. */
size_t canvas_line_bytes(const char *text, int width);
/* The canvas as UTF-8 text: rows without trailing blanks, joined by newlines. mem_alloc'ed. */
char *canvas_to_text(const struct canvas *c);

/* Returns the next character and moves *s behind it; 0 at the end. A byte that is not valid UTF-8
 * is returned as '?'. */
uint32_t utf8_next(const char **s);
size_t utf8_put(char out[4], uint32_t ch); /* returns the number of bytes written */

/* A line that is written from left to right and cut at its end. */
struct row {
	struct canvas *c;
	int x, y, end;  /* end: first column not written */
	unsigned force; /* non-zero: this style instead of any other (a selected row) */
};
void row_text(struct row *r, unsigned style, const char *text); /* cut with an ellipsis */
void row_printf(struct row *r, unsigned style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Exactly |width| columns, cut or filled with blanks; width < 0: aligned to the right. */
void row_field(struct row *r, unsigned style, int width, const char *text);
void row_fieldf(struct row *r, unsigned style, int width, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* As row_field, but if the column does not fit whole, the rest of the line is left blank. */
void row_column(struct row *r, unsigned style, int width, const char *text);
void row_gap(struct row *r, int columns);
void row_fill(struct row *r, unsigned style); /* blanks up to the end */
static inline int row_left(const struct row *r)
{
	return r->end - r->x;
}

#endif
