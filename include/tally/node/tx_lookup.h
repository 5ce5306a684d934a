/* Finding a transaction in the blocks. There is no index of all transactions, so only a few places
 * are searched: a named block, the block that the wallet has noted for its own ones, and the last
 * blocks. */
#ifndef TALLY_NODE_TX_LOOKUP_H
#define TALLY_NODE_TX_LOOKUP_H

#include <stdbool.h>

#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>

struct chain_entry;
struct node;

/* Looks in the block `in`. NULL: in the wallet's block, then in the last 1,000 blocks or 8 MB of
 * the best chain. *out gets one reference, *at the block's entry. */
bool node_find_tx(const struct node *n, const struct txid *id, const struct block_hash *in,
		  struct tx **out, struct chain_entry *at);

/* The result of the last lookup of one transaction. With it the next lookup reads only the block
 * that had it and blocks that came since. All zeros: no lookup yet. */
struct tx_lookup_cache {
	struct block_hash found_in;    /* zeros: in no block */
	struct block_hash searched_to; /* the best chain was searched up to this block */
};
/* As node_find_tx with `in` NULL. */
bool node_find_tx_cached(const struct node *n, const struct txid *id, struct tx_lookup_cache *c,
			 struct tx **out, struct chain_entry *at);

#endif
