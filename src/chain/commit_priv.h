/* Making connected blocks durable: the states COMMIT_WRITE and COMMIT_FLUSH. */
#ifndef TALLY_CHAIN_COMMIT_PRIV_H
#define TALLY_CHAIN_COMMIT_PRIV_H

#include "chain/chain_priv.h"

/* Must a commit begin before anything more is applied? */
bool commit_due(const struct chain *c);
/* In COMMIT_WRITE: writes one slice. */
bool commit_write_step(struct chain *c, struct err *e);
/* In COMMIT_FLUSH: has the disk written everything? wait: blocks until it has; else *state is
 * CHAIN_WAITING if not. */
bool commit_flush_step(struct chain *c, bool wait, enum chain_work_state *state, struct err *e);

#endif
