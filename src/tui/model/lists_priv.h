/* Moving within the focused list. The rest of what lists.c does is in model_priv.h. */
#ifndef TALLY_TUI_MODEL_LISTS_PRIV_H
#define TALLY_TUI_MODEL_LISTS_PRIV_H

#include "tui/model/model_priv.h"

#define CHAIN_WANT_LEAST 64 /* rows of chain that are looked at; more where one goes further down */

/* To this place, or the last one. may_follow: at the newest row the selection stays with what comes. */
void list_move_to(struct model *m, size_t at, bool may_follow);
void list_move_by(struct model *m, long by);
/* Whether new rows come at one end of a list, and it stands still instead of following them; *newer: how many of the
 * newest were out of sight when it was last drawn. */
bool list_left(const struct model *m, enum panel p, size_t *newer);

#endif
