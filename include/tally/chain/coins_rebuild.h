/* All coins: read them in order, rebuild them from the blocks. */
#ifndef TALLY_CHAIN_COINS_REBUILD_H
#define TALLY_CHAIN_COINS_REBUILD_H

#include <tally/chain/chain_state.h>
#include <tally/store/store.h>

/* A page of coins, in the order of their keys (packed outpoints). */
struct chain_coin_page {
	const uint8_t
		*after; /* key of OUTPOINT_BYTES; the page begins after it. NULL: at the start */
	struct store_coin *coins; /* room for max */
	size_t max, n;            /* n is set by the call; less than max: no more coins */
};
/* Reads the next coins at the tip. Commits first if the cache has changes. */
bool chain_scan_coins(struct chain *c, struct chain_coin_page *page, struct err *e);
/* Rebuilds the coins from the stored blocks, in one transaction. *count (may be NULL): unspent
 * outputs. */
bool chain_reindex_coins(struct chain *c, uint64_t *count, struct err *e);

#endif
