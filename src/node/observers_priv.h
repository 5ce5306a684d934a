/* Notifying observers, within the node. */
#ifndef TALLY_NODE_OBSERVERS_PRIV_H
#define TALLY_NODE_OBSERVERS_PRIV_H

#include <tally/node/observers.h>

/* Calls all observers with the bits marked since the last call. Does nothing within a
 * notification. */
void observers_notify(struct node *n);
void observers_free(struct node *n);

#endif
