/* A block template: the next block, whose nonce is still to be found. */
#ifndef TALLY_MINING_BLOCK_TEMPLATE_H
#define TALLY_MINING_BLOCK_TEMPLATE_H

#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/base/clock.h>
#include <tally/base/rng.h>
#include <tally/chain/chain.h>
#include <tally/crypto/key.h>
#include <tally/mempool/mempool.h>
#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>

/* What a template is made from. All borrowed. */
struct template_source {
	const struct chain *chain;
	struct mempool *mempool;
	const struct clock *clock;
	const struct rng *rng; /* for the extra nonce */
};

struct block_template {
	struct block_header header; /* nonce 0 */
	struct span *raws;          /* of all transactions, coinbase first */
	struct tx **txs;            /* owns what raws[1..] point to */
	size_t n_txs;               /* without the coinbase */
	struct tx *coinbase;
	int64_t fees; /* units, of txs */
};

/* Makes a block on the tip from the mempool's transactions with the highest fee rates. Its coinbase
 * pays subsidy and fees to `to`. Needs a chain. To be cleared with block_template_clear. */
void block_template_make(struct block_template *t, const struct template_source *src,
			 const struct key_hash *to);
/* The finished block with this nonce, with one reference for the caller. */
struct block *block_template_block(const struct block_template *t, uint32_t nonce);
/* Clearing twice is harmless. */
void block_template_clear(struct block_template *t);

#endif
