/* What the files of this layer share. */
#ifndef TALLY_MEMPOOL_PRIV_H
#define TALLY_MEMPOOL_PRIV_H

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/mempool/mempool.h>

/* Relatives a transaction may have in the pool, itself left out. */
#define RELATIVES_MAX 24
_Static_assert(RELATIVES_MAX + 1 == MEMPOOL_ANCESTORS_MAX, "the transaction itself counts");
_Static_assert(RELATIVES_MAX + 1 == MEMPOOL_DESCENDANTS_MAX, "the transaction itself counts");

#define VERIFIED_RING 20000
#define QUEUE_MAX     1000
/* Bounds on the bytes that wait: of one origin, and of all. */
#define QUEUE_ORIGIN_BYTES_MAX (UINT64_C(5) << 20)
#define QUEUE_BYTES_MAX        (UINT64_C(32) << 20)
#define BATCH_TXS_MAX          64
#define BATCH_CHECKS_MAX       512 /* no further transaction is taken from here on */
#define ORPHAN_EXPIRY_SECONDS  (20 * 60)
#define RETURNED_BYTES_MAX     (UINT64_C(20) << 20)

/* A child enters after its parents, always (what spends a disconnected transaction leaves the pool with it
 * and enters again behind it): so order of seq is an order in which they can be applied. */
struct pool_entry {
	struct mempool_entry pub;
	struct pool_entry **parents, **children;
	size_t n_parents, n_children, cap_children;
	uint32_t
		coinbase_height; /* of the youngest coinbase it spends; 0: none that could be immature */
	int64_t entered; /* monotonic seconds: expiry goes by these, not by a clock that can be set */
	size_t memory;
	size_t heap_at; /* place in the eviction heap */
	uint64_t mark;  /* the last walk that came by */
	uint32_t bytes; /* of the transaction */
	bool always;    /* nothing but its coins decides whether it may be in the next block */
	uint32_t work;  /* place in the table of a block being assembled */
};

/* Entries in order of seq; gone ones leave a hole until the next tidying. */
struct pool_slot {
	uint64_t seq;
	struct pool_entry *en;
};

struct queued {
	struct list link;
	struct tx *tx;
	uint64_t origin;
	int64_t since; /* unix seconds of an earlier entry; 0: none */
	bool retry;    /* was an orphan: its first verdict has been told */
};

struct origin_queue {
	struct list turn; /* in the round of those that have something; list_init'ed otherwise */
	struct list txs;
	uint64_t origin;
	size_t n;
	uint64_t bytes;
};

enum item_state { ITEM_DECIDED, ITEM_CHECKING, ITEM_VERIFIED };

struct batch_item {
	struct queued *q; /* NULL: its origin was forgotten meanwhile */
	enum item_state state;
	struct err err;
	size_t first_check, n_checks;
	size_t job_at; /* where its checks stand in the job */
};

struct batch {
	struct batch_item items[BATCH_TXS_MAX];
	size_t n;
	struct map ids; /* txids in it, so that what depends on them waits */
	struct sigcheck *checks;
	size_t n_checks, cap_checks;
	struct sigjob *job;
};

struct orphan {
	struct list link; /* by age */
	struct tx *tx;
	uint64_t origin, other; /* who sent it, and one more who has it; ORIGIN_GONE: nobody here */
	int64_t time;           /* monotonic seconds */
};

struct orphan_list {
	struct orphan **at;
	size_t n, cap;
};

struct orphans {
	struct list by_age;
	struct map by_id;     /* txid -> struct orphan * */
	struct map by_parent; /* txid of an input -> struct orphan_list */
	uint64_t bytes;
};

struct mempool {
	struct mempool_options o;

	/* pool.c */
	struct map by_id;    /* txid -> struct pool_entry * */
	struct map by_spent; /* packed outpoint -> struct pool_entry * */
	struct pool_slot *slots;
	size_t n_slots, cap_slots;
	uint64_t next_seq, next_mark;
	uint64_t bytes, memory;
	int64_t fees;

	/* limits.c */
	struct pool_entry **heap; /* what would be evicted first is first */
	size_t n_heap, cap_heap;
	double rolling_rate;   /* units a byte */
	int64_t rolling_since; /* monotonic seconds */
	bool block_since_bump;
	int64_t expiry_looked; /* monotonic seconds: when all were last looked at for their age */
	struct pool_entry *newcomer; /* its own eviction is told as a refusal, not as an event */

	/* verified.c */
	struct map verified; /* a set of the txids in the ring */
	struct txid *ring;
	size_t ring_at, ring_len;

	/* queue.c */
	struct map origins; /* origin -> struct origin_queue * */
	struct list turns;  /* origin_queue.turn */
	struct map queued;  /* txid -> how often in queue and batch */
	size_t n_queued;
	uint64_t queued_bytes;
	struct batch batch;
	bool working;

	/* orphans.c */
	struct orphans orphans;

	/* reorg.c: what disconnected blocks gave back, the youngest first, and what left the
	 * pool because it spends one of these, the oldest first */
	struct tx **returned, **pulled;
	size_t n_returned, cap_returned, n_pulled, cap_pulled, pulled_at;
	struct map returned_ids; /* txid -> index in returned */
	struct map pulled_ids;   /* a set of what is still to be tried */
	uint64_t returned_bytes;
	bool reorg;               /* some of that is still to be looked at */
	bool any_fee;             /* while one of them enters */
	bool premature;           /* first what may have become so in the pool */
	uint64_t premature_after; /* its numbers up to this one have been looked at */
	/* What only a line that was too long kept out, parents first; a set of its ids. */
	struct tx **later;
	size_t n_later, cap_later;
	struct map later_ids;
	uint64_t later_bytes;
};

/* pool.c */
struct pool_entry *pool_find(const struct mempool *m, const struct txid *id);
struct pool_entry *pool_spender(const struct mempool *m, const struct outpoint *o);
/* Everything reachable from these entries, themselves included, by parents or children, into out (room for
 * max). SIZE_MAX where there are more. */
size_t pool_walk(struct mempool *m, struct pool_entry *const *from, size_t n, bool up,
		 struct pool_entry **out, size_t max);
struct candidate;
/* since: unix seconds of an earlier entry; 0: now. */
struct pool_entry *pool_add(struct mempool *m, struct tx *tx, const struct candidate *c,
			    int64_t since);
/* One that has no ancestors or no descendants in the pool. */
void pool_remove(struct mempool *m, struct pool_entry *en, const char *reason);
void pool_remove_tree(struct mempool *m, struct pool_entry *en, const char *reason);
bool pool_spendable_at(const struct pool_entry *en, const struct chain_params *p, uint32_t height,
		       uint32_t parent_time);
int pool_by_seq(const void *a, const void *b); /* of struct pool_entry *, for qsort */
int64_t pool_mono_seconds(const struct mempool *m);

/* limits.c */
void limits_insert(struct mempool *m, struct pool_entry *en);
void limits_erase(struct mempool *m, struct pool_entry *en);
void limits_moved(struct mempool *m, struct pool_entry *en); /* its sums changed */
void limits_block(struct mempool *m);
/* Evicts down to the bound. */
void limits_trim(struct mempool *m);
double limits_rolling_rate(const struct mempool *m);
void limits_decay(struct mempool *m);

/* verified.c */
void verified_add(struct mempool *m, const struct txid *id);

/* accept.c */
struct candidate {
	int64_t fee;
	uint32_t coinbase_height;
	struct pool_entry *parents[RELATIVES_MAX];
	size_t n_parents;
};
/* Everything but signatures; these go to checks (room for n_in; may be NULL). The chain is settled. */
bool accept_check(struct mempool *m, const struct tx *tx, struct candidate *c,
		  struct sigcheck *checks, struct err *e);
/* Takes what accept_check has just passed; false where the pool is full of better ones. */
bool accept_take(struct mempool *m, struct tx *tx, const struct candidate *c, int64_t since,
		 struct err *e);
/* Both, for a transaction whose signatures are known to be valid. */
bool accept_verified(struct mempool *m, struct tx *tx, int64_t since, struct err *e);

/* All of it at once, signatures too where they are not known to be valid. */
bool accept_again(struct mempool *m, struct tx *tx, struct err *e);

/* queue.c */
void queue_free(struct mempool *m);
/* In front of what the origin has waiting, whatever the bounds. */
void queue_retry(struct mempool *m, struct tx *take_tx, uint64_t origin);
bool queue_has(const struct mempool *m, const struct txid *id);

/* orphans.c */
void orphans_init(struct orphans *o);
void orphans_clear(struct mempool *m);
void orphans_add(struct mempool *m, struct tx *tx, uint64_t origin);
/* This transaction is here now: what waited for it is tried again. */
void orphans_wake(struct mempool *m, const struct txid *id);
void orphans_block(struct mempool *m, const struct block *b);
void orphans_expire(struct mempool *m);
#define ORIGIN_GONE (UINT64_MAX - 1) /* of nobody any more */
_Static_assert(ORIGIN_GONE != MEMPOOL_FILE_ORIGIN, "verdicts tell them apart");
void orphans_forget(struct mempool *m, uint64_t origin);

/* reorg.c: what disconnected blocks held. */
void reorg_begin(struct mempool *m); /* a block is being disconnected */
void reorg_keep(struct mempool *m,
		const struct tx *tx); /* it held this one, to be called from its last back */
void reorg_trim(struct mempool *m);   /* keeps to RETURNED_BYTES_MAX, and what the pool may hold */
void reorg_forget(struct mempool *m, const struct txid *id); /* this one is confirmed again */
/* Takes an entry and its descendants out; they enter again behind what the blocks held. */
void reorg_pull(struct mempool *m, struct pool_entry *en);
/* Where it is only too many in a line for now (or spends one that is): it is tried again with each new tip. Its
 * signatures may not have been checked. False: it is refused for something else, or too many are kept. */
bool reorg_later(struct mempool *m, struct tx *tx, const struct err *e);
/* Lets all of it enter again, until about the deadline (clock_mono_us); m->reorg tells whether there is more. The chain
 * is settled. */
void reorg_give_back(struct mempool *m, int64_t deadline);
void reorg_free(struct mempool *m);

#endif
