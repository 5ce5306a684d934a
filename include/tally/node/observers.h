/* Notifications about a node. Observers are called at the end of the loop's turn, with everything
 * that changed in it. */
#ifndef TALLY_NODE_OBSERVERS_H
#define TALLY_NODE_OBSERVERS_H

struct node;

enum node_event_bits {
	NODE_EV_PEERS = 1,
	NODE_EV_CHAIN = 2,
	NODE_EV_MEMPOOL = 4,
	NODE_EV_MSGS = 8,
	NODE_EV_LOG = 16,
	NODE_EV_WALLET = 32,
	NODE_EV_MINER = 64,
	NODE_EV_STOP = 128,   /* the node is stopping; it closes when its loop has returned */
	NODE_EV_SECOND = 256, /* a second has passed: ages and rates are different now */
};

/* bits: NODE_EV_..., at least one. An observer may subscribe others and unsubscribe any, itself
 * included. */
typedef void node_observer(void *arg, unsigned bits);
/* An observer that is added during a notification is called from the next one on. */
void node_subscribe(struct node *n, node_observer *fn, void *arg);
/* When this returns, the observer is not called any more. */
void node_unsubscribe(struct node *n, node_observer *fn, void *arg);
/* Adds bits to what the observers are notified of at the end of this turn. */
void node_mark(struct node *n, unsigned bits);

#endif
