/* Open addressing with linear probing. A slot holds a value and then its key. A separate array of
 * tags holds 32 bits of each key's hash (0: free), so that probing usually reads one cache line of
 * tags and one slot. The tag also gives an entry's home slot, so that growing and deleting need no
 * hashing. */
#include <tally/base/map.h>

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include <tally/base/mem.h>

#define MAP_CAP_MIN 8

_Static_assert(crypto_shorthash_KEYBYTES == 16, "size of hash_key in struct map");

void map_init(struct map *m, size_t key_bytes, size_t value_bytes)
{
	assert(key_bytes > 0);
	*m = (struct map){
		.key_bytes = key_bytes,
		.value_bytes = value_bytes,
		.slot_bytes = (key_bytes + value_bytes + 7) & ~(size_t)7,
	};
}

void map_clear(struct map *m)
{
	free(m->slots);
	map_init(m, m->key_bytes, m->value_bytes);
}

size_t map_len(const struct map *m)
{
	return m->len;
}

size_t map_memory(const struct map *m)
{
	return m->cap * (m->slot_bytes + sizeof(m->tags[0]));
}

static uint8_t *slot(const struct map *m, size_t i)
{
	return m->slots + i * m->slot_bytes;
}

static uint8_t *slot_key(const struct map *m, size_t i)
{
	return slot(m, i) + m->value_bytes;
}

static uint32_t tag_of(const struct map *m, const void *key)
{
	uint8_t h[crypto_shorthash_BYTES];
	uint32_t tag;

	crypto_shorthash(h, key, m->key_bytes, m->hash_key);
	memcpy(&tag, h, sizeof(tag));
	return tag ? tag : 1;
}

/* The slot that holds the key, or the free slot into which it would go. */
static size_t find(const struct map *m, const void *key, uint32_t tag)
{
	size_t mask = m->cap - 1, i;

	for (i = tag & mask; m->tags[i]; i = (i + 1) & mask)
		if (m->tags[i] == tag && !memcmp(slot_key(m, i), key, m->key_bytes))
			break;
	return i;
}

static void allocate(struct map *m, size_t cap)
{
	size_t each = m->slot_bytes + sizeof(m->tags[0]);

	assert(cap <= UINT32_MAX / 2);
	m->slots = mem_array(cap, each);
	m->tags = (uint32_t *)(void *)(m->slots + cap * m->slot_bytes);
	memset(m->tags, 0, cap * sizeof(m->tags[0]));
	m->cap = cap;
}

static void grow(struct map *m)
{
	struct map old = *m;

	if (!old.cap) {
		randombytes_buf(m->hash_key, sizeof(m->hash_key));
		allocate(m, MAP_CAP_MIN);
		return;
	}
	allocate(m, old.cap * 2);
	for (size_t at = 0; at < old.cap; at++) {
		size_t i = old.tags[at] & (m->cap - 1);

		if (!old.tags[at])
			continue;
		while (m->tags[i])
			i = (i + 1) & (m->cap - 1);
		m->tags[i] = old.tags[at];
		memcpy(slot(m, i), slot(&old, at), m->slot_bytes);
	}
	free(old.slots);
}

void *map_get(const struct map *m, const void *key)
{
	size_t i;

	if (!m->len)
		return NULL;
	i = find(m, key, tag_of(m, key));
	return m->tags[i] ? slot(m, i) : NULL;
}

void *map_put(struct map *m, const void *key, bool *added)
{
	uint32_t tag;
	size_t i;

	if (!m->cap)
		grow(m);
	tag = tag_of(m, key);
	i = find(m, key, tag);
	if (added)
		*added = !m->tags[i];
	if (m->tags[i])
		return slot(m, i);
	/* At most three quarters full. */
	if (m->len + 1 > m->cap / 4 * 3) {
		grow(m);
		i = find(m, key, tag);
	}
	m->tags[i] = tag;
	m->len++;
	memset(slot(m, i), 0, m->slot_bytes);
	memcpy(slot_key(m, i), key, m->key_bytes);
	return slot(m, i);
}

bool map_del(struct map *m, const void *key)
{
	size_t mask = m->cap - 1, hole, i;

	if (!m->len)
		return false;
	hole = find(m, key, tag_of(m, key));
	if (!m->tags[hole])
		return false;
	/* An entry behind the hole moves into it if the hole lies between the entry's home slot and its
	 * place. Otherwise a later search for that entry would stop at the hole. This way deletion needs
	 * no tombstones. */
	for (i = (hole + 1) & mask; m->tags[i]; i = (i + 1) & mask) {
		size_t home = m->tags[i] & mask;

		if (((i - home) & mask) < ((i - hole) & mask))
			continue;
		m->tags[hole] = m->tags[i];
		memcpy(slot(m, hole), slot(m, i), m->slot_bytes);
		hole = i;
	}
	m->tags[hole] = 0;
	m->len--;
	return true;
}

bool map_next(const struct map *m, size_t *at, const void **key, void **value)
{
	for (; *at < m->cap; (*at)++) {
		if (!m->tags[*at])
			continue;
		if (key)
			*key = slot_key(m, *at);
		if (value)
			*value = slot(m, *at);
		(*at)++;
		return true;
	}
	return false;
}
