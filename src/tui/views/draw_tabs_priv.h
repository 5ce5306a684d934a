/* Draws the line of tabs, one for each screen, and at its right the rate of messages. */
#ifndef TALLY_TUI_VIEWS_DRAW_TABS_PRIV_H
#define TALLY_TUI_VIEWS_DRAW_TABS_PRIV_H

#include "tui/model/model_priv.h"

void tabs_draw(struct canvas *c, const struct rect *r, const struct model *m);
/* The screen whose tab is at column x; 0: none. */
int tabs_screen_at(const struct model *m, const struct rect *r, int x);

#endif
