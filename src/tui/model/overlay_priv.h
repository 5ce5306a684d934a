/* Pages of text that cover the panels: help, details of a row, long answers. */
#ifndef TALLY_TUI_MODEL_OVERLAY_PRIV_H
#define TALLY_TUI_MODEL_OVERLAY_PRIV_H

#include "tui/model/model_priv.h"

/* Opens a page; title and text are copied. Leaving it goes back to the page from which it was opened (at most
 * OVERLAYS_BELOW_MAX deep), except that help replaces help. */
void overlay_open(struct model *m, enum overlay kind, const char *title, const char *text);
void overlay_leave(struct model *m); /* back to the page below, or to the panels */
void overlay_close_all(struct model *m);
/* Does what a key means within a page. False: it means the same as elsewhere. */
bool overlay_act(struct model *m, const struct key_row *row);
void overlay_scroll(struct model *m, long by); /* lines; stays within the text */
/* As model_search, within the text. */
bool overlay_search(struct model *m, bool backward, bool from_here);
/* Replaces the page's text. It stays scrolled to the same line and on the same match (first, second, ...). */
void overlay_renew(struct model *m, const char *text);
/* Before it is drawn: `rows` lines of `width` columns have room. Sets lines, page and top. */
void overlay_fit(struct model *m, int width, int rows);

#endif
