/* Headers and blocks that arrive: check them and add them to the tree. */
#ifndef TALLY_CHAIN_BLOCK_ACCEPT_H
#define TALLY_CHAIN_BLOCK_ACCEPT_H

#include <tally/chain/chain_state.h>

#define CHAIN_FUTURE_MAX 100

/* Adds a header. ERR_KNOWN "duplicate" (and *at) if it is known, ERR_ORPHAN "prev-blk-not-found",
 * ERR_INVALID, ERR_FUTURE "time-too-new", ERR_POLICY "too-many-headers" of one height. at may be
 * NULL. */
bool chain_accept_header(struct chain *c, const struct block_header *h, chain_index *at,
			 struct err *e);

/* Checks a header before its block is decoded, without adding it; hash is its own. ERR_INVALID as
 * chain_accept_header. True as well if nothing can be said yet: its parent is unknown, or its time
 * is in the future. */
bool chain_check_header(const struct chain *c, const struct block_header *h,
			const struct block_hash *hash, struct err *e);

/* Checks everything of a block that needs no coins, and stores it; chain_work connects it. Errors:
 * - ERR_MUTATED: the bytes do not belong to the header. Blame the sender; the header stays
 *   acceptable.
 * - ERR_INVALID: the header is marked as failed.
 * - ERR_ORPHAN "prev-blk-not-found": the parent is unknown. Not kept.
 * - ERR_FUTURE "time-too-new": kept in memory, at most CHAIN_FUTURE_MAX; chain_retry_future tries
 *   again.
 * - ERR_KNOWN "duplicate": the block is stored already. */
bool chain_accept_block(struct chain *c, struct block *b, struct err *e);

/* Is this block kept because its time is in the future? If it was and no longer is, another peer
 * must send it again. */
bool chain_has_future(const struct chain *c, const struct block_hash *hash);
/* Accepts the blocks whose time has come. Returns how many were tried. */
size_t chain_retry_future(struct chain *c);

#endif
