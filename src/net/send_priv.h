/* Sending: one queue per connection, sent as the system accepts it. */
#ifndef TALLY_NET_SEND_PRIV_H
#define TALLY_NET_SEND_PRIV_H

#include <sys/types.h>

#include "net/net_priv.h"

/* Copied bytes in all queues together. Above it, messages of a peer are not handled while 64 KiB are
 * queued for it, instead of NET_SEND_BUFFER_MAX. */
#define SEND_COPIED_MAX (32u << 20)

/* As transport.send and transport.send_shared, for an open connection. */
bool send_message(struct conn *c, const char *type, struct span payload);
bool send_shared_message(struct conn *c, const char *type, struct shared_bytes *s);
size_t send_queued(const struct conn *c); /* bytes */
/* The socket is writable: sends, and reports `drained` if due. */
void send_writable(struct conn *c);
/* Sends one piece of the queue. Returns the bytes sent, or -1 with errno. */
ssize_t send_some(struct conn *c);
/* Frees the queue. */
void send_clear(struct conn *c);
void send_tick(struct net *n, int64_t now);

#endif
