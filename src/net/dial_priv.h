/* Dialling: connection attempts to manual peers, the fallback node, and addresses that outbound.c
 * chooses. */
#ifndef TALLY_NET_DIAL_PRIV_H
#define TALLY_NET_DIAL_PRIV_H

#include "net/net_priv.h"

/* Starts an attempt. Returns 0, or the errno value if it failed at once. Success is reported by
 * `opened`. */
int dial_start(struct net *n, const struct net_addr *a, enum conn_kind kind);
/* Ends attempts that timed out; retries manual peers and the fallback node. */
void dial_tick(struct net *n, int64_t now);
void dial_drop_banned(struct net *n);
void dial_stop(struct net *n);

#endif
