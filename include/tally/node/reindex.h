/* Rebuilding the chain's database from the blocks in it, after damage. */
#ifndef TALLY_NODE_REINDEX_H
#define TALLY_NODE_REINDEX_H

#include <tally/chain/block_salvage.h>
#include <tally/config/config.h>

/* Key of the record that names, by its genesis hash, the only chain that an emptied database may
 * join. */
#define META_JOIN "join"

struct reindex_report {
	struct block_salvage_result chain;
	bool empty; /* the genesis block was lost: the database is empty, and only the same chain may be
		     * joined */
	uint32_t height; /* of the new tip; 0 if empty */
	struct block_hash tip;
	bool kept; /* the damaged database was kept as DIR/chain.damaged */
};

/* Takes the lock of c->dir and rebuilds its chain/; the wallet is not opened. A failure changes
 * nothing. ERR_BUSY while a node runs; ERR_NOTFOUND "no-chain"; ERR_CORRUPT "nothing-left" if not
 * even the chain's identity can be read. */
bool node_reindex(const struct config *c, struct reindex_report *r, struct err *e);

#endif
