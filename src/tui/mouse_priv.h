/* The mouse: a click selects a screen, a panel and a row; the wheel scrolls. */
#ifndef TALLY_TUI_MOUSE_PRIV_H
#define TALLY_TUI_MOUSE_PRIV_H

#include "tui/model/model_priv.h"

/* Both do nothing while the prompt is open: the focus must not move, because a filter is set for
 * the focused panel. */
void mouse_click(struct model *m, int x, int y);
void mouse_wheel(struct model *m, int x, int y, int lines); /* lines > 0: down */

#endif
