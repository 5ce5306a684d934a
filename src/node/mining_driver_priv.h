/* Connects the mining layer with the node: its callbacks, its timer, and the results of its
 * threads. */
#ifndef TALLY_NODE_MINING_DRIVER_PRIV_H
#define TALLY_NODE_MINING_DRIVER_PRIV_H

struct node;

/* Makes n->mining; the loop is open. */
void mining_driver_open(struct node *n);
/* Called twice is harmless. */
void mining_driver_close(struct node *n);

#endif
