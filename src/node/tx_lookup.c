#include <tally/node/tx_lookup.h>

#include <tally/base/mem.h>

#include "node/node_priv.h"

#define BLOCKS_SEARCHED 1000
#define BYTES_SEARCHED  (8U << 20) /* a key press in the console waits for the search */

/* Adds the block's size to *read, which may be NULL. */
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

/* Searches the last blocks of the best chain that are above this height, from the tip downward. */
static bool in_last_blocks(const struct node *n, const struct txid *id, int64_t above,
			   struct tx **out, struct chain_entry *at)
{
	const int64_t tip = chain_height(n->chain);
	size_t read = 0;

	for (int64_t h = tip; h > above && tip - h < BLOCKS_SEARCHED && read < BYTES_SEARCHED; h--)
		if (chain_at_height(n->chain, (uint32_t)h, at) && in_block(n, at, id, out, &read))
			return true;
	return false;
}

/* The height of the last common block of the best chain and the branch that ends in `tip`; -1:
 * `tip` is unknown. */
static int64_t shared_height(const struct node *n, const struct block_hash *tip)
{
	const chain_index best = chain_tip(n->chain).index;
	struct chain_entry en;

	if (!chain_find(n->chain, tip, &en) ||
	    !chain_entry_at(n->chain, chain_fork(n->chain, en.index, best), &en))
		return -1;
	return en.height;
}

bool node_find_tx(const struct node *n, const struct txid *id, const struct block_hash *in,
		  struct tx **out, struct chain_entry *at)
{
	if (!chain_has_genesis(n->chain))
		return false;
	if (in)
		return chain_find(n->chain, in, at) && in_block(n, at, id, out, NULL);
	return in_wallet_block(n, id, out, at) || in_last_blocks(n, id, -1, out, at);
}

bool node_find_tx_cached(const struct node *n, const struct txid *id, struct tx_lookup_cache *c,
			 struct tx **out, struct chain_entry *at)
{
	bool found;

	if (!chain_has_genesis(n->chain))
		return false;
	found = (chain_find(n->chain, &c->found_in, at) && chain_on_best(n->chain, at->index) &&
		 in_block(n, at, id, out, NULL)) ||
		in_wallet_block(n, id, out, at) ||
		in_last_blocks(n, id, shared_height(n, &c->searched_to), out, at);
	c->found_in = found ? at->hash : (struct block_hash){0};
	c->searched_to = chain_tip(n->chain).hash;
	return found;
}
