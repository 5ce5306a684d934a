/* The state of a node, and what node.c and node_state.c offer to the other files of the layer. */
#ifndef TALLY_NODE_PRIV_H
#define TALLY_NODE_PRIV_H

#include <tally/base/list.h>
#include <tally/chain/chain.h>
#include <tally/config/config.h>
#include <tally/mempool/mempool.h>
#include <tally/mining/mining.h>
#include <tally/net/net.h>
#include <tally/node/node.h>
#include <tally/node/observers.h>
#include <tally/protocol/protocol.h>
#include <tally/store/lock.h>
#include <tally/store/store.h>
#include <tally/wallet/wallet.h>

struct block_stats_cache;
struct event;
struct journal;
struct log_file;
struct log_stdout;
struct mempool_file;
struct resolver;

struct observer {
	node_observer *fn;
	void *arg;
	/* The number of the notification during which the observer was added. That notification does
	 * not call it. */
	unsigned generation;
	bool dead; /* unsubscribed during a notification */
};

struct node {
	struct config config;
	enum node_mode mode;
	struct clock_mock clock;
	const struct rng *rng;
	int64_t started_us; /* monotonic */

	/* In the order of opening; closed in reverse. */
	struct dir_lock lock;
	struct log_file *log_file;     /* NULL offline */
	struct log_stdout *log_stdout; /* NULL offline and with a console */
	struct event_base *base;
	struct mining *mining;
	struct store *store;
	struct wallet_db *wallet_db;
	struct sigpool *sigpool;
	struct chain *chain;
	struct wallet *wallet;
	struct mempool *mempool;           /* NULL while there is no chain */
	struct mempool_file *mempool_file; /* NULL while there is no chain */
	struct addrbook *book;             /* NULL offline, and so are the next three */
	struct bans *bans;
	struct protocol *protocol;
	struct net *net;

	struct chain_events chain_events;
	struct mempool_events mempool_events;
	struct protocol_events protocol_events;

	/* The loop: */
	struct event *work_event, *tick_event, *sig_event, *flush_event, *fail_event,
		*signal_events[3], *mining_timer, *mining_event;
	int fail_fd[2]; /* a pipe that any thread writes to when a database could not write */
	unsigned work;  /* WORK_... bits of the next turn */
	bool stopping;
	bool failed;
	struct err failure;

	/* Mempool and wallet: */
	/* The transactions of mempool.dat are submitted. Offline only if a command needs them,
	 * because checking them takes time. */
	bool mempool_file_wanted;
	/* False while wallet_catch_up runs in slices. When it is true, the wallet gets every block. */
	bool wallet_caught_up;
	int64_t rebroadcast_ms; /* monotonic: when own payments were announced last */

	/* Blocks: */
	struct block_hash last_invalid; /* the last block that was found invalid, and why */
	struct err last_invalid_why;
	uint32_t undone;         /* blocks disconnected since the last settled tip */
	size_t abandoned_before; /* wallet_abandoned_count before the first of them */
	uint32_t reorgs;         /* since the start */
	uint32_t reorg_depth;    /* blocks disconnected by the last one */

	/* Network: */
	bool clock_warned; /* the log has a line about our clock; see clock_warning.c */
	/* Peer addresses or bans must be committed as soon as the chain has settled. */
	bool commit_due;
	/* The peer that offered our chain; port 0: it was not joined since the start. */
	struct net_addr joined_from;

	/* Observers: */
	struct journal *journal;
	struct block_stats_cache *block_stats;
	struct observer *observers;
	size_t n_observers, cap_observers;
	bool notifying;
	unsigned generation; /* of notifications */
	unsigned marked;     /* NODE_EV_... bits of the next one */

	struct resolver *resolver; /* NULL until a name is looked up */
};

enum {
	WORK_CHAIN = 1,
	WORK_MEMPOOL = 2,
	WORK_PROTOCOL = 4,
	WORK_WALLET = 8,
	WORK_MINER = 16,
	WORK_MEMPOOL_FILE = 32,
};

/* --- node_state.c ------------------------------------------------------------------------ */

/* WORK_... bits for the next turn of the loop. */
void node_schedule(struct node *n, unsigned work);

/* --- node.c ------------------------------------------------------------------------------ */

/* Sets the callbacks that the lower layers get. */
void node_init_events(struct node *n);
/* The chain has a genesis block: makes the mempool, and lets wallet, mining and network use the
 * chain. */
void node_start_chain(struct node *n);
/* Stores a block that was mined here or submitted by a user. The chain connects it in slices; then
 * node_block_verdict knows the result. b is borrowed. ERR_BUSY "catching-up"; ERR_FUTURE if its
 * time is too far ahead: unlike a block from a peer it is not kept until its time comes. */
bool node_accept_block(struct node *n, struct block *b, struct err *e);
/* Once the chain is idle: false, with the reason, if the block is invalid. */
bool node_block_verdict(const struct node *n, const struct block_hash *hash, struct err *e);

#endif
