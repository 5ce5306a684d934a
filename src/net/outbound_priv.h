#ifndef TALLY_NET_OUTBOUND_PRIV_H
#define TALLY_NET_OUTBOUND_PRIV_H

#include "net/net_priv.h"

/* Fills the outbound slots from the address book, each from another network group. If all are taken,
 * dials a feeler every 2 minutes on average. */
void outbound_tick(struct net *n, int64_t now);

#endif
