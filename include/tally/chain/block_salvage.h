/* A chain made anew from what can be read of a damaged one. */
#ifndef TALLY_CHAIN_BLOCK_SALVAGE_H
#define TALLY_CHAIN_BLOCK_SALVAGE_H

#include <tally/chain/chain.h>

struct chain_rebuilt {
	bool never;         /* the database is whole, and no chain was ever in it */
	bool genesis_known; /* what the first block's hash is; its body may be lost */
	struct block_hash genesis;
	uint32_t blocks; /* bodies taken over, genesis included */
	uint32_t lost;   /* bodies that were there once, as far as is known, and cannot be read */
	uint32_t first_lost; /* the lowest height of those */
};

/* Feeds headers and bodies found in the files of a closed database, in `dir`, to an empty chain, where each is checked
 * like any other; connects what can be connected. The chain's clock must be ahead of every block. Where there is no
 * readable genesis the chain stays empty, which is no failure. */
bool chain_rebuild(struct chain *c, const char *dir, struct chain_rebuilt *out, struct err *e);

#endif
