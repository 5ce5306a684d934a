/* What the chain's files share. */
#ifndef TALLY_CHAIN_CHAIN_PRIV_H
#define TALLY_CHAIN_CHAIN_PRIV_H

#include <tally/base/map.h>
#include <tally/chain/chain.h>

#include "chain/coins_priv.h"
#include "chain/tree_priv.h"

/* Blocks applied ahead hold their bodies and the coins they spent: at most about so many bytes. */
#define AHEAD_BYTES (8U << 20)
/* Bodies that arrived lately are kept decoded: at most about so many bytes. */
#define RECENT_BYTES (8U << 20)
/* While catching up a commit is due when so much waits in the store's transaction, or for so long. */
#define COMMIT_BYTES (32U << 20)
#define COMMIT_US    (5 * INT64_C(1000000))
/* Coins, headers written between two looks at the clock. */
#define FLUSH_SLICE 64
#define UNSAVED_MAX 512
/* Inputs and outputs worked through between two looks at the clock. */
#define APPLY_SLICE 64

/* A block that is applied to the coins, wholly or in part, and not connected (yet, or any more). */
struct slot {
	chain_index at;
	struct block *b;
	uint32_t next_tx;   /* so many transactions are applied */
	struct coin *spent; /* what they spent, in order of inputs */
	size_t n_spent;
	int64_t fees;
	struct sigjob *job; /* NULL: no signature left to check */
	uint32_t *checks;   /* with a job: checks of transactions 0 .. i, for each i */
	bool trusted;       /* was connected before: its signatures are known to be good */
	bool verified;      /* applied wholly and every signature good */
	bool stored;        /* its undo record is in the store */
};

/* Bodies lately accepted, decoded, first in first out. */
struct recent {
	struct map by_index; /* chain_index -> struct recent_entry */
	chain_index *queue;  /* ring of what was put in, in order; may name entries that are gone */
	size_t queue_cap, first, n;
	size_t bytes;
};

/* A body without that of its parent. */
struct waiting {
	chain_index at, prev;
};

struct future {
	struct block *b;
	uint64_t order;
};

enum work_op { OP_NONE, OP_APPLY, OP_UNDO };

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
	struct waiting *waiting;
	size_t n_waiting, waiting_cap;
	uint32_t next_order;
	chain_index best; /* the best complete block not known invalid: where to go */
	struct recent recent;
	struct future *future;
	size_t n_future, future_cap, future_bytes;
	uint64_t future_order;

	struct coins coins;
	struct slot ahead[CHAIN_AHEAD_BLOCKS]; /* from the tip's child upward */
	size_t n_ahead;
	struct slot back; /* the tip being disconnected */
	enum work_op op;  /* on ahead[n_ahead - 1], or on `back` where that has a block */
	struct sigcheck *checks;
	size_t checks_cap;

	bool catching_up;
	bool committing;   /* everything in `ahead` is verified; being written */
	bool flushing;     /* what was written is not on disk yet */
	bool commit_asked; /* drain, then commit, whatever the bounds say */
	size_t telling;    /* so many of `ahead` are on disk and still to be told of */
	bool told;         /* of a commit, in this chain_work */
	bool tell_committed;
	bool tip_moved;      /* since the event `tip` */
	bool commit_soon;    /* more than headers is not committed */
	int64_t dirty_since; /* monotonic time of the first change not committed; -1: none */
	unsigned __int128 told_work; /* of the tip last told */

	bool broken; /* the store failed: nothing more is written */
	struct err why;
};

/* chain.c */
/* Remembers that the store failed, and why; returns false. */
bool chain_break(struct chain *c, const struct err *why, struct err *e);
struct chain_entry chain_entry_of(const struct chain *c, chain_index i);
void chain_changed(struct chain *c, bool soon); /* something is not committed now */

/* recent.c */
void recent_init(struct recent *r);
void recent_clear(struct recent *r);
void recent_put(struct recent *r, chain_index i, struct block *b);
struct block *recent_get(const struct recent *r, chain_index i); /* borrowed */
void recent_drop(struct recent *r, chain_index i);

/* headers.c */
/* The header is to be written with its status of then. */
bool headers_touch(struct chain *c, chain_index i, const struct block_header *h, struct err *e);
bool headers_flush(struct chain *c, struct err *e);
bool headers_read(const struct chain *c, chain_index i, uint8_t out[HEADER_BYTES], struct err *e);

/* accept.c */
/* What the header of a child is checked against. */
struct header_parent header_parent_of(const struct chain *c, chain_index i);
/* A body is here: where the branch below is complete, so is it, and what waited for it. */
void accept_body(struct chain *c, chain_index i);

/* future.c */
void future_keep(struct chain *c, struct block *b);
const struct block *future_find(const struct chain *c, const struct block_hash *hash);
void future_clear(struct chain *c);

/* apply.c */
/* Goes on until done (*done) or the deadline. False: *e is ERR_INVALID where the block is
 * (what is applied of it stays for slot_undo), else the store failed. */
bool slot_apply(struct chain *c, struct slot *s, int64_t deadline, bool *done, struct err *e);
/* Takes back what is applied, until done (*done) or the deadline. False: the store failed. */
bool slot_undo(struct chain *c, struct slot *s, int64_t deadline, bool *done, struct err *e);
void slot_clear(struct slot *s);
/* For a bad signature: which it is. */
bool slot_bad_signature(const struct slot *s, struct err *e);
/* Loads the tip as a slot to be undone. */
bool slot_load_tip(struct chain *c, struct slot *s, struct err *e);
/* Writes the undo record. */
bool slot_store(struct chain *c, struct slot *s, struct err *e);

/* commit.c */
bool commit_due(const struct chain *c);
/* One slice; c->committing is false again when it is done. */
bool commit_step(struct chain *c, struct err *e);
/* What was committed is on its way to the disk: is it there? wait: returns when it is. */
bool flush_step(struct chain *c, bool wait, enum chain_state *state, struct err *e);

#endif
