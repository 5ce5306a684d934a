/* Sending messages. Every message that leaves this node passes here. */
#ifndef TALLY_PROTOCOL_WIRE_MSG_SEND_PRIV_H
#define TALLY_PROTOCOL_WIRE_MSG_SEND_PRIV_H

#include <stdbool.h>

#include "protocol/wire/codec_priv.h"

struct peer;
struct protocol;

/* Queues the message. False: the peer is closing, or the connection has ended. */
bool msg_send(struct protocol *p, struct peer *peer, const struct msg *m);
/* A message without payload. */
void msg_send_empty(struct protocol *p, struct peer *peer, enum msg_kind kind);
/* Sends the entries gathered in p->list, if there are any, and empties it. */
void msg_send_list(struct protocol *p, struct peer *peer, enum msg_kind kind);

#endif
