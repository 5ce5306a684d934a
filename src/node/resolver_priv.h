/* The resolver within the node. */
#ifndef TALLY_NODE_RESOLVER_PRIV_H
#define TALLY_NODE_RESOLVER_PRIV_H

#include <tally/node/resolver.h>

/* Answers all lookups with ERR_BUSY "stopping". Threads that are still in the system's resolver
 * free their lookup when they return, after the node is gone. */
void node_resolver_close(struct node *n);

#endif
