/* What the files of the node layer share. */
#ifndef TALLY_NODE_PRIV_H
#define TALLY_NODE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/chain/chain.h>
#include <tally/mempool/mempool.h>
#include <tally/net/net.h>
#include <tally/mining/mining.h>
#include <tally/node/node.h>
#include <tally/node/snapshot.h>
#include <tally/protocol/protocol.h>
#include <tally/store/lock.h>
#include <tally/store/store.h>
#include <tally/wallet/wallet.h>

struct event;
struct journal;
struct log_file;
struct log_stdout;
struct block_stats_cache;
struct mempool_file;

struct observer {
	node_observer *fn;
	void *arg;
	unsigned generation; /* of the dispatch during which it was added: not called in that one */
	bool dead;
};

struct node {
	struct config config;
	enum node_mode mode;
	struct clock_mock clock;
	const struct rng *rng;
	int64_t started_us; /* monotonic */

	/* From the ground up; closed in reverse. */
	struct dir_lock lock;
	struct log_file *log_file;     /* NULL offline */
	struct log_stdout *log_stdout; /* NULL offline and with a console */
	struct event_base *base;
	struct store *store;
	struct wallet_db *wallet_db;
	struct sigpool *sigpool;
	struct chain *chain;
	struct wallet *wallet;
	struct mempool *mempool; /* NULL while there is no chain, and so is the file */
	struct mempool_file *mempool_file;
	bool pool_wanted; /* what is in the file: checking it takes time that a command may not need to spend */
	struct addrbook *book;
	struct bans *bans;
	struct protocol *protocol; /* from here on NULL offline */
	struct net *net;
	struct mining *mining; /* offline, too */

	bool wallet_follows; /* caught up: told of every block; otherwise wallet_catch_up is at work */
	struct chain_events chain_events;
	struct mempool_events mempool_events;
	struct protocol_events protocol_events;
	struct mining_ops mining_ops;

	/* The loop. */
	struct event *work_event, *tick_event, *sig_event, *flush_event, *fail_event,
		*signal_events[3];
	int fail_fd[2];               /* a pipe: the store's write failure, told from any thread */
	unsigned work;                /* bits of WORK_… to be done in the next turn */
	bool clock_off;               /* the log has heard of it */
	uint32_t undone;              /* blocks disconnected since the last tip */
	size_t voided;                /* wallet_voided when the first of them was */
	uint32_t reorgs, reorg_depth; /* since the start; blocks undone in the last */
	struct net_addr
		joined_from; /* who offered the chain, where it was joined since the start; else port 0 */
	bool stopping;
	bool failed;
	int64_t rebroadcast_ms; /* monotonic: when own payments were announced last */
	bool commit_due;        /* of the records of the net, without waiting */
	struct err failure;

	struct block_hash last_invalid; /* the block found invalid last, and why */
	struct err last_invalid_why;

	/* For those who watch. */
	struct journal *journal; /* messages and log lines */
	struct block_stats_cache
		*block_stats; /* what is known of late blocks beyond their headers */
	struct observer *observers;
	size_t n_observers, cap_observers;
	unsigned dispatching, generation, dirty;
	node_renderer *renderer;

	struct resolver *resolver;       /* NULL: none was needed yet */
	struct list calls;               /* unanswered calls */
	const void *asker;               /* of the call that is being begun; NULL: none is */
	struct list async_calls;         /* async_call.c: answers that are being made */
	struct event *async_calls_event; /* NULL: none was needed yet */
};

enum {
	WORK_CHAIN = 1,
	WORK_MEMPOOL = 2,
	WORK_PROTOCOL = 4,
	WORK_WALLET = 8,
	WORK_MINER = 16,
	WORK_MEMPOOL_FILE = 32,
};

/* node.c */
void node_wire(struct node *n);                    /* fills in the tables of events */
void node_schedule(struct node *n, unsigned work); /* WORK_… bits for the next turn */
void node_mark(struct node *n,
	       unsigned bits); /* NODE_EV_… bits: observers hear of them in this turn */
bool node_start_chain(struct node *n, struct err *e); /* once there is a genesis: mempool, wallet */
/* Takes a block we made or were given by a person: the chain connects it in its turns. ERR_BUSY while catching up;
 * ERR_FUTURE where its time is too far ahead: then it is not kept, as a peer's would be. */
bool node_accept_block(struct node *n, struct block *b, struct err *e);
/* Once the chain is idle: false with the reason where the block is invalid. */
bool node_block_verdict(const struct node *n, const struct block_hash *hash, struct err *e);
/* Both, with all turns between, on disk when it returns. */
bool node_submit_block(struct node *n, struct block *b, struct err *e);
/* Takes a transaction of ours or a person's into the mempool at once; the wallet and the peers hear of
 * it. ERR_KNOWN where it is there already. */
bool node_submit_tx(struct node *n, struct tx *tx, struct err *e);
/* Sets the clock (instant chains only): ERR_USAGE otherwise. 0: the real one again. Set forward, timeouts pass
 * with it: the protocol's and the network's, which go by the monotonic clock. */
bool node_set_mocktime(struct node *n, int64_t unix_s, struct err *e);

/* loop.c */
void node_loop_open(struct node *n);
void node_loop_watch_workers(struct node *n);
void node_loop_start(struct node *n); /* tick and signals: online */
/* Peer addresses and bans as they are now reach the disk: at once, or as soon as the chain is settled. */
void node_commit_records(struct node *n);
void node_loop_tick(struct node *n); /* the clock was set: what is due is due now */
void node_loop_stop(struct node *n);
void node_loop_close(struct node *n);
void node_turn(struct node *n);
/* Turns the loop until the mempool has looked at everything that was submitted, its file included. */
void node_settle_mempool(struct node *n);
void node_write_failed(void *arg); /* from any thread */

/* open.c */
/* Own unconfirmed payments go into the mempool again; those that wait there are announced to the peers that don't
 * know them. */
void node_rebroadcast(struct node *n);
/* The same where a few minutes have passed. */
void node_rebroadcast_due(struct node *n);

/* mempool_file.c: mempool.dat, what waits over restarts. */
struct mempool_file *mempool_file_open(struct node *n);
void mempool_file_close(struct mempool_file *f); /* saves nothing */
/* Some of what was read goes to the mempool. Returns whether there was any. */
bool mempool_file_feed(struct mempool_file *f);
void mempool_file_verdict(struct mempool_file *f);
bool mempool_file_loaded(const struct mempool_file *f);
void mempool_file_changed(struct mempool_file *f); /* something entered or left the mempool */
/* WORK_MEMPOOL_FILE: writes a slice; true where there is more to do. */
bool mempool_file_turn(struct mempool_file *f);
/* Every few minutes a new file is begun, where something has changed. Returns whether there is a slice to write. */
bool mempool_file_due(struct mempool_file *f);
/* At once and to the end. ERR_BUSY "not-loaded" while the old one is still being read; ERR_IO. */
bool mempool_file_save(struct mempool_file *f, struct err *e);
/* As mempool_file_save, where there is anything new; a failure is logged. */
void mempool_file_save_changed(struct mempool_file *f);
const char *mempool_file_path(const struct mempool_file *f);

/* online.c: address book, bans, protocol and net, listening and dialling. */
bool node_open_network(struct node *n, struct err *e);

/* journal.c: the last messages and log lines. */
struct journal *journal_new(void);
void journal_free(struct journal *j);
void journal_msg(struct journal *j, const struct msg_record *rec, int64_t unix_us);
void journal_log(struct journal *j, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		 const char *text);
void journal_fill(const struct journal *j, struct snapshot *out, int64_t unix_us);
size_t journal_msgs(const struct journal *j, uint64_t first, struct msg_record *out, size_t max);
size_t journal_logs(const struct journal *j, uint64_t first, struct log_record *out, size_t max);

/* snapshot.c: all peers; mem_alloc'ed. */
struct peer_info *node_peers(const struct node *n, size_t *count);

/* log_file.c: tally.log in the data directory, rotated at 5 MB (one old file is kept). */
struct log_file *log_file_open(const char *dir, struct err *e);
void log_file_close(struct log_file *l);
void log_file_line(struct log_file *l, int64_t unix_us, enum log_subsystem sub,
		   enum log_level level, const char *text);
/* "2026-01-02T03:04:05.678Z info  chain  text": the form of a line, in file and on stdout. */
void log_format(char *out, size_t size, int64_t unix_us, enum log_subsystem sub,
		enum log_level level, const char *text);

/* log_stdout.c: log lines on a descriptor that may stop taking them: nobody waits for it. Lines that don't fit into what is
 * kept meanwhile (1 MB or more) are left out, and counted in a line. Not so with a file, which has them at once. */
struct log_stdout *log_stdout_new(int fd);
/* What is left is written within half a second, or not at all. NULL is harmless. The descriptor must stay open until the
 * program ends. */
void log_stdout_free(struct log_stdout *p);
void log_stdout_line(struct log_stdout *p, int64_t unix_us, enum log_subsystem sub,
		     enum log_level level, const char *text);

/* find_tx.c: a confirmed transaction, in the block `in` (NULL: the wallet's, or in the last blocks, 1,000 or 8 MB). One
 * reference at *out, its block at *at. */
bool node_find_tx(const struct node *n, const struct txid *id, const struct block_hash *in,
		  struct tx **out, struct chain_entry *at);
/* The same, but of what was looked through the last time only the block where it was. */
bool node_find_tx_again(const struct node *n, const struct txid *id, struct tx_sought *s,
			struct tx **out, struct chain_entry *at);

/* No block is half way, nor a reorganisation; while catching up that makes no difference, since nothing is paid then. */
bool node_settled(const struct node *n);

/* lookup.c: the address behind HOST:PORT, HOST or PORT; where a name must be looked up that is told later. a: NULL where
 * there is none, and why. */
#define RESOLVE_TEXT_MAX 300
typedef void resolve_done(void *arg, const struct net_addr *a, const struct err *why);
void node_resolve(struct node *n, const char *text, uint16_t port, resolve_done *done, void *arg);
void node_resolver_close(struct node *n); /* the node stops */

/* block_stats.c: size and transactions of late blocks, for rows of the chain panel. */
struct block_stats {
	uint32_t n_tx, bytes;
	bool mine;
};
struct block_stats_cache *block_stats_new(void);
void block_stats_free(struct block_stats_cache *r);
void block_stats_add(struct block_stats_cache *r, const struct block_hash *hash,
		     const struct block_stats *b); /* or sets it */
bool block_stats_get(const struct block_stats_cache *r, const struct block_hash *hash,
		     struct block_stats *out);

/* clock_warn.c. offset: how far the peers' median is ahead of our clock, in seconds. False: near enough. */
bool clock_warning(int64_t offset, char *out, size_t size);
void node_watch_clock(struct node *n); /* every second: the log hears of it once */

/* observers.c */
void observers_tell(struct node *n);
void observers_free(struct node *n);

#endif
