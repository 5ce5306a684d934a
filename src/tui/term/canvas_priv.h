/* A grid of cells to draw on, clipped, apart from any terminal: so that a resize never destroys
 * geometry and a frame can be had as text. */
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

/* A style is a role (theme_priv.h) with these or'ed in. */
enum {
	STYLE_ROLE = 0xff,
	STYLE_BOLD = 0x100,
	STYLE_REVERSE = 0x200,
	STYLE_UNDERLINE = 0x400,
	STYLE_KEEP = 0x800, /* its role stays, reversed, where a row is forced into a style */
};

struct cell {
	uint32_t ch; /* 0: right half of the wide character before it */
	uint32_t style;
};

struct canvas {
	int cols, rows;
	bool utf8; /* false: everything becomes ASCII */
	struct cell *cells;
	struct rect clip; /* nothing outside is touched */
};

/* Sizes are brought within 1 .. CANVAS_MAX; all blank. */
void canvas_init(struct canvas *c, int cols, int rows, bool utf8);
void canvas_clear(struct canvas *c);                      /* frees; twice is harmless */
void canvas_wipe(struct canvas *c);                       /* all blank again, unclipped */
void canvas_clip(struct canvas *c, const struct rect *r); /* NULL: the whole */
const struct cell *canvas_at(const struct canvas *c, int x, int y);

/* Text at x, y (which may be outside); returns the columns it takes whether they are seen or not. Wide
 * characters that don't fit whole leave a blank. */
int canvas_text(struct canvas *c, int x, int y, unsigned style, const char *text);
void canvas_fill(struct canvas *c, const struct rect *r, unsigned style, uint32_t ch);
void canvas_box(struct canvas *c, const struct rect *r, unsigned style);
/* Columns the text takes here. */
int canvas_width(const struct canvas *c, const char *text);
/* The bytes of the text that stand on one line of so many columns: up to its end, a newline, the last blank that comes
 * before them (which is left out), or within a word that is longer. */
size_t canvas_line_bytes(const char *text, int width);
/* The frame as UTF-8, trailing blanks left out, rows joined by newlines. mem_alloc'ed. */
char *canvas_to_text(const struct canvas *c);

/* The next character of well-formed or other bytes (then '?'); moves *s on; 0 at the end. */
uint32_t utf8_next(const char **s);
size_t utf8_put(char out[4], uint32_t ch); /* bytes written */

/* One line written from left to right, cut at its end. */
struct row {
	struct canvas *c;
	int x, y, end;  /* end: first column not written */
	unsigned force; /* non-zero: this style instead of any other (a selected row) */
};
void row_text(struct row *r, unsigned style, const char *text); /* cut with an ellipsis */
void row_printf(struct row *r, unsigned style, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Exactly |width| columns, cut or filled up; width < 0: to the right. */
void row_field(struct row *r, unsigned style, int width, const char *text);
void row_fieldf(struct row *r, unsigned style, int width, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
/* The same where it fits whole, else nothing, nor anything after it: a column that goes for want of room. */
void row_column(struct row *r, unsigned style, int width, const char *text);
void row_gap(struct row *r, int columns);
void row_fill(struct row *r, unsigned style); /* blanks up to the end */
static inline int row_left(const struct row *r)
{
	return r->end - r->x;
}

#endif
