/* The state that all ways of fetching blocks share, and the questions asked about it: is a block
 * needed, what does a peer have, is the node catching up. headers_first.c, sync_getblocks.c,
 * block_download.c and others use this file; sync.c drives those files. */
#ifndef TALLY_PROTOCOL_SYNC_SYNC_STATE_PRIV_H
#define TALLY_PROTOCOL_SYNC_SYNC_STATE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/consensus/target.h>
#include <tally/chain/chain.h>
#include <tally/net/transport.h>

#include "protocol/hashes_priv.h"
#include "protocol/wire/codec_priv.h"

struct headers_presync;
struct peer;
struct protocol;

#define BLOCKS_IN_FLIGHT 16   /* blocks requested from one peer at a time */
#define BLOCK_WINDOW     1024 /* blocks are fetched up to this number of heights above the tip */
#define GETBLOCKS_MAX    500  /* hashes in an answer to getblocks */
/* The node is catching up if it lacks at least this number of blocks, and they arrive. */
#define BEHIND_BLOCKS 24
/* Messages in a row with headers or blocks whose parent is unknown: the peer is disconnected.
 * Source: tally-protocol(7), CONDUCT. */
#define UNCONNECTED_MAX      10
#define BLOCKS_ANNOUNCED_MAX 1024 /* blocks one peer has announced and not sent yet */
/* A peer that claims more blocks than it has announced is requested again after this time. */
#define REQUEST_BEHIND_MS 30000

/* Blocks accepted and not connected yet: above this, peers that send blocks are not read from. */
#define PENDING_BYTES_MAX  (UINT64_C(32) << 20)
#define PENDING_BLOCKS_MAX 4096

/* How blocks are fetched from a peer. */
enum sync_method {
	SYNC_METHOD_NONE, /* it is not known to have any */
	SYNC_BY_HEADERS,  /* headers_first.c and block_download.c */
	SYNC_BY_GETBLOCKS /* sync_getblocks.c */
};

struct peer_sync {
	enum sync_method method;

	/* What the peer has. */
	chain_index best; /* its best known block; CHAIN_NONE: none */
	struct u256 best_work;
	uint32_t best_height;           /* of `best`; before it is known, what its version claims */
	int64_t best_since_ms;          /* when it announced `best` */
	struct block_hash last_unknown; /* last block announced that we lack; zeros: none */

	/* The getheaders or getblocks last sent to it. */
	bool request_pending; /* not answered yet */
	bool more_available;  /* its last answer was full: more may follow */
	int64_t requested_ms;
	uint64_t accepted_at_request; /* sync_state.blocks_accepted at that time */
	unsigned unconnected; /* messages in a row whose headers or blocks have no known parent */

	/* The blocks requested from it. */
	struct list requests; /* struct block_request, in the order of the requests */
	uint32_t n_requests;
	/* When the peer last sent a requested block, or got a request while it had none. */
	int64_t progress_ms;
	int64_t avg_ms;           /* exponential average of a block's delivery time; 0: unknown */
	int64_t backoff_until_ms; /* no block is requested from it before */
	unsigned timeouts;        /* in a row */
	int64_t stalling_since_ms; /* other peers wait for a block requested from it; 0: they don't */
	/* A block requested from it that timed out and was then requested from other peers; zeros:
	 * none, or it has delivered a requested block since. */
	struct block_hash timed_out_block;

	/* Only SYNC_BY_HEADERS. */
	bool sendheaders_sent;
	bool answers_headers;    /* it has sent headers, so it understands getheaders */
	bool headers_timed_out;  /* its last turn brought no headers */
	int64_t headers_turn_ms; /* when it last had its turn (headers_first.c); 0: never */
	int64_t future_retry_unix; /* when its headers from the future become valid; 0: there are none */
	struct headers_presync *presync; /* NULL: no presync is running */
	chain_index branch_stored;       /* last block of its branch up to which all are stored */

	/* Only SYNC_BY_GETBLOCKS. */
	struct hash_queue announced;      /* announced by it, in its order, and not stored */
	struct block_hash last_inv;       /* last block of its last full answer to getblocks */
	struct block_hash missing_parent; /* the parent it was last requested for; zeros: none */
	bool walking_back;     /* getblocks didn't help: parents are requested one by one */
	bool low_work_refused; /* a block of its branch was refused for too little work */
	uint32_t n_orphans;    /* orphan blocks that it sent */
	size_t orphan_bytes;

	bool refill; /* set by sync_refill_later */
};

struct sync_state {
	struct map requests; /* block hash -> struct block_request *, of all peers */
	bool catching_up;
	uint64_t blocks_accepted, blocks_connected; /* since the start */
	/* Accepted and not connected yet. */
	uint64_t pending_bytes;
	uint32_t pending_blocks;
	bool reading_paused;     /* some peer is paused for PAUSE_CHAIN */
	int64_t best_block_ms;   /* when a block towards our best header was last accepted */
	int64_t many_headers_ms; /* when BEHIND_BLOCKS or more headers last came at once */
	uint32_t start_height;   /* our height when catching up began */
	int64_t future_logged_ms;

	/* Only one peer at a time sends headers by the thousand: its turn. */
	conn_id headers_peer; /* 0: none */
	int64_t headers_since_ms;

	bool window_full;         /* some peer could send more if the window moved */
	int64_t stall_timeout_ms; /* how long a peer may hold the window back */
	int64_t tip_timeout_ms;   /* how long it may take to send a new tip that other peers have */

	/* Deferred to the end of the call (sync_run_deferred in sync.c). */
	bool refill_some; /* some peer has peer_sync.refill set */
	bool refill_all;
	conn_id refill_first; /* with refill_all: this peer before the others; 0: none */
	bool update;
};

void sync_state_init(struct sync_state *s);
void sync_state_free(struct sync_state *s);

/* True if the peer says that it serves blocks. The simplest peers (tally-protocol(7), MESSAGES,
 * "The simplest peer") may not set the service bit. */
bool sync_serves_blocks(const struct peer *peer);

/* The block is requested, or an orphan, or deferred by the chain because it is from the future. */
bool sync_pending(const struct protocol *p, const struct block_hash *hash);
/* The block need not be requested: it is stored, an orphan, deferred by the chain, or invalid. */
bool sync_settled(const struct protocol *p, const struct block_hash *hash);
/* Not settled and not requested. */
bool sync_needs(const struct protocol *p, const struct block_hash *hash);

/* The peer has announced this block, known or unknown. */
void sync_announced(struct protocol *p, struct peer *peer, const struct block_hash *hash);
/* The peer has this block: updates its best block. */
void sync_has_block(const struct protocol *p, struct peer *peer, const struct chain_entry *en);

/* Looks up a peer's last_unknown again: the block may have arrived since. */
void sync_resolve_unknown(struct protocol *p, struct peer *peer);

/* A locator: `first` (if not NULL) and then hashes from the block `from` down to genesis. */
struct sync_locator {
	const struct block_hash *first;
	chain_index from;
	const struct block_hash *stop; /* NULL: as many as fit */
};
/* Sends getblocks or getheaders. */
void sync_request(struct protocol *p, struct peer *peer, enum msg_kind kind,
		  const struct sync_locator *l);

/* The peer sent a block that was new. requested: by us. */
void sync_useful_block(const struct protocol *p, struct peer *peer, bool requested);
/* It has sent new blocks recently, and (unless catching up) at least BEHIND_BLOCKS of them. */
bool sync_sends_blocks(const struct protocol *p, const struct peer *peer);

/* True: so many blocks are not connected yet that only the next block is requested. */
bool sync_throttled(const struct protocol *p);
/* The least work with which a chain is stored: the work of our tip minus the work of 144 blocks.
 * Source: tally-protocol(7), CONDUCT. */
struct u256 sync_min_work(const struct protocol *p);
/* True if `ms`, a time of protocol_now_ms, is less than 5 s ago. */
bool sync_recent(const struct protocol *p, int64_t ms);
/* Number of blocks from the fork with our tip to our best header; 0: the tip has as much work. */
size_t sync_headers_ahead(const struct protocol *p);

/* Limits warnings about blocks from the future to one every 10 s. True: log this one. */
bool sync_may_log_future(struct protocol *p);

/* Defer work of sync.c to the end of the current call: requesting blocks from this peer, or from
 * all peers; deciding whether the node is catching up. */
void sync_refill_later(struct protocol *p, struct peer *peer);
void sync_refill_all_later(struct protocol *p);
void sync_update_later(struct protocol *p);

#endif
