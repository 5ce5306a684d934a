/* One frame. */
#ifndef TALLY_TUI_VIEWS_SCREEN_PRIV_H
#define TALLY_TUI_VIEWS_SCREEN_PRIV_H

#include "tui/model/model_priv.h"

/* Draws all of the model; sets the model's cursor, and how many rows its lists and pages have on the screen. */
void screen_draw(struct canvas *c, struct model *m);

#endif
