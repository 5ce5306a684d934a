/* Pages about blocks and transactions, which the source writes. Each serves as a view's `detail`; the row's id holds the hash
 * behind its first letter. */
#ifndef TALLY_TUI_VIEWS_DETAIL_PRIV_H
#define TALLY_TUI_VIEWS_DETAIL_PRIV_H

#include "tui/model/view_priv.h"

char *detail_of_block(const struct detail_request *rq);
char *detail_of_tx(const struct detail_request *rq);

#endif
