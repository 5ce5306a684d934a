/* Addresses of nodes: requesting, answering and relaying them. */
#ifndef TALLY_PROTOCOL_PEER_ADDR_RELAY_PRIV_H
#define TALLY_PROTOCOL_PEER_ADDR_RELAY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/net/addr.h>

#include "protocol/hashes_priv.h"

struct peer;
struct protocol;

struct peer_addr_relay {
	double tokens; /* addresses that may still be taken from it: a token bucket */
	int64_t filled_ms;
	int64_t self_announced_ms; /* when our own address was last sent to it */
	bool getaddr_answered;
	struct hash_memory known; /* addresses it has: net_addr_pack, padded with zeros */
};

/* Sends an address to two random peers that don't have it, not to `except`. */
void addr_relay_announce(struct protocol *p, const struct net_addr *a, uint64_t services,
			 const struct peer *except);

/* Hooks of the part. */
void addr_relay_peer_init(struct protocol *p, struct peer *peer);
void addr_relay_peer_ready(struct protocol *p, struct peer *peer);
void addr_relay_peer_gone(struct protocol *p, struct peer *peer);
void addr_relay_tick(struct protocol *p);

#endif
