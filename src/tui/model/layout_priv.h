/* Where the parts of the screen stand: a pure function from its size and what is shown to rectangles. As room shrinks, the
 * key bar goes first, then the explaining line, the boxes and the strips. If panels side by side would be too narrow,
 * they stand above one another, provided the screen is tall enough. */
#ifndef TALLY_TUI_MODEL_LAYOUT_PRIV_H
#define TALLY_TUI_MODEL_LAYOUT_PRIV_H

#include "tui/model/panels_priv.h"
#include "tui/term/canvas_priv.h"

struct layout_input {
	enum screen screen;
	enum panel focus;
	bool zoom;    /* the focused panel fills the dashboard */
	bool overlay; /* a page covers the panels */
	bool prompt;  /* the prompt or a message needs its line, however small the screen is */
};

struct layout {
	int cols, rows;
	bool one_line; /* below 20x3: only the header, or only the prompt */
	bool boxes;    /* panels have frames */
	/* Empty if there is no room: */
	struct rect header, tabs, body, explain, prompt, keybar;
	struct rect strip[PANELS];
	struct rect panel[PANELS]; /* with their frames */
};

void layout_make(struct layout *l, int cols, int rows, const struct layout_input *in);
/* The room within a panel's frame; all of it if panels have none. */
struct rect layout_inner(const struct layout *l, const struct rect *panel);

#endif
