/* Pages of text that cover the panels: help, details of a row, long answers. */
#ifndef TALLY_TUI_MODEL_OVERLAY_PRIV_H
#define TALLY_TUI_MODEL_OVERLAY_PRIV_H

#include "tui/model/model_priv.h"

/* Opens a page; title and text are copied. The page that was shown before is kept and shown again
 * by overlay_leave; at most OVERLAYS_BELOW_MAX are kept. Help replaces help. */
void overlay_open(struct model *m, enum overlay kind, const char *title, const char *text);
void overlay_leave(struct model *m); /* shows the page below, or the panels */
void overlay_close_all(struct model *m);
/* Acts on a key. False: the key has no special meaning on a page; act as usual. */
bool overlay_act(struct model *m, const struct key_row *row);
void overlay_scroll(struct model *m, long by); /* by: lines, negative: up */
/* As model_search, but within the text. */
bool overlay_search(struct model *m, bool backward, bool from_here);
/* Replaces the page's text. The scroll position and the number of the current match stay. */
void overlay_renew(struct model *m, const char *text);
/* Call it before the page is drawn. There is room for `rows` lines of `width` columns. */
void overlay_fit(struct model *m, int width, int rows);

#endif
