/* The chain: the tree of headers, the bodies we have, the coins at the tip, and the
 * way from one tip to a better one. Owns every consensus decision about blocks;
 * reads and writes the store; knows no peers.
 *
 * Connecting is resumable. chain_accept_block stores a body and returns at once; chain_work moves
 * towards the chain of most work, a few milliseconds at a time. Signatures go to the sigpool;
 * while a verdict is out, later blocks of the same branch are applied ahead
 * (at most CHAIN_AHEAD_BLOCKS), and taken back where it turns out bad. A block is
 * "connected", and told of, only when all its checks have passed.
 *
 * Commits: at the tip each connected block is a durable commit before it is told of. While
 * catching up (chain_set_catching_up) many share one. */
#ifndef TALLY_CHAIN_CHAIN_H
#define TALLY_CHAIN_CHAIN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/consensus/params.h>
#include <tally/consensus/rules.h>
#include <tally/consensus/target.h>
#include <tally/crypto/sigpool.h>
#include <tally/primitives/block.h>
#include <tally/store/store.h>

#define CHAIN_AHEAD_BLOCKS  16
#define CHAIN_LOCATOR_MAX   101
#define CHAIN_FUTURE_MAX    100
#define CHAIN_CACHE_DEFAULT (UINT64_C(16) << 20)

/* A header's place in the tree: an index, stable while the program runs. */
typedef uint32_t chain_index;
#define CHAIN_NONE UINT32_MAX

/* Status bits, as stored. */
enum {
	CHAIN_HAVE_BODY = 1, /* the body is in the store */
	CHAIN_HAVE_UNDO = 2, /* it was connected once: valid in full */
	CHAIN_FAILED = 4,    /* itself invalid */
	CHAIN_FAILED_ANCESTOR = 8,
	CHAIN_ANY_FAILED = CHAIN_FAILED | CHAIN_FAILED_ANCESTOR, /* never to be built upon */
};

/* What is known of a header, by value. */
struct chain_entry {
	struct block_hash hash;
	struct u256 work;        /* cumulative, genesis included */
	chain_index index, prev; /* prev CHAIN_NONE for genesis */
	uint32_t height, time, bits;
	uint32_t status;
};

struct chain;

/* What the chain tells, in order. The callbacks may read the chain, never change it. */
struct chain_events {
	/* The block is now part of the best chain / no more. `b` is borrowed. */
	void (*connected)(void *arg, const struct chain_entry *at, const struct block *b);
	void (*disconnected)(void *arg, const struct chain_entry *at, const struct block *b);
	/* After the last connected or disconnected of one move: the tip stands still for now. */
	void (*tip)(void *arg, const struct chain_entry *tip);
	/* A block that was accepted turned out invalid (itself, not because of an ancestor). */
	void (*invalid)(void *arg, const struct block_hash *hash, const struct err *why);
	/* Blocks up to the tip are on disk: what depends on them may be made durable. */
	void (*committed)(void *arg);
	/* Has this transaction's every signature been checked here already? (The mempool knows; a txid fixes its
	 * signatures and the coins it spends.) */
	bool (*verified)(void *arg, const struct txid *id);
};

struct chain_options {
	struct store *store;               /* borrowed */
	struct sigpool *sigpool;           /* borrowed */
	const struct clock *clock;         /* borrowed */
	uint64_t cache_bytes;              /* bound on the write-back cache of coins */
	const struct chain_events *events; /* borrowed; any member may be NULL */
	void *events_arg;
};

/* Loads the header tree (no bodies) and the tip. */
bool chain_open(struct chain **out, const struct chain_options *o, struct err *e);
/* Commits what is connected, drops what is only applied ahead. */
void chain_close(struct chain *c);

/* The store failed, in whatever call: *e (may be NULL) says how. Nothing is taken any more. */
bool chain_failed(const struct chain *c, struct err *e);
bool chain_has_genesis(const struct chain *c);
/* Takes a genesis block for a store that has none, durably. ERR_INVALID as genesis_read, ERR_KNOWN where there is one. */
bool chain_set_genesis(struct chain *c, struct block *b, struct err *e);
/* Only with a genesis: */
const struct chain_params *chain_params(const struct chain *c);

struct chain_entry chain_tip(const struct chain *c); /* connected and checked in full */
uint32_t chain_height(const struct chain *c);        /* of the tip */
struct chain_entry chain_best_header(
	const struct chain *c); /* most work among headers not known invalid */
/* Most work among blocks whose bodies are here with those of all their ancestors and that are not known
 * invalid: where connecting goes. */
struct chain_entry chain_best_complete(const struct chain *c);
bool chain_entry_at(const struct chain *c, chain_index i, struct chain_entry *out);
bool chain_find(const struct chain *c, const struct block_hash *hash, struct chain_entry *out);
/* The best chain's block at a height. */
bool chain_at_height(const struct chain *c, uint32_t height, struct chain_entry *out);
bool chain_on_best(const struct chain *c, chain_index i); /* part of the best chain? */
/* Last common ancestor of two entries; the ancestor of one at a height. O(log n). */
chain_index chain_fork(const struct chain *c, chain_index a, chain_index b);
chain_index chain_ancestor(const struct chain *c, chain_index i, uint32_t height);
/* The way up to i: its ancestors from height `first` on and then itself, at most max. Returns how many. */
size_t chain_path(const struct chain *c, chain_index i, uint32_t first, chain_index *out,
		  size_t max);
/* Headers that no other header builds on, tip first, then by work. Returns how many there are (may be
 * more than max). */
size_t chain_leaves(const struct chain *c, chain_index *out, size_t max);
/* Headers at a height, in order of arrival (for drawing forks). */
size_t chain_all_at_height(const struct chain *c, uint32_t height, chain_index *out, size_t max);
size_t chain_header_count(const struct chain *c);
size_t chain_memory(const struct chain *c); /* bytes of header tree and coins cache */
/* The bits of a block upon this one. */
uint32_t chain_next_bits(const struct chain *c, chain_index parent);

bool chain_read_header(const struct chain *c, chain_index i, struct block_header *out,
		       struct err *e);
/* One reference for the caller. ERR_NOTFOUND where the body isn't here. */
bool chain_read_block(const struct chain *c, chain_index i, struct block **out, struct err *e);
/* The coins a connected block's transactions spent, in order of its inputs (coinbase left out):
 * for explorers and the wallet. mem_alloc'ed. */
bool chain_read_undo(const struct chain *c, chain_index i, struct coin **coins, size_t *n,
		     struct err *e);

/* Hashes from `from` (the tip where CHAIN_NONE) back to genesis: the last ten, then ever wider
 * steps. Returns how many, at most CHAIN_LOCATOR_MAX. */
size_t chain_locator(const struct chain *c, chain_index from,
		     struct block_hash out[CHAIN_LOCATOR_MAX]);
/* The first of these that is on our best chain; genesis where none is. */
chain_index chain_locate(const struct chain *c, const struct block_hash *hashes, size_t n);

/* A header alone. ERR_KNOWN (and *at) where it is here, ERR_ORPHAN "prev-blk-not-found", ERR_INVALID,
 * ERR_FUTURE. at may be NULL. */
bool chain_accept_header(struct chain *c, const struct block_header *h, chain_index *at,
			 struct err *e);

/* A header looked at before its body is read, and not kept; hash: its own. ERR_INVALID as chain_accept_header. True also
 * where it is here, its parent is not, or it is from the future. */
bool chain_check_header(const struct chain *c, const struct block_header *h,
			const struct block_hash *hash, struct err *e);

/* Headers checked one after another and not kept: so it is found out whether a chain has the work that makes
 * it worth keeping. */
struct header_walk {
	struct block_hash last;
	struct header_parent at; /* the last one, as its child sees it */
	struct u256 work;        /* cumulative, as in chain_entry */
};
void chain_walk_from(const struct chain *c, chain_index i, struct header_walk *w);
/* Checks the next one as chain_accept_header does. ERR_ORPHAN where it does not follow the last. */
bool chain_walk(const struct chain *c, struct header_walk *w, const struct block_header *h,
		struct err *e);

/* A whole block: checks bytes, header and everything that needs no coins; stores it. True: stored
 * (connecting follows in chain_work). ERR_MUTATED: blame the sender, the hash stays clean. ERR_INVALID: marked. ERR_ORPHAN:
 * its parent is not known; not kept. ERR_FUTURE: kept aside (at most CHAIN_FUTURE_MAX) and tried again when due
 * by chain_retry_future. ERR_KNOWN: body already here. */
bool chain_accept_block(struct chain *c, struct block *b, struct err *e);
/* Is this block kept aside for the clock? One that was, and isn't any more, must be sent again. */
bool chain_has_future(const struct chain *c, const struct block_hash *hash);
/* Blocks kept aside for the clock whose time has come. Returns how many were tried. */
size_t chain_retry_future(struct chain *c);

enum chain_state {
	CHAIN_IDLE, /* nothing to do */
	CHAIN_MORE, /* call again */
	CHAIN_WAITING, /* a verdict of the signature pool is out (sigpool_poll, then call again), or the disk has
			* not got all yet (call again when store_flush_fd is readable) */
};
/* Works towards the best chain for about budget_us microseconds. false: the store failed (ERR_IO, …): stop the
 * program. *state (may be NULL) says what is left. */
bool chain_work(struct chain *c, int64_t budget_us, enum chain_state *state, struct err *e);
/* Until idle, waiting for signatures and the disk where needed. For commands and tests. */
bool chain_settle(struct chain *c, struct err *e);
/* No block is applied ahead or half way: the coins are those at the tip. */
bool chain_settled(const struct chain *c);
/* That, and the tip is not one on the way down or up a reorganisation. */
bool chain_at_best(const struct chain *c);
void chain_set_catching_up(struct chain *c, bool yes);
bool chain_catching_up(const struct chain *c);
/* Flushes the cache and commits durably. */
bool chain_commit(struct chain *c, struct err *e);
/* The same, by chain_work in its turns. There must be a chain. */
void chain_commit_soon(struct chain *c);

/* The coins at the tip (only meaningful while chain_settled). */
struct coin_view chain_coins(const struct chain *c);
/* Slice of all coins at the tip in key order, cache included: as store_scan_coins. Flushes first. */
bool chain_scan_coins(struct chain *c, const uint8_t after[OUTPOINT_BYTES], bool from_start,
		      struct store_coin *out, size_t max, size_t *n, struct err *e);
/* Rebuilds the coins from the bodies. *count: unspent outputs. */
bool chain_reindex_coins(struct chain *c, uint64_t *count, struct err *e);

#endif
