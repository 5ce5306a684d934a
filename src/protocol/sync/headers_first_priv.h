/* Synchronisation by headers: getheaders, headers, sendheaders. */
#ifndef TALLY_PROTOCOL_SYNC_HEADERS_FIRST_PRIV_H
#define TALLY_PROTOCOL_SYNC_HEADERS_FIRST_PRIV_H

#include <stdbool.h>

#include <tally/chain/chain.h>

#include "protocol/wire/codec_priv.h"

struct peer;
struct protocol;

/* The peer understands getheaders, and this node is configured to use it. */
bool headers_capable(const struct protocol *p, const struct peer *peer);
/* The handshake is complete: requests headers. */
void headers_start(struct protocol *p, struct peer *peer);
/* The peer is synchronised by headers from now on; asks it to announce tips by headers (BIP
 * 130). */
void headers_choose(struct protocol *p, struct peer *peer);
/* Requests the headers after our best one, unless a request is pending. */
void headers_request(struct protocol *p, struct peer *peer);
/* A headers message has come. */
void headers_receive(struct protocol *p, struct peer *peer, const struct msg_list *l);
/* The peer sent headers or a block whose parent is unknown; `last` is the last of them. Disconnects
 * it after UNCONNECTED_MAX in a row. */
void headers_unconnected(struct protocol *p, struct peer *peer, const struct block_hash *last);
/* Once a second: timeouts, turns, retries. */
void headers_tick(struct protocol *p, struct peer *peer);
void headers_peer_gone(struct protocol *p, struct peer *peer);

#endif
