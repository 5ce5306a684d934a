/* Receiving: bounded buffers, whose memory all peers share, and the messages in them. */
#ifndef TALLY_NET_RECV_PRIV_H
#define TALLY_NET_RECV_PRIV_H

#include "net/net_priv.h"

/* The socket is readable: reads, then delivers. Does nothing unless the connection is open. */
void recv_readable(struct conn *c);
/* Delivers the complete messages in the buffer, as many as one turn allows. */
void recv_deliver(struct conn *c);
/* Schedules recv_deliver for the next loop turn. */
void recv_schedule(struct conn *c);
/* Starts or stops waiting for the socket to be readable. Call it after a change of paused, starved,
 * at_eof or the buffer. */
void recv_update(struct conn *c);
/* Frees the buffer. */
void recv_clear(struct conn *c);
void recv_tick(struct net *n, int64_t now);

#endif
