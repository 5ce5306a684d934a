/* Putting a new chain database in the old one's place, so that at any moment a kill leaves the one or the other: it
 * is made in DIR/chain.new, is called DIR/chain.rebuilt once it is whole, and from then on takes the place of
 * DIR/chain, which is kept as DIR/chain.damaged or removed. The directory's lock is the caller's. */
#ifndef TALLY_STORE_ENV_REPLACE_H
#define TALLY_STORE_ENV_REPLACE_H

#include <stdbool.h>

#include <tally/base/err.h>

#define REBUILD_NEW     "chain.new"
#define REBUILD_DAMAGED "chain.damaged"

/* Removes what an interrupted rebuilding left in DIR/chain.new. */
bool rebuild_begin(const char *dir, struct err *e);
/* DIR/chain.new is closed and whole: it becomes DIR/chain. keep_damaged: the old one is kept, in place of one kept
 * before. */
bool rebuild_end(const char *dir, bool keep_damaged, struct err *e);
/* Ends a rebuilding that was interrupted in its last step; harmless where none was. At every start. */
bool rebuild_resume(const char *dir, struct err *e);

#endif
