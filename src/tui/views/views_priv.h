/* All views; PANEL_LIST names them. */
#ifndef TALLY_TUI_VIEWS_VIEWS_PRIV_H
#define TALLY_TUI_VIEWS_VIEWS_PRIV_H

#include "tui/model/panels_priv.h"
#include "tui/model/view_priv.h"

#define VIEW_DECLARE(NAME, name) extern const struct view view_##name;
PANEL_LIST(VIEW_DECLARE)

/* Indexed by panel; for model_init. */
extern const struct view *const views_all[PANELS];

#endif
