/* What a screen shows of a node: structs by value with bounded arrays, no pointer into the node. */
#ifndef TALLY_NODE_SNAPSHOT_H
#define TALLY_NODE_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/log.h>
#include <tally/protocol/protocol.h>
#include <tally/net/net.h>
#include <tally/wallet/wallet.h>
#include <tally/node/describe.h>

struct node;

#define SNAPSHOT_PEERS_MAX  160
#define SNAPSHOT_DIALS_MAX  16
#define SNAPSHOT_OFFERS_MAX OFFERS_MAX
#define NODE_MSGS_KEPT      4096
#define NODE_LOGS_KEPT      1000
#define NODE_RATE_SAMPLES   60
#define LOG_TEXT_CHARS      255

struct snapshot {
	int64_t now_us; /* unix time, microseconds */
	int64_t uptime_s;
	uint32_t node_id;
	uint16_t port;    /* 0: not listening */
	const char *role; /* "FULL" or "MINER" */
	const char *version;
	/* The chain: */
	bool has_chain;
	struct chain_params params; /* with the name */
	struct chain_entry tip;
	uint32_t headers_height; /* of the best header */
	double work_log2;
	double difficulty;
	uint32_t next_bits;
	double expected_hash_rate; /* hashes a second of the whole network, from the last blocks' work and times; 0 unknown */
	struct sync_info sync;
	uint32_t reorgs,
		reorg_depth; /* reorganisations since the start; blocks undone in the last */
	/* Peers: */
	uint32_t n_peers, n_handshaken; /* n_peers: all, also beyond the array */
	struct peer_info peers[SNAPSHOT_PEERS_MAX];
	uint32_t n_dials;
	struct net_dial dials[SNAPSHOT_DIALS_MAX];
	uint32_t n_offers; /* chains offered to a node that has none */
	struct chain_offer offers[SNAPSHOT_OFFERS_MAX];
	bool has_other; /* nobody is connected, and lately a peer's chain was another: */
	struct other_chain other;
	struct net_addr
		joined_from; /* who offered the chain, where it was joined since the start; else port 0 */
	uint32_t known_addrs;
	/* Mempool: */
	uint32_t mempool_count;
	uint64_t mempool_bytes;
	/* Wallet: */
	struct wallet_balance balance;
	/* Miner: */
	bool mining; /* switched on */
	uint32_t mining_want,
		mining_made; /* a command's count of blocks that is mined; want 0: none */
	uint32_t mining_threads;
	double hash_rate; /* hashes a second, of this node */
	uint32_t blocks_found;
	char mining_to[ADDRESS_CHARS + 1];
	/* Messages and log, by number: [first, next) are kept. */
	uint64_t msgs_first, msgs_next;
	uint64_t logs_first, logs_next;
	uint16_t
		msg_rate[NODE_RATE_SAMPLES]; /* messages in each of the last seconds, newest last */
	/* Something a person should know; "" where nothing. */
	char warning[160];
	int64_t clock_offset; /* of the peers' median; see warning */
};

void node_snapshot(const struct node *n, struct snapshot *out);

/* Blocks for a list or a tree: the best chain and what branches off it, by height downward. */
struct chain_row {
	struct block_hash hash, prev;
	uint32_t height, time, bits;
	uint32_t n_tx, bytes; /* 0 where the body isn't here, or was not read yet */
	bool on_best, is_tip, failed, have_body;
	bool later;       /* its body was not read yet: the next call goes on */
	bool coming;      /* not connected yet, and on the way to the header with the most work */
	bool mine;        /* its coinbase pays this wallet */
	uint32_t n_peers; /* handshaken peers whose best block this is */
	conn_id peers[8]; /* the first of them */
};
/* From height `top` downward (all blocks known at each height, best first), at most max rows. */
size_t node_chain_rows(const struct node *n, uint32_t top, struct chain_row *out, size_t max);

struct mempool_row {
	struct txid id;
	uint32_t bytes, n_in, n_out;
	int64_t value, fee; /* value: sum of outputs */
	int64_t time;       /* unix seconds of entry */
	bool mine;          /* pays or spends of this wallet */
	uint64_t seq;
};
/* Newest first, skipping `skip`. Returns how many rows were written. */
size_t node_mempool_rows(const struct node *n, size_t skip, struct mempool_row *out, size_t max);

/* Records with seq >= first, in order. */
size_t node_msgs(const struct node *n, uint64_t first, struct msg_record *out, size_t max);

struct log_record {
	uint64_t seq;
	int64_t unix_us;
	enum log_subsystem sub;
	enum log_level level;
	char text[LOG_TEXT_CHARS + 1];
};
size_t node_logs(const struct node *n, uint64_t first, struct log_record *out, size_t max);

/* As wallet_history and wallet_addresses. */
size_t node_wallet_history(const struct node *n, struct wallet_tx *out, size_t skip, size_t max);
size_t node_wallet_addresses(const struct node *n, struct wallet_address *out, size_t skip,
			     size_t max);

#endif
