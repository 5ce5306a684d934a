/* Where everything stands: a pure function from the size of the screen and what is looked at to
 * rectangles. As room shrinks the key bar goes first, then the explaining line, the boxes, the strips. Where panels side
 * by side would be too narrow they stand above one another, if it is tall enough. */
#ifndef TALLY_TUI_MODEL_LAYOUT_PRIV_H
#define TALLY_TUI_MODEL_LAYOUT_PRIV_H

#include "tui/term/canvas_priv.h"

enum panel {
	PANEL_PEERS,
	PANEL_CHAIN,
	PANEL_MEMPOOL,
	PANEL_MSGS,
	PANEL_WALLET,
	PANEL_LOG,
	PANEL_MINER, /* shown on a wide dashboard, never focused */
	PANELS
};

/* 1 .. 7: the dashboard, and each list on a screen of its own (2 is PANEL_PEERS, …). */
enum screen {
	SCREEN_DASHBOARD = 1,
	SCREEN_PEERS,
	SCREEN_CHAIN,
	SCREEN_MEMPOOL,
	SCREEN_MSGS,
	SCREEN_WALLET,
	SCREEN_LOG,
	SCREEN_END
};

struct layout_wish {
	enum screen screen;
	enum panel focus;
	bool zoom;    /* the focused panel alone */
	bool overlay; /* help or a detail stands in the body instead of panels */
	bool asking;  /* the prompt is open or a message stands there: it needs its line */
};

struct layout {
	int cols, rows;
	bool one_line; /* below 20x3: the header alone, or the prompt */
	bool boxes;    /* panels have frames */
	/* Empty where there is no room: */
	struct rect header, tabs, body, strip_peers, strip_chain, explain, prompt, keybar;
	struct rect panel[PANELS]; /* with their frames */
};

void layout_make(struct layout *l, int cols, int rows, const struct layout_wish *wish);
/* What is within the frame (the frame's place where there is none). */
struct rect layout_inner(const struct layout *l, const struct rect *panel);

#endif
