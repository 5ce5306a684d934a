/* A page of text. */
#ifndef TALLY_TUI_VIEWS_DRAW_OVERLAY_PRIV_H
#define TALLY_TUI_VIEWS_DRAW_OVERLAY_PRIV_H

#include "tui/model/layout_priv.h"
#include "tui/model/model_priv.h"

void overlay_draw(struct canvas *c, const struct layout *l, struct model *m);
/* Draws one line: which lines of the page are visible, and the keys of a page. */
void overlay_draw_position(struct row *r, const struct model *m);

#endif
