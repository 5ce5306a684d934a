/* The lowest functions of the net layer: time, events, sockets and look-ups. */
#ifndef TALLY_NET_STATE_PRIV_H
#define TALLY_NET_STATE_PRIV_H

#include "net/net_priv.h"

int64_t net_now_ms(const struct net *n); /* monotonic clock */
/* A new event with the priority of this layer. Aborts if memory runs out. */
struct event *net_event(struct net *n, int fd, short what, event_callback_fn fn, void *arg);
/* Schedules the work of the next loop turn: delivery of messages in net.ready, and conn_reap. */
void net_schedule(struct net *n);
/* Makes a socket non-blocking, close-on-exec and without Nagle's delay. */
bool net_prepare_fd(int fd);
struct conn *conn_find(const struct net *n, conn_id id); /* NULL unless it is open */

bool addr_ring_has(const struct addr_ring *r, const struct net_addr *a);
void addr_ring_add(struct addr_ring *r, const struct net_addr *a); /* does nothing if present */

#endif
