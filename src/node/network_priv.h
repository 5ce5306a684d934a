/* The network of an online node: address book, bans, listening, connecting. */
#ifndef TALLY_NODE_NETWORK_PRIV_H
#define TALLY_NODE_NETWORK_PRIV_H

#include <stdbool.h>

#include <tally/base/err.h>

struct node;

/* Makes n->book, bans, protocol and net, listens, and begins to dial the peers of the
 * configuration. */
bool node_open_network(struct node *n, struct err *e);

#endif
