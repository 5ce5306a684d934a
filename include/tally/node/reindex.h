/* The chain's database made anew from the blocks in it. */
#ifndef TALLY_NODE_REINDEX_H
#define TALLY_NODE_REINDEX_H

#include <tally/chain/block_salvage.h>
#include <tally/config/config.h>

/* The record of meta that says which chain alone an emptied database may join: its genesis hash. */
#define META_JOIN "join"

struct reindex_report {
	struct block_salvage_result chain;
	bool empty; /* genesis was lost: the chain starts empty, and only genesis' own chain is joined */
	uint32_t height;
	struct block_hash tip;
	bool kept; /* the damaged database is in DIR/chain.damaged */
};

/* Takes the directory's lock, and rebuilds DIR/chain; the wallet is not opened. ERR_BUSY while a node runs;
 * ERR_NOTFOUND "no-chain"; ERR_CORRUPT "nothing-left" where not even the chain's identity can be read. Where it fails
 * nothing has changed. */
bool node_reindex(const struct config *c, struct reindex_report *r, struct err *e);

#endif
