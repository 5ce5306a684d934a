/* Connecting blocks, from one tip to a better one, and committing them. At the tip every connected
 * block is on disk before the events report it. While catching up, many blocks share one commit and
 * are reported before it. */
#ifndef TALLY_CHAIN_CONNECT_H
#define TALLY_CHAIN_CONNECT_H

#include <tally/chain/chain_state.h>

#define CHAIN_AHEAD_BLOCKS 16

enum chain_work_state {
	CHAIN_IDLE, /* nothing to do */
	CHAIN_MORE, /* call again */
	/* Signatures are being checked (call sigpool_poll, then again), or the disk has not written
	 * everything yet (call again when store_flush_fd is readable). */
	CHAIN_WAITING,
};

/* Works towards the chain of most work for about budget_us microseconds; returns early after a
 * commit, so that a caller which builds on the tip sees every tip. False: the store failed (ERR_IO
 * and so on), stop the program. *state (may be NULL) says when to call again. */
bool chain_work(struct chain *c, int64_t budget_us, enum chain_work_state *state, struct err *e);
/* Calls chain_work until the chain is idle. Does not return while signatures are checked or the
 * disk writes. For commands and tests. */
bool chain_settle(struct chain *c, struct err *e);

/* True if no block is applied ahead or halfway, so that the coins are those at the tip. */
bool chain_settled(const struct chain *c);
/* chain_settled, and the tip is not in the middle of a reorganisation. */
bool chain_at_best(const struct chain *c);

void chain_set_catching_up(struct chain *c, bool yes);
bool chain_catching_up(const struct chain *c);

/* Connects the verified blocks, writes everything, and returns when it is on disk. */
bool chain_commit(struct chain *c, struct err *e);
/* The same, but chain_work does it in the following calls. Only with a genesis block. */
void chain_commit_soon(struct chain *c);

#endif
