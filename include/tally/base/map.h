/* Hash map. All keys have one size and all values have one size; both are stored in the map itself.
 * The hash is SipHash under a random key, so that a peer can't choose keys that collide. With
 * value_bytes 0 the map is a set. */
#ifndef TALLY_BASE_MAP_H
#define TALLY_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct map {
	size_t key_bytes, value_bytes, slot_bytes;
	size_t len, cap; /* cap is 0 or a power of two */
	uint8_t *slots;
	uint32_t *tags; /* in the same allocation as slots; 0: the slot is free */
	uint8_t hash_key[16];
};

/* Allocates no memory: the first map_put does. */
void map_init(struct map *m, size_t key_bytes, size_t value_bytes);
void map_clear(struct map *m); /* removes all entries and frees; the map can be used again */
size_t map_len(const struct map *m);
size_t map_memory(const struct map *m); /* allocated bytes */

/* The value, aligned for any 8-byte type, or NULL if the key is absent. For a set the pointer only
 * says whether the key is present. Valid until the next put, del or clear. */
void *map_get(const struct map *m, const void *key);
/* The value of the key. An absent key is added with a value of zeros; *added (may be NULL) says
 * whether it was. Invalidates all other value pointers. */
void *map_put(struct map *m, const void *key, bool *added);
bool map_del(struct map *m, const void *key); /* false: the key was absent */

/* Visits each entry once, in no particular order:
 * size_t at = 0; while (map_next(&m, &at, &k, &v)) ...
 * The map must not change during the visit. */
bool map_next(const struct map *m, size_t *at, const void **key, void **value);

#endif
