/* For commands that mine blocks. */
#ifndef TALLY_RPC_RPC_MINING_PRIV_H
#define TALLY_RPC_RPC_MINING_PRIV_H

#include <stdbool.h>

struct call;
struct node;

/* False: no valid block can be made now (mining_clock_ok), and the call was answered with an
 * error. */
bool call_may_mine(struct node *n, struct call *c);

#endif
