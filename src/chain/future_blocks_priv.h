/* Blocks whose time is too far in the future, kept in memory until they are due. */
#ifndef TALLY_CHAIN_FUTURE_BLOCKS_PRIV_H
#define TALLY_CHAIN_FUTURE_BLOCKS_PRIV_H

#include "chain/chain_priv.h"

/* Keeps the block, unless it is kept already or there are too many that are due earlier. */
void future_blocks_add(struct chain *c, struct block *b);
const struct block *future_blocks_find(const struct chain *c, const struct block_hash *hash);
/* Removes the block that is due first and returns it with its reference; NULL: none is due at `now`
 * (unix seconds). */
struct block *future_blocks_take_due(struct chain *c, int64_t now);
void future_blocks_clear(struct chain *c);

#endif
