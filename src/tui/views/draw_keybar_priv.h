/* The line of keys that work now. */
#ifndef TALLY_TUI_VIEWS_DRAW_KEYBAR_PRIV_H
#define TALLY_TUI_VIEWS_DRAW_KEYBAR_PRIV_H

#include "tui/model/model_priv.h"

void keybar_draw(struct canvas *c, const struct rect *r, const struct model *m);

#endif
