/* What keys do that needs neither node nor terminal. */
#ifndef TALLY_TUI_MODEL_ACTIONS_PRIV_H
#define TALLY_TUI_MODEL_ACTIONS_PRIV_H

#include "tui/model/model_priv.h"

/* row: that of the key that was pressed. False: the action needs the node, the terminal or the help text,
 * or q at the top asks to stop the node: the caller's business. */
bool model_act(struct model *m, const struct key_row *row, int32_t key);

#endif
