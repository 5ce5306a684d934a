/* struct peer: one connection, with what each part of the protocol keeps about it. */
#ifndef TALLY_PROTOCOL_PEER_PRIV_H
#define TALLY_PROTOCOL_PEER_PRIV_H

#include <tally/base/list.h>
#include <tally/protocol/protocol.h>

#include "protocol/peer/addr_relay_priv.h"
#include "protocol/peer/duplicates_priv.h"
#include "protocol/peer/ping_priv.h"
#include "protocol/relay/relay_priv.h"
#include "protocol/serve/serve_getdata_priv.h"
#include "protocol/sync/chain_discovery_priv.h"
#include "protocol/sync/sync_state_priv.h"

/* Seconds over which messages are counted for peer_info.msgs_per_10s. */
#define PEER_RATE_SECONDS 10

/* Why a peer is not read from. Bits of peer.paused. */
enum {
	PAUSE_CHAIN = 1,   /* too many blocks wait to be connected */
	PAUSE_SERVE = 2,   /* it has requested much that was not sent yet */
	PAUSE_MEMPOOL = 4, /* too many of its transactions wait to be verified */
};

struct peer {
	struct list link; /* of protocol.peers */
	struct conn_info info;
	bool closing;    /* disconnected by us; the network has yet to report the end */
	bool handshaken; /* its version was accepted */
	unsigned paused; /* PAUSE_... */

	int64_t opened_ms, handshaken_ms;
	uint64_t opened_order, greeted_order; /* protocol.order at these two moments */
	int64_t connected;                    /* unix seconds */
	int64_t last_send, last_recv;         /* unix seconds; 0: never */
	int64_t last_recv_ms;

	/* The last new block and transaction that it sent; 0: never. Unix seconds and
	 * milliseconds. */
	int64_t last_block, last_tx;
	int64_t last_block_ms, last_tx_ms;
	/* Requested blocks in a row that were new and came without a long gap between two. */
	uint32_t useful_blocks;

	/* From its version message. */
	int32_t version;
	uint64_t services;
	int32_t start_height;
	uint64_t nonce; /* 0: none */
	bool has_chain; /* it has one, or its version doesn't say */
	bool has_chain_tag;
	struct block_hash chain_tag; /* the genesis named in its user agent */
	char agent[PEER_AGENT_MAX + 1];
	struct net_addr listen_addr; /* accepts connections at; port 0: nowhere */
	struct net_addr our_addr;    /* our address as it sees it */
	int64_t clock_offset;        /* seconds its clock is ahead of ours */

	uint64_t msgs_in, msgs_out, bytes_in, bytes_out;
	uint32_t per_second[PEER_RATE_SECONDS]; /* messages in and out, a ring by protocol.second */

	struct peer_ping ping;
	struct peer_duplicate duplicate;
	struct peer_addr_relay addr_relay;
	struct peer_sync sync;
	struct peer_discovery discovery;
	struct peer_serve serve;
	struct peer_relay relay;
};

#endif
