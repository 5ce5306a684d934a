#include "tui/views/views_priv.h"

#define VIEW_ENTRY(NAME, name) [PANEL_##NAME] = &view_##name,

const struct view *const views_all[PANELS] = {PANEL_LIST(VIEW_ENTRY)};
