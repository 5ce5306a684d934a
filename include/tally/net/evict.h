/* A full house: which inbound connection makes room for a newcomer. Source: Bitcoin Core node/eviction.cpp. */
#ifndef TALLY_NET_EVICT_H
#define TALLY_NET_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/net/transport.h>

/* An inbound connection, as far as it matters here. Times are of one monotonic clock. */
struct evict_candidate {
	conn_id id;
	uint64_t group;       /* place it comes from, keyed: an attacker can't foretell the order */
	int64_t connected_ms; /* since when */
	int64_t min_ping_us;  /* -1: not known */
	int64_t last_block_ms; /* last gave us a block that was news; 0: never */
	int64_t last_tx_ms;    /* a transaction; 0: never */
	bool blocks_only;      /* a full node that wants no transactions */
	bool discouraged;      /* let in although it broke the rules: goes first */
};

/* Protected, in this order: 4 by keyed group, 8 by ping, 4 by transactions, 8 of blocks_only and then 4 of all by
 * blocks, of the rest the half connected longest. Then the youngest of the largest group goes. 0: nobody, all
 * are protected. Reorders c. */
conn_id evict_choose(struct evict_candidate *c, size_t n);

#endif
