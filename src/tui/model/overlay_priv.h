/* A text shown instead of the panels: help, details, long answers. */
#ifndef TALLY_TUI_MODEL_OVERLAY_PRIV_H
#define TALLY_TUI_MODEL_OVERLAY_PRIV_H

#include "tui/term/canvas_priv.h"
#include "tui/model/model_priv.h"

/* Does what a key means within a page. False: it means there what it means elsewhere. */
bool overlay_act(struct model *m, enum action a);
void overlay_scroll(struct model *m, long by); /* lines; stays within the text */
/* As model_search, within the text. */
bool overlay_search(struct model *m, bool backward, bool from_here);
/* The page's text is now another: where it is scrolled to and which match was found stay. */
void overlay_renew(struct model *m, const char *text);
void overlay_draw(struct canvas *c, const struct layout *l, struct model *m);
void overlay_where(struct row *r, const struct model *m); /* which lines of it are seen */

#endif
