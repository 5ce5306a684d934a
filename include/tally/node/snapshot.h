/* What the console shows of a node: structs by value, with arrays of fixed size and no pointer into
 * the node. This header includes nothing of the layers that the data come from. */
#ifndef TALLY_NODE_SNAPSHOT_H
#define TALLY_NODE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/log.h>
#include <tally/crypto/address.h>
#include <tally/crypto/hash.h>
#include <tally/node/describe.h>
#include <tally/primitives/script.h>

struct node;

/* Room in the arrays of a snapshot. */
#define SNAPSHOT_PEERS_MAX   160
#define SNAPSHOT_DIALS_MAX   16
#define SNAPSHOT_OFFERS_MAX  16
#define SNAPSHOT_SENDERS_MAX 8
/* Bytes of texts, without the NUL. */
#define SNAPSHOT_ADDR_CHARS    56 /* "127.0.0.1:3000" or "[::1]:3000" */
#define SNAPSHOT_AGENT_CHARS   256
#define SNAPSHOT_NAME_CHARS    40
#define SNAPSHOT_LABEL_CHARS   64
#define SNAPSHOT_SUMMARY_CHARS 127
#define SNAPSHOT_WARNING_CHARS 159
#define LOG_TEXT_CHARS         255
/* Records that the node keeps; older ones are dropped. */
#define NODE_MSGS_KEPT    4096
#define NODE_LOGS_KEPT    1000
#define NODE_RATE_SAMPLES 60 /* seconds */

/* --- the state of the node ------------------------------------------------------------------ */

struct snapshot_params {
	char name[SNAPSHOT_NAME_CHARS + 1];
	struct block_hash genesis_hash;
	uint32_t spacing; /* seconds between blocks; 0: an instant chain */
};

struct snapshot_block {
	struct block_hash hash;
	uint32_t height, time;
};

/* How the connection was made. */
enum peer_kind {
	PEER_INBOUND,
	PEER_OUTBOUND, /* dialled from the address book */
	PEER_MANUAL,   /* dialled on a user's request */
	PEER_FEELER,   /* dialled to test an address; closed after the handshake */
};

struct peer_row {
	uint32_t id;
	enum peer_kind kind;
	char addr[SNAPSHOT_ADDR_CHARS + 1];    /* the other end of the connection */
	char local[SNAPSHOT_ADDR_CHARS + 1];   /* our end */
	char listens[SNAPSHOT_ADDR_CHARS + 1]; /* its listening address; "": unknown */
	char agent[SNAPSHOT_AGENT_CHARS + 1];  /* sanitised */
	int32_t version;                       /* 0 before the handshake */
	uint64_t services;
	int32_t start_height;
	uint32_t best_height;   /* of its best known block; before one is known, its start height */
	struct block_hash best; /* its best known block; all zeros: unknown */
	bool handshaken;
	bool syncing;         /* blocks are downloaded from it */
	int64_t ping_us;      /* -1: unknown */
	int64_t clock_offset; /* seconds that its clock is ahead of ours */
	uint64_t msgs_in, msgs_out, bytes_in, bytes_out;
	uint32_t msgs_per_10s; /* in and out, over the last 10 s */
	uint32_t in_flight;    /* blocks requested from it */
};

/* An address that is being dialled or will be dialled again. */
struct dial_row {
	char addr[SNAPSHOT_ADDR_CHARS + 1];
	bool manual;
	bool dialling;   /* an attempt is running */
	int64_t next_ms; /* milliseconds until the next attempt; 0: now */
	uint32_t failures;
};

/* A chain that peers offer to a node without a chain. */
struct offer_row {
	struct snapshot_params params;
	uint32_t peers; /* connected peers that offer it */
	bool future;    /* its genesis time is ahead of our clock; it can't be joined before */
};

struct snapshot_sync {
	bool active;         /* headers or blocks are being requested */
	bool downloading;    /* many blocks or headers arrive, or did in the last 5 s */
	uint32_t from;       /* height at which catching up began */
	uint32_t height;     /* of our tip */
	uint32_t target;     /* best height that we know of, or that a peer credibly claims */
	uint32_t headers;    /* height of our best header */
	double blocks_per_s; /* in the last 5 s */
	int64_t eta_s;       /* -1: unknown */
	uint32_t in_flight;  /* blocks requested */
	uint32_t n_senders;  /* peers that blocks are requested from, also beyond the array */
	uint32_t senders[SNAPSHOT_SENDERS_MAX];
	uint32_t headers_from; /* the peer that sends headers by the thousand; 0: none */
};

/* Units. Each coin is in one of the sums at most. */
struct snapshot_balance {
	int64_t spendable; /* confirmed coins, and own change in the mempool */
	int64_t immature;  /* mined coins that can't be spent yet */
	int64_t pending;   /* other unconfirmed coins */
};

struct snapshot {
	int64_t now_us; /* unix time, microseconds */
	int64_t uptime_s;
	uint32_t node_id;
	uint16_t port;    /* 0: does not listen */
	const char *role; /* "FULL" or "MINER" */
	const char *version;
	/* The chain: */
	bool has_chain;
	struct snapshot_params params;
	struct snapshot_block tip;
	uint32_t headers_height; /* of the best header */
	double work_log2;        /* of the best chain */
	double difficulty;       /* of the next block */
	uint32_t next_bits;
	double expected_hash_rate; /* hashes per second of the whole network, from the work and the
				    * times of the last 30 blocks; 0: unknown */
	struct snapshot_sync sync;
	uint32_t reorgs;      /* since the start */
	uint32_t reorg_depth; /* blocks that the last one disconnected */
	/* Peers: */
	uint32_t n_peers; /* all, also beyond the array */
	uint32_t n_handshaken;
	struct peer_row peers[SNAPSHOT_PEERS_MAX];
	uint32_t n_dials;
	struct dial_row dials[SNAPSHOT_DIALS_MAX];
	uint32_t n_offers;
	struct offer_row offers[SNAPSHOT_OFFERS_MAX];
	/* A node that we disconnected within the last 10 minutes because it has another chain,
	 * while we have no peers; "": none. */
	char other_chain_addr[SNAPSHOT_ADDR_CHARS + 1];
	/* The peer that offered our chain; "": it was not joined since the start. */
	char joined_from[SNAPSHOT_ADDR_CHARS + 1];
	uint32_t known_addrs;
	/* Mempool: */
	uint32_t mempool_count;
	uint64_t mempool_bytes;
	/* Wallet: */
	struct snapshot_balance balance;
	/* Mining: */
	bool mining;               /* continuous mining is switched on */
	uint32_t mining_requested; /* blocks that a command has requested; 0: none */
	uint32_t mining_mined;     /* of them, mined so far */
	uint32_t mining_threads;
	double hash_rate; /* hashes per second of this node */
	uint32_t blocks_found;
	char mining_to[ADDRESS_CHARS + 1]; /* "" before an address was chosen */
	/* Numbers of the messages and log lines that are kept: [first, next). */
	uint64_t msgs_first, msgs_next;
	uint64_t logs_first, logs_next;
	uint16_t
		msg_rate[NODE_RATE_SAMPLES]; /* messages in each of the last seconds, newest last */
	char warning[SNAPSHOT_WARNING_CHARS + 1]; /* for the user; "": none */
	int64_t clock_offset; /* seconds by which the peers' median is ahead of our clock */
};

void node_snapshot(const struct node *n, struct snapshot *out);

/* --- rows of lists -------------------------------------------------------------------------- */

struct chain_row {
	struct block_hash hash, prev;
	uint32_t height, time, bits;
	uint32_t n_tx, bytes; /* 0: the node has no body, or it was not read yet */
	bool on_best, is_tip, failed, have_body;
	bool unread;      /* the body was not read yet: the next call reads more of them */
	bool pending;     /* not connected yet, but an ancestor of the best header */
	bool mine;        /* its coinbase pays this wallet */
	uint32_t n_peers; /* peers that have this as their best block, also beyond the array */
	uint32_t peers[8];
};
/* From height `top` downward: all blocks known at each height, that of the best chain first.
 * Returns how many rows were written, at most max. Reads at most 64 bodies or 500 kB in a call. */
size_t node_chain_rows(const struct node *n, uint32_t top, struct chain_row *out, size_t max);

struct mempool_row {
	struct txid id;
	uint32_t bytes, n_in, n_out;
	int64_t value; /* units: sum of the outputs */
	int64_t fee;   /* units */
	int64_t time;  /* unix seconds of entry */
	bool mine;     /* pays or spends coins of this wallet */
	uint64_t seq;  /* order of entry */
};
/* The newest first, without the first `skip`. Returns how many rows were written. */
size_t node_mempool_rows(const struct node *n, size_t skip, struct mempool_row *out, size_t max);

/* A transaction of the wallet. */
struct payment_row {
	struct txid id;
	bool unconfirmed;
	uint32_t height;        /* of its block */
	int64_t time;           /* unix seconds: of its block, else when it was first seen */
	int64_t received, sent; /* units that enter and leave the wallet */
	bool coinbase;
	bool abandoned;        /* can't confirm on this chain, or was abandoned by the user */
	bool parent_abandoned; /* abandoned because it spends a coin of an abandoned transaction */
	bool to_self;          /* all its outputs are the wallet's */
	struct key_hash
		to; /* the first receiver outside the wallet; if there is none, the first one */
	char memo[SCRIPT_MEMO_MAX + 1]; /* sanitised; "": none */
};
/* The newest first. Returns how many there are; writes at most max, from `skip` on. */
size_t node_payment_rows(const struct node *n, size_t skip, struct payment_row *out, size_t max);

/* An address of the wallet. */
struct address_row {
	struct key_hash owner;
	char label[SNAPSHOT_LABEL_CHARS + 1]; /* "": none */
	int64_t created;                      /* unix seconds */
	int64_t spendable;                    /* units */
};
/* In the order in which they were made. Returns how many there are; writes at most max, from `skip`
 * on. */
size_t node_address_rows(const struct node *n, size_t skip, struct address_row *out, size_t max);

/* A message of a peer. */
struct msg_row {
	uint64_t seq;    /* 1 upward */
	int64_t unix_us; /* when it was handled or sent */
	uint32_t peer;
	bool out; /* we sent it */
	bool ok;  /* false: malformed or ignored */
	char command[13];
	uint32_t bytes;                           /* of the payload */
	char summary[SNAPSHOT_SUMMARY_CHARS + 1]; /* the decoded payload in short; sanitised */
	struct hash256 about; /* the block or transaction that it is about; all zeros: none */
};
/* Messages from number `first` on, the oldest first. Returns how many were written, at most max. */
size_t node_msgs(const struct node *n, uint64_t first, struct msg_row *out, size_t max);
/* What a message of this name means, in one sentence, if it was received or (out) sent. NULL: the
 * program does not know such a message. */
const char *node_msg_meaning(const char *name, bool out);

struct log_row {
	uint64_t seq; /* 1 upward */
	int64_t unix_us;
	enum log_subsystem sub;
	enum log_level level;
	char text[LOG_TEXT_CHARS + 1]; /* sanitised */
};
/* As node_msgs. */
size_t node_logs(const struct node *n, uint64_t first, struct log_row *out, size_t max);

#endif
