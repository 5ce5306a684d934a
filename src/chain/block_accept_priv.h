#ifndef TALLY_CHAIN_BLOCK_ACCEPT_PRIV_H
#define TALLY_CHAIN_BLOCK_ACCEPT_PRIV_H

#include <tally/chain/block_accept.h>

#include "chain/chain_priv.h"

/* What the header of a child of i is checked against. */
struct header_parent header_parent_of(const struct chain *c, chain_index i);
/* The body of i is stored. If all of its ancestors are complete, so is i, and so are the blocks
 * that lacked only i. */
void accept_stored_body(struct chain *c, chain_index i);

#endif
