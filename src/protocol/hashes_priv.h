/* Two bounded collections of hashes. */
#ifndef TALLY_PROTOCOL_HASHES_PRIV_H
#define TALLY_PROTOCOL_HASHES_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/base/map.h>
#include <tally/crypto/hash.h>

/* First in, first out, without repeats, at most `max`. */
struct hash_queue {
	struct hash256 *ring;
	size_t head, len, cap, max;
	struct map set; /* what is wanted still: an entry that is not here is skipped */
};
void hash_queue_init(struct hash_queue *q, size_t max);
void hash_queue_clear(struct hash_queue *q); /* empties and frees; usable again */
/* False: full. One that is there already is not put in again. */
bool hash_queue_push(struct hash_queue *q, const struct hash256 *h);
/* The i-th from the front, i < len; NULL where it was taken back. */
const struct hash256 *hash_queue_at(const struct hash_queue *q, size_t i);
void hash_queue_pop(struct hash_queue *q);
void hash_queue_forget(struct hash_queue *q, const struct hash256 *h);

/* Remembers at least the last `max` hashes and at most twice as many. */
struct hash_memory {
	struct map now, before;
	size_t max;
};
void hash_memory_init(struct hash_memory *m, size_t max);
void hash_memory_clear(struct hash_memory *m);
void hash_memory_add(struct hash_memory *m, const struct hash256 *h);
bool hash_memory_has(const struct hash_memory *m, const struct hash256 *h);

#endif
