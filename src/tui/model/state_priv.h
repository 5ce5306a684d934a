/* Makes and clears a model; its size, layout and screen. */
#ifndef TALLY_TUI_MODEL_STATE_PRIV_H
#define TALLY_TUI_MODEL_STATE_PRIV_H

#include "tui/model/layout_priv.h"
#include "tui/model/model_priv.h"

/* views: PANELS of them, borrowed. Call prompt_init for m->prompt afterwards. */
void model_init(struct model *m, const struct view *const *views, int cols, int rows, bool utf8);
void model_clear(struct model *m);
void model_resize(struct model *m, int cols, int rows);
void model_layout(const struct model *m, struct layout *l);
/* Shows a screen; closes pages and ends zoom. Does nothing if there is no such screen. */
void model_show_screen(struct model *m, enum screen s);
bool model_has_screen(const struct model *m, int s);

#endif
