#include "protocol/hashes_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#define QUEUE_FIRST_CAP 16

void hash_queue_init(struct hash_queue *q, size_t max)
{
	memset(q, 0, sizeof(*q));
	q->max = max;
	map_init(&q->set, HASH_BYTES, 0);
}

void hash_queue_clear(struct hash_queue *q)
{
	size_t max = q->max;

	free(q->ring);
	map_clear(&q->set);
	hash_queue_init(q, max);
}

static void queue_grow(struct hash_queue *q)
{
	size_t cap = q->cap ? q->cap * 2 : QUEUE_FIRST_CAP;
	struct hash256 *ring = mem_array(cap, sizeof(*ring));

	for (size_t i = 0; i < q->len; i++)
		ring[i] = q->ring[(q->head + i) & (q->cap - 1)];
	free(q->ring);
	q->ring = ring;
	q->cap = cap;
	q->head = 0;
}

bool hash_queue_push(struct hash_queue *q, const struct hash256 *h)
{
	bool added;

	if (q->len >= q->max)
		return false;
	map_put(&q->set, h, &added);
	if (!added)
		return true;
	if (q->len == q->cap)
		queue_grow(q);
	q->ring[(q->head + q->len) & (q->cap - 1)] = *h;
	q->len++;
	return true;
}

const struct hash256 *hash_queue_at(const struct hash_queue *q, size_t i)
{
	const struct hash256 *h = &q->ring[(q->head + i) & (q->cap - 1)];

	return map_get(&q->set, h) ? h : NULL;
}

void hash_queue_pop(struct hash_queue *q)
{
	map_del(&q->set, &q->ring[q->head]);
	q->head = (q->head + 1) & (q->cap - 1);
	q->len--;
	if (q->len == 0)
		hash_queue_clear(q);
}

void hash_queue_forget(struct hash_queue *q, const struct hash256 *h)
{
	map_del(&q->set, h);
}

void hash_memory_init(struct hash_memory *m, size_t max)
{
	map_init(&m->now, HASH_BYTES, 0);
	map_init(&m->before, HASH_BYTES, 0);
	m->max = max;
}

void hash_memory_clear(struct hash_memory *m)
{
	map_clear(&m->now);
	map_clear(&m->before);
}

void hash_memory_add(struct hash_memory *m, const struct hash256 *h)
{
	if (map_len(&m->now) >= m->max) {
		map_clear(&m->before);
		m->before = m->now;
		map_init(&m->now, HASH_BYTES, 0);
	}
	map_put(&m->now, h, NULL);
}

bool hash_memory_has(const struct hash_memory *m, const struct hash256 *h)
{
	return map_get(&m->now, h) || map_get(&m->before, h);
}
