#ifndef TALLY_TUI_VIEWS_VIEW_CHAIN_PRIV_H
#define TALLY_TUI_VIEWS_VIEW_CHAIN_PRIV_H

#include <stdint.h>

struct snapshot;

/* The height of the first row: the best header's if it is at most 6 above the tip, otherwise the
 * tip's. A syncing node has thousands of headers without blocks; they would fill the list. */
uint32_t chain_view_top(const struct snapshot *s);

#endif
