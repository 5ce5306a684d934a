/* The effect of keys that need neither node nor terminal. */
#ifndef TALLY_TUI_MODEL_ACTIONS_PRIV_H
#define TALLY_TUI_MODEL_ACTIONS_PRIV_H

#include "tui/model/model_priv.h"

/* row: the key's row in the key table; key: the key itself. False: the caller must act, because
 * the action needs the node, the terminal or the help page, or because q at the top stops the
 * node. */
bool model_act(struct model *m, const struct key_row *row, int32_t key);

#endif
