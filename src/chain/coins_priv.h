/* The write-back cache of coins in front of the store.
 *
 * Cache and store's open transaction together are the truth: an outpoint that is not in the
 * cache is as the store has it. So dirty coins may be written, and clean ones forgotten, at any moment,
 * even while blocks are applied whose signatures are still out: what counts is that nothing is
 * committed then. */
#ifndef TALLY_CHAIN_COINS_PRIV_H
#define TALLY_CHAIN_COINS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/consensus/rules.h>
#include <tally/store/store.h>

struct coins_entry;

/* Entries by index, 1 upward; 0 is none. */
struct coins_list {
	uint32_t first, last;
	size_t n;
};

struct coins {
	struct store *store;
	struct coins_entry **chunks;
	size_t chunks_cap;
	uint32_t made;      /* entries that exist, in use or free */
	uint32_t free_list; /* through `next` */
	uint32_t *buckets;
	uint32_t mask;
	uint64_t hash_key[5];
	struct coins_list dirty;
	struct coins_list clean; /* written longest ago first */
	size_t limit;            /* entries */
	/* What coins_flush writes next: entries that were dirty when it was made, by key. */
	uint32_t *order;
	size_t order_n, order_at, order_sorted;
	uint32_t *order_ends;  /* of its buckets; 1 << order_bits */
	uint32_t order_bucket; /* the one sorted last */
	unsigned order_bits;
};

enum coins_found { COINS_FOUND, COINS_MISSING, COINS_BROKEN };

/* Entries of at most about `bytes` altogether. */
void coins_init(struct coins *cs, struct store *store, uint64_t bytes);
void coins_clear(struct coins *cs); /* forgets all, whether written or not, and frees */
void coins_reset(struct coins *cs); /* forgets all, keeps the settings */
size_t coins_memory(const struct coins *cs);
size_t coins_dirty(const struct coins *cs);
bool coins_full(const struct coins *cs); /* over its limit */

/* As coin_view.get. Changes nothing. */
bool coins_get(const struct coins *cs, const struct outpoint *o, struct coin *out, struct err *e);
/* Takes a coin out. COINS_BROKEN: the store failed, err set. */
enum coins_found coins_spend(struct coins *cs, const struct outpoint *o, struct coin *out,
			     struct err *e);
/* Puts in one that is not there: a new output, or one a disconnected block had spent. */
void coins_add(struct coins *cs, const struct outpoint *o, const struct coin *c);
/* Takes out one that is there, without looking at it: an output of a disconnected block. */
void coins_remove(struct coins *cs, const struct outpoint *o);

/* Writes up to `max` of the changes to the store, in order of their keys as far as possible: once the
 * table is larger than the store's cache that is several times as fast as in order of time. */
bool coins_flush(struct coins *cs, size_t max, struct err *e);
/* Forgets clean coins until the limit holds or none is left. */
void coins_trim(struct coins *cs);
/* Where it is over its limit: forgets clean coins, and only where that is not enough writes up to `max` and
 * forgets those. Written a few at a time the order of keys would be lost: so dirty ones stay as long as possible. */
bool coins_make_room(struct coins *cs, size_t max, struct err *e);

#endif
