/* Blocks requested from peers: from which, since when, and what happens if they don't arrive. */
#ifndef TALLY_PROTOCOL_SYNC_BLOCK_REQUESTS_PRIV_H
#define TALLY_PROTOCOL_SYNC_BLOCK_REQUESTS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/list.h>
#include <tally/chain/chain.h>

struct peer;
struct protocol;

struct block_request {
	struct list link; /* of peer_sync.requests */
	struct block_hash hash;
	struct peer *peer;
	int64_t since_ms;
};

/* Records a request and appends it to the scratch list: the caller sends getdata. */
void block_request_add(struct protocol *p, struct peer *peer, const struct block_hash *hash);
/* The peer that the block is requested from; NULL: none. */
struct peer *block_request_peer(const struct protocol *p, const struct block_hash *hash);
/* Milliseconds since the request; 0: there is none. */
int64_t block_request_age_ms(const struct protocol *p, const struct block_hash *hash);
/* The peer sent a block. True: it was requested from this peer. */
bool block_request_fulfil(struct protocol *p, struct peer *peer, const struct block_hash *hash);
/* The peer sent a block: clears its timeouts if it is the one that was requested from other peers
 * meanwhile. */
void block_request_arrived_late(struct peer *peer, const struct block_hash *hash);
/* Other peers are asked for a new tip first: the last tip requested from this one timed out. */
bool block_request_must_yield(const struct protocol *p, const struct peer *peer);
/* Removes a request, from whichever peer: the block arrived or is not wanted. */
void block_request_cancel(struct protocol *p, const struct block_hash *hash);
/* The peer sent notfound for the block. */
void block_request_notfound(struct protocol *p, struct peer *peer, const struct block_hash *hash);

/* Removes all requests from this peer. */
void block_requests_drop(struct protocol *p, struct peer *peer);
/* Once a second: times out requests. May close the peer. */
void block_requests_tick(struct protocol *p, struct peer *peer);

#endif
