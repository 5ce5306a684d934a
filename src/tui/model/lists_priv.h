/* The lists of the panels: which rows pass the filter, in what order, and which one is selected. */
#ifndef TALLY_TUI_MODEL_LISTS_PRIV_H
#define TALLY_TUI_MODEL_LISTS_PRIV_H

#include "tui/model/model_priv.h"

/* After the data, a filter or a sort order has changed: orders all lists again and finds each selection by
 * what it is, not by where it stood. */
void lists_update(struct model *m);
/* The selected row of the focused list, as an index into the data. */
bool list_selected(const struct model *m, size_t *row);
/* The row that is `id`, filtered out or not. */
bool list_find_row(const struct model *m, enum panel p, const struct row_id *id, size_t *row);

/* These act on the focused list. */

/* Selects row `at` of those shown, or the last one. may_follow: if that is the newest row, the selection stays on the
 * newest one from now on. */
void list_move_to(struct model *m, size_t at, bool may_follow);
void list_move_by(struct model *m, long by);
/* Reverses the order; the second time sorts by the next column. */
void list_sort_next(struct model *m);
/* "" shows all rows. Reports a term that no row can pass. */
void list_set_filter(struct model *m, const char *filter);

/* True if the list grows at one end but does not follow its newest row. *newer: how many of the newest rows were out of
 * sight when it was last drawn. */
bool list_paused(const struct model *m, enum panel p, size_t *newer);

#endif
