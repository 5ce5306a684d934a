/* Hash map from keys of one fixed size to values of one fixed size, stored in
 * place. Keys are hashed with SipHash under a random key, so that nobody
 * outside can choose collisions. value_bytes 0 makes a set. */
#ifndef TALLY_BASE_MAP_H
#define TALLY_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
	size_t key_bytes, value_bytes, slot_bytes;
	size_t len, cap; /* cap is 0 or a power of two */
	uint8_t *slots;
	uint32_t *tags; /* within the memory of slots; 0: free */
	uint8_t hash_key[16];
};

/* Allocates nothing until the first put. */
void map_init(struct map *m, size_t key_bytes, size_t value_bytes);
void map_clear(struct map *m); /* empties and frees; usable again */
size_t map_len(const struct map *m);
size_t map_memory(const struct map *m); /* bytes held */

/* The value, aligned for any 8-byte type, or NULL. For a set: non-NULL where present.
 * Valid until the next put, del or clear. */
void *map_get(const struct map *m, const void *key);
/* The value of the key, put in (zeroed) where it was not there; *added tells
 * (added may be NULL). Invalidates other value pointers. */
void *map_put(struct map *m, const void *key, bool *added);
bool map_del(struct map *m, const void *key); /* false: was not there */

/* Every entry once, in no order: size_t at = 0; while (map_next(&m, &at, &k, &v)).
 * Nothing may be put or deleted meanwhile. */
bool map_next(const struct map *m, size_t *at, const void **key, void **value);

#endif
