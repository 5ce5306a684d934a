/* All coins: read them in order, rebuild them from the blocks. */
#ifndef TALLY_CHAIN_COINS_REBUILD_H
#define TALLY_CHAIN_COINS_REBUILD_H

#include <tally/chain/chain_state.h>
#include <tally/store/store.h>

/* The next coins at the tip in the order of their keys, as store_scan_coins. Commits first if the
 * cache has changes. */
bool chain_scan_coins(struct chain *c, const uint8_t after[OUTPOINT_BYTES], bool from_start,
		      struct store_coin *out, size_t max, size_t *n, struct err *e);
/* Rebuilds the coins from the stored blocks, in one transaction. *count (may be NULL): unspent
 * outputs. */
bool chain_reindex_coins(struct chain *c, uint64_t *count, struct err *e);

#endif
