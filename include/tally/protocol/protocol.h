/* Peers: handshake, messages, sync, relay. One table: command name -> decoder -> handler. No
 * sockets, no clock, no randomness of its own. Source: protocol sections 6 and 7. */
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
#define PROTOCOL_HEADERS_VERSION 31800 /* from here on a peer understands getheaders */
#define SERVICE_NETWORK          1
#define PEER_AGENT_MAX           256
#define PEER_IN_FLIGHT_MAX       16

enum sync_mode { SYNC_HEADERS, SYNC_CLASSIC };

struct protocol;

#define OFFERS_MAX 16 /* kept at a time */

/* A chain that peers offered to a node that has none. */
struct chain_offer {
	struct chain_params params; /* with name and genesis_hash */
	uint32_t peers;             /* how many of those that are connected offered it */
	bool future; /* by our clock: not taken, nor any other for it, until it is due */
};

struct protocol_events {
	/* Blocks were accepted: chain_work has something to do. */
	void (*chain_work)(void *arg);
	/* Transactions were submitted: mempool_work has something to do. */
	void (*mempool_work)(void *arg);
	/* protocol_work has something to do. */
	void (*protocol_work)(void *arg);
	/* A node without a chain settled on this genesis: the owner calls chain_set_genesis, makes a
	 * mempool and calls protocol_chain_ready. False: refused, the search goes on. */
	bool (*adopt)(void *arg, struct block *genesis, conn_id from);
	/* The offers differ (or another came): protocol_offers lists them; a person chooses with
	 * protocol_choose. */
	void (*offers)(void *arg);
	/* Something in protocol_peers changed. */
	void (*peers)(void *arg);
	/* One message passed the gate. The record is valid during the call. */
	void (*message)(void *arg, const struct msg_record *rec);
};

struct protocol_options {
	struct chain *chain;     /* borrowed; may have no genesis yet */
	struct mempool *mempool; /* borrowed; NULL while there is no genesis */
	struct addrbook *book;   /* borrowed */
	const struct clock *clock;
	const struct rng *rng;
	uint16_t port; /* told in version; 0: not listening */
	enum sync_mode sync;
	bool want_chain; /* join only this genesis: */
	struct block_hash wanted;
	const struct protocol_events *events; /* borrowed; any member may be NULL */
	void *events_arg;
};

struct protocol *protocol_new(const struct protocol_options *o);
void protocol_free(struct protocol *p); /* after the net: no connection is left */
/* Give this to net_new, and what net_transport returns back, before anything else. */
struct net_handler protocol_net_handler(struct protocol *p);
void protocol_set_transport(struct protocol *p, struct transport t);

void protocol_chain_ready(struct protocol *p, struct mempool *mempool);
void protocol_set_port(struct protocol *p, uint16_t port);
/* How many peers are being dialled at the start: joining waits until all of them have offered, or
 * 3 s after the first. */
void protocol_expect_peers(struct protocol *p, unsigned n);
size_t protocol_offers(const struct protocol *p, struct chain_offer *out, size_t max);
/* ERR_KNOWN "chain-exists"; ERR_NOTFOUND "no-such-offer"; ERR_FUTURE "future-chain": not due yet; ERR_INVALID
 * "chain-refused": by the owner. */
bool protocol_choose(struct protocol *p, const struct block_hash *genesis, struct err *e);

/* Every second: timeouts, pings, trickles, requests given up on. */
void protocol_tick(struct protocol *p);
/* What can wait a little: serving requests, announcing. At most about budget_us. True: more to do
 * at once. */
bool protocol_work(struct protocol *p, int64_t budget_us);

/* From the node, in the order things happen. */
void protocol_block_connected(struct protocol *p, const struct chain_entry *at,
			      const struct block *b);
void protocol_block_disconnected(struct protocol *p);
void protocol_tip_changed(struct protocol *p,
			  const struct chain_entry *tip); /* announces it unless catching up */
void protocol_block_invalid(struct protocol *p, const struct block_hash *hash,
			    const struct err *why);
/* chain_work has gone idle: bodies asked for may follow, reading resumes. */
void protocol_chain_idle(struct protocol *p);
void protocol_tx_added(struct protocol *p, const struct mempool_entry *en); /* relays it by inv */
void protocol_tx_verdict(struct protocol *p, const struct tx *tx, uint64_t origin,
			 const struct err *err);

struct peer_info {
	conn_id id;
	enum conn_kind kind;
	struct net_addr addr;           /* the other end of the connection */
	struct net_addr local;          /* our end */
	struct net_addr listens;        /* where it listens; port 0: not, or not known */
	char agent[PEER_AGENT_MAX + 1]; /* sanitised */
	int32_t version;                /* 0 before the handshake */
	uint64_t services;
	int32_t start_height;
	uint32_t best_height;   /* of the best block it is known to have, else its start height */
	struct block_hash best; /* all zeros where not known */
	bool handshaken;
	bool syncing;                 /* blocks are being fetched from it */
	int64_t connected;            /* unix seconds */
	int64_t last_send, last_recv; /* unix seconds; 0 never */
	int64_t last_block, last_tx;  /* it sent one that was news; unix seconds; 0 never */
	int64_t ping_us, min_ping_us; /* -1 unknown */
	int64_t clock_offset;         /* seconds its clock is ahead of ours */
	uint64_t msgs_in, msgs_out, bytes_in, bytes_out;
	uint32_t msgs_per_10s;  /* in and out, over the last ten seconds */
	int32_t synced_headers; /* height of its best header that is here; -1 unknown */
	int32_t synced_blocks;  /* of the last block of its chain that is in ours; -1 unknown */
	uint32_t in_flight;     /* blocks asked of it */
	uint32_t in_flight_heights[PEER_IN_FLIGHT_MAX]; /* 0 where not known yet */
	bool relay;                                     /* it wants transactions */
	bool prefers_headers;
};
/* In order of id, handshaken or not. Returns how many there are. */
size_t protocol_peers(const struct protocol *p, struct peer_info *out, size_t max);
bool protocol_peer(const struct protocol *p, conn_id id, struct peer_info *out);
void protocol_drop_peer(struct protocol *p, conn_id id, const char *reason);

#define SYNC_SENDERS_MAX 8

struct sync_info {
	bool active;                   /* headers or blocks are asked for */
	bool coming;                   /* and many come, or did within the last seconds */
	uint32_t from, height, target; /* heights: where it began, now, the best anybody told of */
	uint32_t headers;              /* height of the best header here */
	double blocks_per_s;           /* over the last seconds */
	int64_t eta_s;                 /* -1 unknown */
	uint32_t in_flight;
	uint32_t n_senders; /* peers that are asked for blocks: all, also beyond the array */
	conn_id senders[SYNC_SENDERS_MAX];
	conn_id headers_from; /* who tells of headers by the thousand; 0 nobody */
};
void protocol_sync_info(const struct protocol *p, struct sync_info *out);
/* The last peer that we dialled and sent away because its chain is another. */
struct other_chain {
	struct net_addr addr;
	struct block_hash theirs,
		ours; /* genesis; ours: of the chain here, or the only one wanted */
	int64_t unix_s;
};
/* False: there was none. */
bool protocol_other_chain(const struct protocol *p, struct other_chain *out);
/* Median of (peer's clock - ours), seconds, over handshaken peers that we dialled and, one an address, that came; false
 * where there are none, or only fewer than three that came. */
bool protocol_clock_offset(const struct protocol *p, int64_t *offset);
/* Messages by command that were ignored because they are not ours to know. */
uint64_t protocol_unknown_count(const struct protocol *p);

#endif
