/* Two bounded collections of hashes: a queue, and a memory of the latest. */
#ifndef TALLY_PROTOCOL_HASHES_PRIV_H
#define TALLY_PROTOCOL_HASHES_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/base/map.h>
#include <tally/crypto/hash.h>

/* A queue without repeats, of at most `max` hashes. A power-of-two ring holds the order. */
struct hash_queue {
	struct hash256 *ring;
	size_t head, len, cap, max;
	struct map set; /* the hashes in the queue; a ring entry that is not in it was forgotten */
};
void hash_queue_init(struct hash_queue *q, size_t max);
void hash_queue_clear(struct hash_queue *q); /* empties and frees; usable again */
/* False: the queue is full. A hash that is in the queue is not added again. */
bool hash_queue_push(struct hash_queue *q, const struct hash256 *h);
/* The i-th from the front, i < len; NULL: it was forgotten. */
const struct hash256 *hash_queue_at(const struct hash_queue *q, size_t i);
void hash_queue_pop(struct hash_queue *q);
/* Removes a hash from the middle. Its place stays, so len doesn't change. */
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
