/* Pages about a block or a transaction, for the `detail` of views. The source writes their text.
 * The row's id must hold the hash after its first letter. */
#ifndef TALLY_TUI_VIEWS_DETAIL_PRIV_H
#define TALLY_TUI_VIEWS_DETAIL_PRIV_H

#include "tui/model/view_priv.h"

char *detail_of_block(const struct detail_request *rq);
char *detail_of_tx(const struct detail_request *rq);

#endif
