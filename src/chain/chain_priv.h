/* The chain's state. */
#ifndef TALLY_CHAIN_CHAIN_PRIV_H
#define TALLY_CHAIN_CHAIN_PRIV_H

#include <tally/base/clock.h>
#include <tally/base/map.h>
#include <tally/chain/chain_state.h>
#include <tally/chain/connect.h>
#include <tally/crypto/sigpool.h>
#include <tally/store/store.h>

#include "chain/apply_priv.h"
#include "chain/block_cache_priv.h"
#include "chain/coins_priv.h"
#include "chain/tree_priv.h"

/* A stored block some of whose ancestors are not stored. */
struct incomplete_body {
	chain_index at, prev;
};

struct future_block {
	struct block *b;
	uint64_t order; /* of arrival */
};

/* The commit machine. One transaction of the store holds everything since the last commit;
 * connect.c moves from state to state, one slice of work at a time:
 *
 *     IDLE -> WRITE      a commit is due and every block in `ahead` is verified
 *     WRITE -> FLUSH     all is written and the transaction is committed; the disk still writes
 *     FLUSH -> CONNECT   all is on disk (to NOTIFY if `ahead` is empty)
 *     CONNECT -> NOTIFY  every block in `ahead` is connected and reported
 *     NOTIFY -> IDLE     the commit is reported
 *
 * Blocks are applied only in IDLE. Headers and blocks may arrive in any state; after WRITE they
 * belong to the next commit. */
enum commit_state { COMMIT_IDLE, COMMIT_WRITE, COMMIT_FLUSH, COMMIT_CONNECT, COMMIT_NOTIFY };

/* How soon the next commit must begin. Changes of the chain only increase it. At the end of the state
 * COMMIT_WRITE it is reset to COMMIT_CLEAN. */
enum commit_need {
	COMMIT_CLEAN,   /* nothing has changed */
	COMMIT_LAZY,    /* only headers have changed: after a bound of bytes or time */
	COMMIT_AT_REST, /* blocks have changed, too: as soon as there is nothing to connect */
	COMMIT_NOW,     /* asked for by chain_commit or chain_commit_soon */
};

/* The block that is being applied or undone at this moment. */
enum apply_op { APPLY_NONE, APPLY_FORWARD, APPLY_UNDO };

struct chain {
	struct store *store;
	struct sigpool *sigpool;
	const struct clock *clock;
	struct chain_events events;
	void *events_arg;

	struct chain_params params;
	struct u256 genesis_work;
	struct tree tree;
	struct map unsaved; /* chain_index -> the 80 bytes of a header with TREE_UNSAVED */
	struct incomplete_body *incomplete; /* by index, so that parents stand before children */
	size_t n_incomplete, incomplete_cap;
	uint32_t next_complete_order;
	chain_index best_complete; /* the best complete block not known to be invalid */
	struct block_cache block_cache;
	struct future_block *future_blocks; /* in no order */
	size_t n_future, future_cap, future_bytes;
	uint64_t future_order;

	struct coins coins;
	struct block_apply ahead[CHAIN_AHEAD_BLOCKS]; /* from the tip's child upward */
	size_t n_ahead;
	struct block_apply disconnecting; /* the tip, while it is undone; else b is NULL */
	enum apply_op op; /* on `disconnecting` if that has a block, else on ahead[n_ahead - 1] */
	struct sigcheck *checks; /* room for those of one transaction */
	size_t checks_cap;

	bool catching_up;
	enum commit_state commit_state;
	enum commit_need commit_need;
	int64_t dirty_since; /* monotonic microseconds of the first uncommitted change; -1: none */
	bool tip_moved;      /* since the event `tip` */
	unsigned __int128 notified_work; /* of the tip in the last event `tip` */

	bool failed; /* the store failed: nothing more is written */
	struct err failure;
};

#endif
