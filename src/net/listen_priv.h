/* Listening sockets, and which inbound connections are accepted. */
#ifndef TALLY_NET_LISTEN_PRIV_H
#define TALLY_NET_LISTEN_PRIV_H

#include "net/net_priv.h"

/* Decides about a new inbound connection, and evicts another one if all slots are taken. Returns NULL
 * if it is accepted, else the reason for refusing it. */
const char *listen_admit(struct net *n, const struct net_addr *peer);
void listen_tick(struct net *n, int64_t now);
void listen_stop(struct net *n);

#endif
