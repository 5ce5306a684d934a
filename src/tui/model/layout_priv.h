/* Computes where the parts of the screen stand, from its size and from what is shown. As the
 * screen gets smaller, the key bar is left out first, then the explaining line, the boxes and the
 * strips. If the screen is too narrow for two columns but tall enough, panels stand above one
 * another. */
#ifndef TALLY_TUI_MODEL_LAYOUT_PRIV_H
#define TALLY_TUI_MODEL_LAYOUT_PRIV_H

#include "tui/model/panels_priv.h"
#include "tui/term/canvas_priv.h"

struct layout_input {
	enum screen screen;
	enum panel focus;
	bool zoom;    /* the focused panel fills the dashboard */
	bool overlay; /* a page covers the panels */
	bool prompt;  /* the prompt's line is in use: it is shown even on the smallest screen */
};

struct layout {
	int cols, rows;
	bool one_line; /* smaller than 20x3: only the header is shown, or only the prompt */
	bool boxes;    /* panels have frames */
	/* Empty if there is no room: */
	struct rect header, tabs, body, explain, prompt, keybar;
	struct rect strip[PANELS];
	struct rect panel[PANELS]; /* with their frames */
};

void layout_make(struct layout *l, int cols, int rows, const struct layout_input *in);
/* The inside of a panel's frame; the whole panel if there are no frames. */
struct rect layout_inner(const struct layout *l, const struct rect *panel);

#endif
