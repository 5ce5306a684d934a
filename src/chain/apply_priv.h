/* Applying a block to the coins and undoing it, a slice at a time. */
#ifndef TALLY_CHAIN_APPLY_PRIV_H
#define TALLY_CHAIN_APPLY_PRIV_H

#include <tally/chain/chain_state.h>
#include <tally/consensus/rules.h>
#include <tally/crypto/sigpool.h>

/* A block that is applied to the coins, wholly or in part, and not connected. */
struct block_apply {
	chain_index at;
	struct block *b;
	uint32_t next_tx;   /* the transactions before this one are applied */
	struct coin *spent; /* the coins they spent, in the order of their inputs */
	size_t n_spent;
	int64_t fees;
	struct sigjob *job; /* NULL: no signature left to check */
	uint32_t *checks;   /* with a job: number of checks of transactions 0 to i, for each i */
	bool trusted;       /* was connected before, so its signatures are known to be valid */
	bool verified;      /* applied wholly, and every signature is valid */
	bool undo_stored;   /* its undo record is in the store */
};

/* Applies transactions until the block is done (*done) or the deadline (monotonic microseconds) has
 * passed. False with ERR_INVALID: the block is invalid, and what is applied of it is left for
 * apply_undo_step. False with another error: the store failed. */
bool apply_step(struct chain *c, struct block_apply *a, int64_t deadline, bool *done,
		struct err *e);
/* Undoes transactions until none is applied (*done) or the deadline has passed. False: the store
 * failed. */
bool apply_undo_step(struct chain *c, struct block_apply *a, int64_t deadline, bool *done,
		     struct err *e);
void apply_clear(struct block_apply *a);
/* The error that names the first bad signature of a finished job. Returns false. */
bool apply_signature_error(const struct block_apply *a, struct err *e);
/* Loads the tip, wholly applied, so that it can be undone. */
bool apply_load_tip(struct chain *c, struct block_apply *a, struct err *e);
/* Writes the undo record. */
bool apply_store_undo(struct chain *c, struct block_apply *a, struct err *e);

#endif
