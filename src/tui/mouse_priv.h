/* The mouse: a click selects a screen, a panel and a row; the wheel scrolls. */
#ifndef TALLY_TUI_MOUSE_PRIV_H
#define TALLY_TUI_MOUSE_PRIV_H

#include "tui/model/model_priv.h"

/* Both do nothing while the prompt is open: a filter that is being typed is for the panel that has the focus. */
void mouse_click(struct model *m, int x, int y);
void mouse_wheel(struct model *m, int x, int y, int lines); /* lines > 0: down */

#endif
