/* The protocol between nodes: handshake, messages, synchronisation, relay. Sockets, time and
 * randomness come from outside. Source: tally-protocol(7). */
#ifndef TALLY_PROTOCOL_PROTOCOL_H
#define TALLY_PROTOCOL_PROTOCOL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/base/rng.h>
#include <tally/chain/chain.h>
#include <tally/mempool/mempool.h>
#include <tally/net/addrbook.h>
#include <tally/net/transport.h>
#include <tally/protocol/msg_record.h>

#define PROTOCOL_VERSION         70015
#define PROTOCOL_HEADERS_VERSION 31800 /* peers understand getheaders from this version on */
#define SERVICE_NETWORK          1     /* service bit of a node that serves blocks */
#define PEER_AGENT_MAX           256   /* bytes of a user agent */
#define PEER_IN_FLIGHT_MAX       16    /* blocks listed in struct peer_info */

/* How blocks are fetched. SYNC_CLASSIC: from every peer by getblocks, as with -sync classic. */
enum sync_mode { SYNC_HEADERS, SYNC_CLASSIC };

struct protocol;

#define OFFERS_MAX 16 /* chains that are remembered at a time */

/* A chain that peers offer to a node without a chain. */
struct chain_offer {
	struct chain_params params; /* with name and genesis_hash */
	uint32_t peers;             /* connected peers that offer it */
	bool future; /* genesis is from the future by our clock: no chain is joined before it is due */
};

/* Notifications to the owner, made at the end of a call into the protocol, except `adopt` and
 * `message`. */
struct protocol_events {
	/* Blocks were accepted: the chain has some to connect. */
	void (*chain_work)(void *arg);
	/* Transactions were submitted: the mempool has some to verify. */
	void (*mempool_work)(void *arg);
	/* Call protocol_work soon. */
	void (*protocol_work)(void *arg);
	/* A node without a chain has chosen the chain with this genesis, which the peer `from`
	 * offers. The owner calls chain_set_genesis, makes a mempool and calls
	 * protocol_chain_ready. False: the owner refuses the chain, and the search goes on. */
	bool (*adopt)(void *arg, struct block *genesis, conn_id from);
	/* Peers offer more than one chain, or one from the future: protocol_offers lists them, and
	 * a person chooses with protocol_choose. Also called when the list changes. */
	void (*offers)(void *arg);
	/* Something that protocol_peers returns has changed. */
	void (*peers)(void *arg);
	/* A message was received or sent. The record is valid during the call. */
	void (*message)(void *arg, const struct msg_record *rec);
};

struct protocol_options {
	struct chain *chain;     /* borrowed; it may have no genesis yet */
	struct mempool *mempool; /* borrowed; NULL while there is no genesis */
	struct addrbook *book;   /* borrowed */
	const struct clock *clock;
	const struct rng *rng;
	uint16_t port; /* where this node accepts connections; 0: nowhere */
	enum sync_mode sync;
	bool want_chain; /* join only the chain with the genesis `wanted` */
	struct block_hash wanted;
	const struct protocol_events *events; /* borrowed; any member may be NULL */
	void *events_arg;
};

struct protocol *protocol_new(const struct protocol_options *o);
void protocol_free(struct protocol *p); /* after the net: no connection is left */

/* First of all, give this handler to net_new, and what net_transport returns to
 * protocol_set_transport. */
struct net_handler protocol_net_handler(struct protocol *p);
void protocol_set_transport(struct protocol *p, struct transport t);

/* There is a genesis now: ends the search for a chain and starts synchronisation. */
void protocol_chain_ready(struct protocol *p, struct mempool *mempool);
void protocol_set_port(struct protocol *p, uint16_t port);
/* Number of outbound peers that the node dials at the start. A node without a chain joins one when
 * all of them have answered, or 3 s after the first offer. Source: tally-protocol(7), MESSAGES,
 * "Joining". */
void protocol_expect_peers(struct protocol *p, unsigned n);

/* The chains that peers offer, at most max of them. Returns how many there are. */
size_t protocol_offers(const struct protocol *p, struct chain_offer *out, size_t max);
/* Joins the offered chain with this genesis. Errors: ERR_KNOWN "chain-exists", this node has a
 * chain; ERR_NOTFOUND "no-such-offer"; ERR_FUTURE "future-chain", genesis is not due yet;
 * ERR_INVALID "chain-refused", by `adopt`. */
bool protocol_choose(struct protocol *p, const struct block_hash *genesis, struct err *e);

/* Call once a second: timeouts, pings, retries. */
void protocol_tick(struct protocol *p);
/* Serves requests and announces transactions, for about budget_us. True: there is more to do. */
bool protocol_work(struct protocol *p, int64_t budget_us);

/* The node reports its events with these calls, in the order in which they happen. */
void protocol_block_connected(struct protocol *p, const struct chain_entry *at,
			      const struct block *b);
void protocol_block_disconnected(struct protocol *p);
/* Announces the tip, unless the node is catching up. */
void protocol_tip_changed(struct protocol *p, const struct chain_entry *tip);
/* A stored block turned out to be invalid: disconnects its sender. */
void protocol_block_invalid(struct protocol *p, const struct block_hash *hash,
			    const struct err *why);
/* The chain has connected all it can: requests more blocks, and reads again from peers that were
 * paused. */
void protocol_chain_idle(struct protocol *p);
/* A transaction entered the mempool: announces it. */
void protocol_tx_added(struct protocol *p, const struct mempool_entry *en);
/* The mempool's decision on a transaction. origin: the connection that sent it; 0: our own. */
void protocol_tx_verdict(struct protocol *p, const struct tx *tx, uint64_t origin,
			 const struct err *err);

struct peer_info {
	conn_id id;
	enum conn_kind kind;
	struct net_addr addr;           /* the remote end of the connection */
	struct net_addr local;          /* our end */
	struct net_addr listens;        /* accepts connections at; port 0: nowhere, or unknown */
	char agent[PEER_AGENT_MAX + 1]; /* sanitised */
	int32_t version;                /* 0 before the handshake */
	uint64_t services;
	int32_t start_height;   /* claimed in its version */
	uint32_t best_height;   /* of its best known block; none: the claimed height */
	struct block_hash best; /* zeros: unknown */
	bool handshaken;
	bool syncing;                 /* blocks or headers are being requested from it */
	int64_t connected;            /* unix seconds */
	int64_t last_send, last_recv; /* unix seconds; 0: never */
	int64_t last_block, last_tx;  /* the last new one that it sent; unix seconds; 0: never */
	int64_t ping_us, min_ping_us; /* -1: unknown */
	int64_t clock_offset;         /* seconds its clock is ahead of ours */
	uint64_t msgs_in, msgs_out, bytes_in, bytes_out;
	uint32_t msgs_per_10s;  /* in and out, in the last ten seconds */
	int32_t synced_headers; /* height of its best header that we have; -1: unknown */
	int32_t synced_blocks;  /* height of its last block on our best chain; -1: unknown */
	uint32_t in_flight;     /* blocks requested from it */
	uint32_t in_flight_heights[PEER_IN_FLIGHT_MAX]; /* 0: unknown */
	bool relay;                                     /* it wants transactions */
	bool prefers_headers;                           /* it wants tips announced by headers */
};
/* All connections in order of id, at most max of them, also those without handshake. Returns how
 * many there are. */
size_t protocol_peers(const struct protocol *p, struct peer_info *out, size_t max);
/* False: there is no such connection. */
bool protocol_peer(const struct protocol *p, conn_id id, struct peer_info *out);
/* Disconnects a peer, if it is still connected. */
void protocol_drop_peer(struct protocol *p, conn_id id, const char *reason);

#define SYNC_SENDERS_MAX 8 /* peers listed in struct sync_info */

struct sync_info {
	bool active;         /* blocks or headers are being requested */
	bool downloading;    /* many blocks or headers arrive, or have in the last 5 s */
	uint32_t from;       /* height at which catching up began */
	uint32_t height;     /* of our tip */
	uint32_t target;     /* best height that we know of, or that a peer credibly claims */
	uint32_t headers;    /* height of our best header */
	double blocks_per_s; /* in the last 5 s */
	int64_t eta_s;       /* seconds until the target is reached; -1: unknown */
	uint32_t in_flight;  /* blocks requested */
	uint32_t n_senders;  /* peers that blocks are requested from, also beyond the array */
	conn_id senders[SYNC_SENDERS_MAX];
	conn_id headers_from; /* the peer whose turn it is to send headers by the thousand; 0: none */
};
void protocol_sync_info(const struct protocol *p, struct sync_info *out);

/* The last outbound peer that was disconnected because it has another chain. */
struct other_chain {
	struct net_addr addr;
	struct block_hash theirs; /* its genesis */
	struct block_hash ours;   /* our genesis, or the only one that we would join */
	int64_t unix_s;
};
/* False: there was none. */
bool protocol_other_chain(const struct protocol *p, struct other_chain *out);

/* The median of (the peer's clock - ours), in seconds. Every outbound peer has a vote. Inbound
 * peers have one vote for each address, if there are at least three addresses. False: there is no
 * vote. */
bool protocol_clock_offset(const struct protocol *p, int64_t *offset);
/* Number of messages received that this program doesn't know. They are ignored. */
uint64_t protocol_unknown_count(const struct protocol *p);

#endif
