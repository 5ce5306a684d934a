/* Searches the focused list, or the page that covers it. */
#ifndef TALLY_TUI_MODEL_SEARCH_PRIV_H
#define TALLY_TUI_MODEL_SEARCH_PRIV_H

#include "tui/model/model_priv.h"

/* Selects the next row that shows the text m->search, and shows a notice "match 2 of 7". At the
 * end of the list the search continues at the other end. from_here: the selected row counts, too.
 * If the search began at the newest message or log line, it goes upward. backward: in the other
 * direction. False: no match, or no text to search for. */
bool model_search(struct model *m, bool backward, bool from_here);
/* Call it after the source was read: continues a search for a block that was not in the list. */
void model_search_continue(struct model *m);
/* True if a search that begins now goes upward. */
bool model_search_goes_up(const struct model *m);

#endif
