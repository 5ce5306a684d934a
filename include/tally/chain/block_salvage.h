/* Fills a new chain with what can still be read of a damaged one. */
#ifndef TALLY_CHAIN_BLOCK_SALVAGE_H
#define TALLY_CHAIN_BLOCK_SALVAGE_H

#include <tally/chain/chain_state.h>

struct block_salvage_result {
	bool never_used;    /* the database is intact and never held a chain */
	bool genesis_known; /* the hash is known; the block itself may be missing */
	struct block_hash genesis;
	uint32_t blocks;        /* taken over, genesis included */
	uint32_t missing;       /* known to have been stored, but unreadable now */
	uint32_t first_missing; /* the lowest height of these */
};

/* Reads headers and blocks from the files of a closed database in `dir` and gives them to an empty
 * chain, which checks and connects them like any other. The chain's clock must be ahead of every
 * block. If no genesis block can be read, the chain stays empty; that is not an error. */
bool chain_salvage_blocks(struct chain *c, const char *dir, struct block_salvage_result *out,
			  struct err *e);

#endif
