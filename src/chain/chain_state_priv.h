#ifndef TALLY_CHAIN_CHAIN_STATE_PRIV_H
#define TALLY_CHAIN_CHAIN_STATE_PRIV_H

#include "chain/chain_priv.h"

/* Records that the store failed; only the first failure counts. why NULL: it failed before. Copies
 * the failure to *e (may be NULL) and returns false. */
bool chain_fail(struct chain *c, const struct err *why, struct err *e);
struct chain_entry chain_entry_of(const struct chain *c, chain_index i);
/* Something differs from what is committed. */
void chain_changed(struct chain *c, enum commit_need need);

#endif
