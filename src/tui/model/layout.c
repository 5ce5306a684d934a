#include "tui/model/layout_priv.h"

/* The smallest sizes at which each part is shown. */
#define ONE_LINE_ROWS     3
#define ONE_LINE_COLS     20
#define BARE_ROWS         8 /* on a lower screen: only header and focused panel */
#define BARE_COLS         40
#define STRIPS_ROWS       11
#define BOX_ROWS          18
#define BOX_COLS          70
#define EXPLAIN_ROWS      20
#define KEYBAR_ROWS       22
#define WIDE_ROWS         34
#define WIDE_COLS         110
#define STACK_ROWS        22 /* least height of a narrow screen with boxes */
#define STACK_COLS        80 /* narrower than this */
#define STACK_KEYBAR_ROWS 26

static struct rect take_top(struct rect *from, int h)
{
	struct rect r = {from->x, from->y, from->w, h};

	from->y += h;
	from->h -= h;
	return r;
}

static struct rect take_bottom(struct rect *from, int h)
{
	from->h -= h;
	return (struct rect){from->x, from->y + from->h, from->w, h};
}

static struct rect take_left(struct rect *from, int w)
{
	struct rect r = {from->x, from->y, w, from->h};

	from->x += w;
	from->w -= w;
	return r;
}

static bool is_always_on_dashboard(enum panel p)
{
	return p == PANEL_PEERS || p == PANEL_CHAIN || p == PANEL_MSGS;
}

/* Peers and chain side by side, the messages below; on a wide screen mempool, miner and wallet
 * stand between. If the focused panel has no place here, it takes that of the messages. */
static void place_dashboard(struct layout *l, enum panel focus)
{
	struct rect body = l->body, upper, middle;
	bool wide = l->cols >= WIDE_COLS && l->rows >= WIDE_ROWS;
	enum panel low =
		is_always_on_dashboard(focus) || (wide && focus != PANEL_LOG) ? PANEL_MSGS : focus;

	upper = take_top(&body, wide ? body.h * 35 / 100 : body.h * 9 / 19);
	l->panel[PANEL_PEERS] = take_left(&upper, upper.w / 2);
	l->panel[PANEL_CHAIN] = upper;
	if (wide) {
		middle = take_top(&body, body.h * 2 / 5);
		l->panel[PANEL_MEMPOOL] = take_left(&middle, middle.w * 36 / 100);
		l->panel[PANEL_MINER] = take_left(&middle, middle.w * 42 / 100);
		l->panel[PANEL_WALLET] = middle;
	}
	l->panel[low] = body;
}

/* Places the three panels above one another, on a screen that is too narrow for two columns. */
static void place_stacked(struct layout *l, enum panel focus)
{
	struct rect body = l->body;
	const int peers = body.h * 3 / 10, chain = body.h * 7 / 20;

	l->panel[PANEL_PEERS] = take_top(&body, peers);
	l->panel[PANEL_CHAIN] = take_top(&body, chain);
	l->panel[is_always_on_dashboard(focus) ? PANEL_MSGS : focus] = body;
}

/* A narrow and tall screen has its panels above one another. */
static bool is_stacked(const struct layout *l)
{
	return l->rows >= STACK_ROWS && l->cols >= BARE_COLS && l->cols < STACK_COLS;
}

/* The lines above and below the body. `rest` loses their room. */
static void place_lines(struct layout *l, struct rect *rest, enum panel focus)
{
	const bool stacked = is_stacked(l);

	l->boxes = stacked || (l->rows >= BOX_ROWS && l->cols >= BOX_COLS);
	if (l->boxes && l->cols >= BOX_COLS)
		l->tabs = take_top(rest, 1);
	if (l->boxes && l->rows >= (stacked ? STACK_KEYBAR_ROWS : KEYBAR_ROWS))
		l->keybar = take_bottom(rest, 1);
	l->prompt = take_bottom(rest, 1);
	if (l->rows >= (l->boxes ? EXPLAIN_ROWS : STRIPS_ROWS))
		l->explain = take_bottom(rest, 1);
	if (l->boxes || l->rows < STRIPS_ROWS)
		return;
	/* From the bottom up: peers stand above the chain. The focused panel needs no strip. */
	if (focus != PANEL_CHAIN)
		l->strip[PANEL_CHAIN] = take_bottom(rest, 1);
	if (focus != PANEL_PEERS)
		l->strip[PANEL_PEERS] = take_bottom(rest, 1);
}

static void place_panels(struct layout *l, const struct layout_input *in)
{
	if (in->overlay)
		return;
	if (!l->boxes || in->screen != SCREEN_DASHBOARD || in->zoom)
		l->panel[in->focus] = l->body;
	else if (is_stacked(l))
		place_stacked(l, in->focus);
	else
		place_dashboard(l, in->focus);
}

void layout_make(struct layout *l, int cols, int rows, const struct layout_input *in)
{
	struct rect rest = {0, 0, cols, rows};

	*l = (struct layout){.cols = cols, .rows = rows};
	l->one_line = rows < ONE_LINE_ROWS || cols < ONE_LINE_COLS;
	if (l->one_line && in->prompt) {
		l->prompt = take_bottom(&rest, 1);
		return;
	}
	l->header = take_top(&rest, 1);
	if (l->one_line)
		return;
	if (rows >= BARE_ROWS && cols >= BARE_COLS)
		place_lines(l, &rest, in->focus);
	else if (in->prompt)
		l->prompt = take_bottom(&rest, 1);
	l->body = rest;
	place_panels(l, in);
}

struct rect layout_inner(const struct layout *l, const struct rect *panel)
{
	if (!l->boxes)
		return *panel;
	return (struct rect){panel->x + 1, panel->y + 1, panel->w - 2, panel->h - 2};
}
