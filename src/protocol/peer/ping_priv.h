/* ping and pong: is the other end still there, and how far away is it? */
#ifndef TALLY_PROTOCOL_PEER_PING_PRIV_H
#define TALLY_PROTOCOL_PEER_PING_PRIV_H

#include <stdbool.h>
#include <stdint.h>

struct peer;
struct protocol;

struct peer_ping {
	uint64_t nonce; /* of the ping that was not answered yet; 0: none */
	int64_t sent_us;
	int64_t next_ms;
	int64_t last_us, min_us; /* round-trip times; -1: unknown */
	bool ponged;             /* it has answered a ping: if it falls silent, it is gone */
};

/* Hooks of the part. */
void ping_peer_init(struct protocol *p, struct peer *peer);
void ping_peer_ready(struct protocol *p, struct peer *peer);
void ping_tick(struct protocol *p);

#endif
