/* Searching: in the focused list, or in the page that covers it. */
#ifndef TALLY_TUI_MODEL_SEARCH_PRIV_H
#define TALLY_TUI_MODEL_SEARCH_PRIV_H

#include "tui/model/model_priv.h"

/* Selects the next row that shows m->search and reports which match of how many it is. At the end it goes on at the other
 * end. from_here: the selected row counts, too. A search that began at the newest of the records goes upward; `backward`
 * reverses that. False: there is no match, which is reported, or no text to search for. */
bool model_search(struct model *m, bool backward, bool from_here);
/* After more of the chain was read: continues a search for a block that was not listed. */
void model_search_continue(struct model *m);
/* Would a search that begins now go upward? */
bool model_search_goes_up(const struct model *m);

#endif
