/* The life of a connection: opened, reaped after it was closed, freed. */
#ifndef TALLY_NET_CONN_PRIV_H
#define TALLY_NET_CONN_PRIV_H

#include "net/net_priv.h"

/* Takes a connected socket, prepared with net_prepare_fd, and reports `opened`. */
void conn_open(struct net *n, int fd, enum conn_kind kind, const struct net_addr *peer);
/* Reports `closed` for closed connections and frees them, or lets them linger. From the loop only. */
void conn_reap(struct net *n);
void conn_destroy(struct conn *c);
void conn_tick_lingering(struct net *n, int64_t now);

#endif
