/* Headers checked one after another without being stored, to learn whether a branch has enough work
 * to be worth storing. That way a peer can't fill memory and disk with headers of little work. */
#ifndef TALLY_CHAIN_HEADER_WALK_H
#define TALLY_CHAIN_HEADER_WALK_H

#include <tally/chain/chain_state.h>
#include <tally/consensus/rules.h>

struct header_walk {
	struct block_hash last;
	struct header_parent parent; /* the last header, as its child is checked against it */
	struct u256 work;            /* cumulative, as in chain_entry */
};

void header_walk_start(const struct chain *c, chain_index i, struct header_walk *w);
/* Checks the next header as chain_accept_header does. ERR_ORPHAN "prev-blk-not-found" if it does
 * not follow the last. */
bool header_walk_next(const struct chain *c, struct header_walk *w, const struct block_header *h,
		      struct err *e);

#endif
