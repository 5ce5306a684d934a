/* Draws a frame. */
#ifndef TALLY_TUI_VIEWS_SCREEN_PRIV_H
#define TALLY_TUI_VIEWS_SCREEN_PRIV_H

#include "tui/model/model_priv.h"

/* Draws the whole model. Sets in it the place of the cursor, and how many rows of each list are
 * visible. */
void screen_draw(struct canvas *c, struct model *m);

#endif
