/* A panel: its frame with notes, and its rows. */
#ifndef TALLY_TUI_VIEWS_DRAW_PANEL_PRIV_H
#define TALLY_TUI_VIEWS_DRAW_PANEL_PRIV_H

#include "tui/model/layout_priv.h"
#include "tui/model/model_priv.h"

void panel_draw(struct canvas *c, const struct layout *l, struct model *m, enum panel p);
/* "filter:cmd=block 12/30", or "" without a filter. */
void panel_filter_note(const struct model *m, enum panel p, char *out, size_t size);

#endif
