#ifndef TALLY_CHAIN_CONNECT_PRIV_H
#define TALLY_CHAIN_CONNECT_PRIV_H

#include <tally/chain/connect.h>

/* Works until no commit is in progress or asked for; blocks while signatures are checked and the
 * disk writes. */
bool connect_finish_commit(struct chain *c, struct err *e);

#endif
