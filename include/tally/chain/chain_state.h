/* Entries of the header tree, the chain's events, and failure of its store. */
#ifndef TALLY_CHAIN_CHAIN_STATE_H
#define TALLY_CHAIN_CHAIN_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/consensus/params.h>
#include <tally/consensus/target.h>
#include <tally/primitives/block.h>

/* A header's place in the tree: an index, stable while the program runs. Genesis has 0. */
typedef uint32_t chain_index;
#define CHAIN_NONE UINT32_MAX

/* Status bits, as stored. */
enum {
	CHAIN_HAVE_BODY = 1, /* the whole block is in the store */
	CHAIN_HAVE_UNDO = 2, /* the block was connected once, so it is valid in full */
	CHAIN_FAILED = 4,    /* the block itself is invalid */
	CHAIN_FAILED_ANCESTOR = 8,
	CHAIN_ANY_FAILED = CHAIN_FAILED | CHAIN_FAILED_ANCESTOR, /* never build on it */
};

/* A header of the tree, by value. */
struct chain_entry {
	struct block_hash hash;
	struct u256 work;        /* cumulative, genesis included */
	chain_index index, prev; /* prev is CHAIN_NONE for genesis */
	uint32_t height, time, bits;
	uint32_t status; /* CHAIN_HAVE_BODY and so on */
};

struct chain;

/* The chain's events, in order. Any member may be NULL. A callback may read the chain but not
 * change it. */
struct chain_events {
	/* The block has become, or is no longer, part of the best chain. `b` is borrowed. */
	void (*connected)(void *arg, const struct chain_entry *at, const struct block *b);
	void (*disconnected)(void *arg, const struct chain_entry *at, const struct block *b);
	/* The tip has moved and will not move again until a new block arrives. While catching up:
	 * with every commit. */
	void (*tip)(void *arg, const struct chain_entry *tip);
	/* A stored block turned out to be invalid itself, not because of an ancestor. */
	void (*invalid)(void *arg, const struct block_hash *hash, const struct err *why);
	/* All blocks up to the tip are on disk, so what depends on them may be made durable. */
	void (*committed)(void *arg);
	/* Were all signatures of this transaction found valid before? The mempool answers it; a
	 * transaction id fixes the signatures and the coins spent. True saves checking them
	 * again. */
	bool (*verified)(void *arg, const struct txid *id);
};

/* True if the store has failed, in any call; *e (may be NULL) gets the first failure. From then on
 * every call that would change the chain fails with the same error, and the program should stop. */
bool chain_failed(const struct chain *c, struct err *e);
bool chain_has_genesis(const struct chain *c);
/* The caller makes sure that there is a genesis block (chain_has_genesis). */
const struct chain_params *chain_params(const struct chain *c);

#endif
