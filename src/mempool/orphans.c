/* Orphan transactions. At most MEMPOOL_ORPHANS_MAX are kept, and one origin can't displace the orphans
 * of another. */
#include "mempool/orphans_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "mempool/mempool_priv.h"

#define ORPHAN_EXPIRY_SECONDS (20 * 60)

void orphans_init(struct orphans *o)
{
	list_init(&o->by_age);
	map_init(&o->by_id, sizeof(struct txid), sizeof(struct orphan *));
	map_init(&o->by_parent, sizeof(struct txid), sizeof(struct orphan_list));
}

static void link_parents(struct orphans *o, struct orphan *orphan)
{
	for (uint32_t i = 0; i < orphan->tx->n_in; i++) {
		struct orphan_list *l = map_put(&o->by_parent, &orphan->tx->in[i].prev.txid, NULL);
		if (l->n && l->at[l->n - 1] == orphan)
			continue; /* the input before has the same parent */
		mem_reserve(&l->at, &l->cap, l->n + 1, sizeof(struct orphan *));
		l->at[l->n++] = orphan;
	}
}

static void unlink_parents(struct orphans *o, const struct orphan *orphan)
{
	for (uint32_t i = 0; i < orphan->tx->n_in; i++) {
		const struct txid *parent = &orphan->tx->in[i].prev.txid;
		struct orphan_list *l = map_get(&o->by_parent, parent);
		if (!l)
			continue;
		for (size_t k = 0; k < l->n; k++) {
			if (l->at[k] == orphan) {
				memmove(&l->at[k], &l->at[k + 1],
					(l->n - k - 1) * sizeof(struct orphan *));
				l->n--;
				break;
			}
		}
		if (!l->n) {
			free(l->at);
			map_del(&o->by_parent, parent);
		}
	}
}

static void drop_orphan(struct orphans *o, struct orphan *orphan)
{
	unlink_parents(o, orphan);
	map_del(&o->by_id, &orphan->tx->id);
	list_del(&orphan->link);
	o->bytes -= orphan->tx->raw.len;
	tx_unref(orphan->tx);
	free(orphan);
}

/* The oldest orphan of the largest origin: of the one with the most bytes if the limit of bytes is
 * exceeded, else of the one with the most orphans. */
static struct orphan *orphan_to_drop(struct orphans *o)
{
	bool by_bytes = o->bytes > MEMPOOL_ORPHAN_BYTES_MAX;
	struct orphan *worst = NULL;
	uint64_t most = 0;

	list_each (a, &o->by_age) {
		struct orphan *first = list_entry(a, struct orphan, link);
		uint64_t held = 0;
		list_each (b, &o->by_age) {
			struct orphan *other = list_entry(b, struct orphan, link);
			if (other->origin == first->origin)
				held += by_bytes ? other->tx->raw.len : 1;
		}
		if (held > most) {
			most = held;
			worst = first;
		}
	}
	return worst;
}

void orphans_add(struct mempool *m, struct tx *tx, uint64_t origin)
{
	struct orphans *o = &m->orphans;
	bool added;
	struct orphan **at = map_put(&o->by_id, &tx->id, &added), *orphan;

	if (!added)
		return;
	*at = orphan = NEW(struct orphan);
	orphan->tx = tx_ref(tx);
	orphan->origin = origin;
	orphan->other = ORIGIN_GONE;
	orphan->time = pool_mono_seconds(m);
	list_add(&o->by_age, &orphan->link);
	o->bytes += tx->raw.len;
	link_parents(o, orphan);
	while (map_len(&o->by_id) > MEMPOOL_ORPHANS_MAX || o->bytes > MEMPOOL_ORPHAN_BYTES_MAX)
		drop_orphan(o, orphan_to_drop(o));
}

void orphans_retry_children(struct mempool *m, const struct txid *id)
{
	for (;;) {
		struct orphan_list *l = map_get(&m->orphans.by_parent, id);
		if (!l)
			return;
		/* Each goes to the head of its origin's queue, so the youngest is queued first and
		 * the oldest is checked first. */
		struct orphan *orphan = l->at[l->n - 1];
		struct tx *tx = tx_ref(orphan->tx);
		uint64_t origin = orphan->origin;
		drop_orphan(&m->orphans, orphan);
		queue_retry(&m->queue, tx, origin);
	}
}

void orphans_block(struct mempool *m, const struct block *b)
{
	struct orphans *o = &m->orphans;
	struct map spent;

	if (list_empty(&o->by_age))
		return;
	map_init(&spent, OUTPOINT_BYTES, 0);
	for (uint32_t t = 0; t < b->n_tx; t++) {
		for (uint32_t i = 0; i < b->tx[t].n_in; i++) {
			uint8_t key[OUTPOINT_BYTES];
			outpoint_pack(key, &b->tx[t].in[i].prev);
			map_put(&spent, key, NULL);
		}
	}
	/* An orphan that spends what the block spends is in the block or conflicts with it. */
	list_each_safe (at, &o->by_age) {
		struct orphan *orphan = list_entry(at, struct orphan, link);
		bool gone = false;
		for (uint32_t i = 0; i < orphan->tx->n_in && !gone; i++) {
			uint8_t key[OUTPOINT_BYTES];
			outpoint_pack(key, &orphan->tx->in[i].prev);
			gone = map_get(&spent, key);
		}
		if (gone)
			drop_orphan(&m->orphans, orphan);
	}
	map_clear(&spent);
	for (uint32_t t = 0; t < b->n_tx; t++)
		orphans_retry_children(m, &b->tx[t].id);
}

void orphans_expire(struct mempool *m)
{
	int64_t before = pool_mono_seconds(m) - ORPHAN_EXPIRY_SECONDS;

	list_each_safe (at, &m->orphans.by_age) {
		struct orphan *orphan = list_entry(at, struct orphan, link);
		if (orphan->time < before)
			drop_orphan(&m->orphans, orphan);
	}
}

/* Another peer that has announced the orphan was not asked for it, since it was known. So the
 * orphan stays, with that peer as its origin. Orphans without an origin count as one origin's when
 * room is made. */
void orphans_forget_origin(struct orphans *o, uint64_t origin)
{
	list_each (at, &o->by_age) {
		struct orphan *orphan = list_entry(at, struct orphan, link);
		if (orphan->other == origin)
			orphan->other = ORIGIN_GONE;
		if (orphan->origin != origin)
			continue;
		orphan->origin = orphan->other;
		orphan->other = ORIGIN_GONE;
	}
}

void mempool_orphan_announced(struct mempool *m, const struct txid *id, uint64_t origin)
{
	struct orphan *const *at = map_get(&m->orphans.by_id, id);

	if (!at || (*at)->origin == origin)
		return;
	if ((*at)->origin == ORIGIN_GONE)
		(*at)->origin = origin;
	else if ((*at)->other == ORIGIN_GONE)
		(*at)->other = origin;
}

void orphans_clear(struct orphans *o)
{
	list_each_safe (at, &o->by_age)
		drop_orphan(o, list_entry(at, struct orphan, link));
	map_clear(&o->by_id);
	map_clear(&o->by_parent);
}

bool orphans_has(const struct orphans *o, const struct txid *id)
{
	return map_get(&o->by_id, id) != NULL;
}

size_t mempool_orphan_count(const struct mempool *m)
{
	return map_len(&m->orphans.by_id);
}
