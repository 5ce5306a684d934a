/* The first line: this node and its state. */
#ifndef TALLY_TUI_VIEWS_DRAW_HEADER_PRIV_H
#define TALLY_TUI_VIEWS_DRAW_HEADER_PRIV_H

#include "tui/model/model_priv.h"

void header_draw(struct canvas *c, const struct rect *r, const struct model *m);

#endif
