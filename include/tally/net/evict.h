/* Eviction: which inbound connection to close for a newcomer when all inbound slots are taken.
 * Source: Bitcoin Core node/eviction.cpp. */
#ifndef TALLY_NET_EVICT_H
#define TALLY_NET_EVICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/net/transport.h>

/* An inbound connection. Times are milliseconds of one monotonic clock. */
struct evict_candidate {
	conn_id id;
	uint64_t group;        /* network group, hashed with a secret key so that an attacker can't
				* choose addresses that sort last */
	int64_t connected_ms;  /* when it connected */
	int64_t min_ping_us;   /* lowest ping time; -1: not measured */
	int64_t last_block_ms; /* last sent us a block that was new to us; 0: never */
	int64_t last_tx_ms;    /* last sent us a transaction that was new to us; 0: never */
	bool blocks_only;      /* a full node that asked for no transactions */
	bool discouraged;      /* accepted although its address is discouraged: evicted first */
};

/* Chooses the connection to evict; 0 if all are protected. Protected are, in this order: 4 by keyed
 * group, 8 by lowest ping, 4 by latest transaction, 8 blocks-only peers by latest block, 4 peers by
 * latest block, and of the rest the half that has been connected longest. Of the others the youngest
 * of the largest group is evicted. Reorders c. */
conn_id evict_choose(struct evict_candidate *c, size_t n);

#endif
