#ifndef TALLY_TUI_VIEWS_VIEW_CHAIN_PRIV_H
#define TALLY_TUI_VIEWS_VIEW_CHAIN_PRIV_H

#include <stdint.h>

struct snapshot;

/* The height of the first row: that of the best header if it is at most 6 above the tip (a branch of less work, or blocks
 * that are being sent), else the tip, because a syncing node has thousands of headers without blocks. */
uint32_t chain_view_top(const struct snapshot *s);

#endif
