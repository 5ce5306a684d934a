/* A node without a chain: requests genesis from its peers and joins a chain.
 * Source: tally-protocol(7), MESSAGES, "Joining". */
#ifndef TALLY_PROTOCOL_SYNC_CHAIN_DISCOVERY_PRIV_H
#define TALLY_PROTOCOL_SYNC_CHAIN_DISCOVERY_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/chain/chain.h>
#include <tally/primitives/block.h>
#include <tally/protocol/protocol.h>

struct msg;
struct peer;
struct protocol;

enum discovery_state {
	DISCOVERY_NEW,
	DISCOVERY_REQUESTED, /* getblocks was sent */
	DISCOVERY_WALKING,   /* a block was requested; if it is not genesis, its parent is next */
	DISCOVERY_FAILED,    /* the peer has no chain or didn't answer */
	DISCOVERY_OFFERED,   /* it has sent a genesis */
};

struct peer_discovery {
	enum discovery_state state;
	int64_t requested_ms;
	uint32_t steps;              /* blocks walked back so far */
	struct block_hash requested; /* by getdata */
	struct block_hash offered;   /* the hash of the genesis it has sent */
	bool fallback_sent;          /* getblocks was sent in the second form, too */
	bool counted;                /* in chain_discovery.answered */
};

struct offer {
	struct chain_params params;
	struct block *genesis;
	uint32_t peers; /* connected peers that offer it */
};

struct chain_discovery {
	unsigned expected; /* outbound peers that are being dialled at the start */
	unsigned answered; /* outbound peers that have offered a chain or failed to */
	struct offer offers[OFFERS_MAX];
	size_t n_offers;
	int64_t first_offer_ms;
	int64_t outbound_offer_ms; /* when an outbound peer first offered a chain; 0: never */
	bool adopting;             /* the adopt callback is running */
};

/* There is a chain now: disconnects peers with another one. */
void chain_discovery_done(struct protocol *p);

/* Handlers of messages while there is no chain. */
void chain_discovery_inv(struct protocol *p, struct peer *peer, const struct msg *m);
void chain_discovery_block(struct protocol *p, struct peer *peer, const struct msg *m);
void chain_discovery_notfound(struct protocol *p, struct peer *peer, const struct block_hash *hash);

/* Hooks of the part. */
void chain_discovery_peer_ready(struct protocol *p, struct peer *peer);
void chain_discovery_peer_gone(struct protocol *p, struct peer *peer);
void chain_discovery_tick(struct protocol *p);

#endif
