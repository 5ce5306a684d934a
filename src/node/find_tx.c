/* Looking for a transaction. There is no index of all transactions: the mempool, a named
 * block, the wallet's own, and the last blocks are looked through. */
#include "node_priv.h"

#include <tally/base/mem.h>

#define BLOCKS_SEARCHED 1000
#define BYTES_SEARCHED  (8U << 20) /* so that a key press never waits for it */

/* *read (may be NULL): the block's bytes are added. */
static bool in_block(const struct node *n, const struct chain_entry *at, const struct txid *id,
		     struct tx **out, size_t *read)
{
	struct block *b;
	bool found = false;

	if (!chain_read_block(n->chain, at->index, &b, NULL))
		return false;
	for (uint32_t i = 0; i < b->n_tx && !found; i++) {
		found = hash256_equal(&b->tx[i].id.h, &id->h);
		if (found)
			*out = tx_copy(&b->tx[i]);
	}
	if (read)
		*read += b->raw.len;
	block_unref(b);
	return found;
}

static bool in_wallet_block(const struct node *n, const struct txid *id, struct tx **out,
			    struct chain_entry *at)
{
	struct wallet_tx own;

	return wallet_find_tx(n->wallet, id, &own) && own.height != MEMPOOL_HEIGHT &&
	       chain_find(n->chain, &own.block, at) && in_block(n, at, id, out, NULL);
}

bool node_find_tx(const struct node *n, const struct txid *id, const struct block_hash *in,
		  struct tx **out, struct chain_entry *at)
{
	const uint32_t tip = chain_has_genesis(n->chain) ? chain_height(n->chain) : 0;
	size_t read = 0;

	if (!chain_has_genesis(n->chain))
		return false;
	if (in)
		return chain_find(n->chain, in, at) && in_block(n, at, id, out, NULL);
	if (in_wallet_block(n, id, out, at))
		return true;
	for (uint32_t back = 0; back <= tip && back < BLOCKS_SEARCHED && read < BYTES_SEARCHED;
	     back++)
		if (chain_at_height(n->chain, tip - back, at) && in_block(n, at, id, out, &read))
			return true;
	return false;
}
