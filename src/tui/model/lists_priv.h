/* The lists of the panels: which rows pass the filter, in what order, and which one is selected. */
#ifndef TALLY_TUI_MODEL_LISTS_PRIV_H
#define TALLY_TUI_MODEL_LISTS_PRIV_H

#include "tui/model/model_priv.h"

/* Call it after the data, a filter or a sort order has changed. Filters and sorts all lists again
 * and finds each selected row by its id. */
void lists_update(struct model *m);
/* The selected row of the focused list, as an index into the data. */
bool list_selected(const struct model *m, size_t *row);
/* The row with this id, as an index into the data. Rows that the filter excludes are found, too. */
bool list_find_row(const struct model *m, enum panel p, const struct row_id *id, size_t *row);

/* The following functions act on the focused list. */

/* Selects the row at index `at` of the rows shown, or the last one if there are fewer. may_follow:
 * if it is the newest row, the selection follows new rows from now on. */
void list_move_to(struct model *m, size_t at, bool may_follow);
void list_move_by(struct model *m, long by);
/* Reverses the sort order. If it is reversed already, sorts by the next column. */
void list_sort_next(struct model *m);
/* An empty filter shows all rows. Shows a notice if no row can pass the filter. */
void list_set_filter(struct model *m, const char *filter);

/* True if the list grows at one end but the selection does not follow new rows. *newer: how many
 * of the newest rows were not on the screen when it was last drawn. */
bool list_paused(const struct model *m, enum panel p, size_t *newer);

#endif
