/* Reads a source into the model. */
#ifndef TALLY_TUI_MODEL_REFRESH_PRIV_H
#define TALLY_TUI_MODEL_REFRESH_PRIV_H

#include "tui/model/model_priv.h"

/* Reads the snapshot into m->live and, unless the view is frozen, all data of the views into
 * m->data. */
void model_refresh(struct model *m, const struct source *s);
/* True if a row on the screen was not read completely. The next refresh reads more of it. */
bool model_refresh_incomplete(const struct model *m);

#endif
