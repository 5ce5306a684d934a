/* The write-back cache of coins in front of the store.
 *
 * The cache knows the latest state of the outpoints that it has. Any other outpoint is as in the
 * store's open transaction. So dirty coins may be written, and clean ones dropped, at any time,
 * even while signatures of applied blocks are still being checked. Only a commit must not happen
 * then. */
#ifndef TALLY_CHAIN_COINS_PRIV_H
#define TALLY_CHAIN_COINS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/consensus/rules.h>
#include <tally/store/store.h>

/* Coins written between two looks at the clock. */
#define COINS_FLUSH_SLICE 64

struct coins_entry;

/* A list of entries by index. Indexes begin with 1; 0 is none. */
struct coins_list {
	uint32_t first, last;
	size_t n;
};

struct coins {
	struct store *store;
	struct coins_entry **chunks;
	size_t chunks_cap;
	uint32_t made;      /* entries allocated, used or free */
	uint32_t free_list; /* linked by `next` */
	uint32_t *buckets;
	uint32_t mask;
	uint64_t hash_key[5];
	struct coins_list dirty;
	struct coins_list clean; /* the one written longest ago first */
	size_t limit;            /* number of entries */
	/* What coins_flush writes next: the entries that were dirty when this order was made, in
	 * buckets by key. */
	uint32_t *order;
	size_t order_n, order_at;
	size_t order_sorted;   /* the entries before this one are sorted */
	uint32_t *order_ends;  /* end of each bucket; there are 1 << order_bits */
	uint32_t order_bucket; /* the last one sorted */
	unsigned order_bits;
};

enum coins_found { COINS_FOUND, COINS_MISSING, COINS_BROKEN };

/* The cache uses about `bytes` of memory at most. */
void coins_init(struct coins *cs, struct store *store, uint64_t bytes);
void coins_clear(struct coins *cs); /* frees everything; unwritten changes are dropped */
void coins_reset(struct coins *cs); /* the same, then the cache is empty and usable */
size_t coins_memory(const struct coins *cs);
size_t coins_dirty(const struct coins *cs); /* number of changes not written */
bool coins_full(const struct coins *cs);    /* over its limit */

/* As coin_view.get. Changes nothing. */
bool coins_get(const struct coins *cs, const struct outpoint *o, struct coin *out, struct err *e);
/* Removes a coin. COINS_BROKEN: the store failed, *e is set. */
enum coins_found coins_spend(struct coins *cs, const struct outpoint *o, struct coin *out,
			     struct err *e);
/* Adds a coin that does not exist: a new output, or one that a disconnected block had spent. */
void coins_add(struct coins *cs, const struct outpoint *o, const struct coin *c);
/* Removes a coin that exists, without reading it: an output of a disconnected block. */
void coins_remove(struct coins *cs, const struct outpoint *o);

/* Writes up to `max` of the changes to the store, in the order of their keys as far as possible. If
 * the table is larger than the store's cache, that is several times as fast as the order of
 * time. */
bool coins_flush(struct coins *cs, size_t max, struct err *e);
/* Drops clean coins until the cache is within its limit or has none. */
void coins_trim(struct coins *cs);
/* If the cache is over its limit: drops clean coins. If that is not enough, writes up to `max`
 * dirty ones and drops those. Dirty coins stay as long as possible, since the more are written
 * together, the closer their keys are. */
bool coins_make_room(struct coins *cs, size_t max, struct err *e);

#endif
