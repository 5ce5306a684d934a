/* Replaces the chain's database by a rebuilt one. A kill at any moment leaves either the old or the
 * new database. The new one is built in DIR/chain.new and renamed to DIR/chain.rebuilt when it is
 * complete; from then on it replaces DIR/chain, which is kept as DIR/chain.damaged or removed. The
 * caller holds the lock of the directory. */
#ifndef TALLY_STORE_ENV_REPLACE_H
#define TALLY_STORE_ENV_REPLACE_H

#include <stdbool.h>

#include <tally/base/err.h>

#define ENV_REPLACE_NEW     "chain.new"
#define ENV_REPLACE_DAMAGED "chain.damaged"

/* Removes DIR/chain.new, which an interrupted rebuild may have left. */
bool env_replace_begin(const char *dir, struct err *e);
/* DIR/chain.new, which must be complete and closed, becomes DIR/chain. keep_damaged: the old database is
 * kept as DIR/chain.damaged and replaces one that was kept before. */
bool env_replace_finish(const char *dir, bool keep_damaged, struct err *e);
/* Completes a replacement that was interrupted. Every start calls it; usually there is nothing to do. */
bool env_replace_resume(const char *dir, struct err *e);

#endif
