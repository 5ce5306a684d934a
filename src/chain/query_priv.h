#ifndef TALLY_CHAIN_QUERY_PRIV_H
#define TALLY_CHAIN_QUERY_PRIV_H

#include <tally/chain/query.h>

/* The coins that the block's transactions spent, in the order of their inputs, without the
 * coinbase. *coins is mem_alloc'ed. ERR_NOTFOUND "no-undo" if the block was never connected. */
bool chain_read_undo(const struct chain *c, chain_index i, struct coin **coins, size_t *n,
		     struct err *e);

/* For tests. */
size_t chain_header_count(const struct chain *c);
size_t chain_memory(const struct chain *c); /* bytes used by headers and the coins cache */

#endif
