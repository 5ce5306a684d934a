/* Announcing own unconfirmed payments again. */
#ifndef TALLY_NODE_REBROADCAST_PRIV_H
#define TALLY_NODE_REBROADCAST_PRIV_H

struct node;

/* Submits own unconfirmed payments that the mempool lacks, and announces the others to peers that
 * don't know them. */
void node_rebroadcast(struct node *n);
/* The same, if the last time was at least 5 minutes ago. */
void node_rebroadcast_due(struct node *n);

#endif
