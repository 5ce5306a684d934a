/* Orphan blocks are common when several peers are synchronised by getblocks: their blocks overtake
 * each other. Only requested blocks are kept, within a bound for all and half of it for one peer,
 * for at most five minutes, and while the sender is connected: one peer's orphans must not fill the
 * room. */
#include "protocol/sync/orphan_blocks_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"

#define ORPHAN_BYTES_MAX  (UINT64_C(16) << 20)
#define ORPHAN_BLOCKS_MAX 1024
#define ORPHAN_MS         (5 * 60 * 1000)

struct orphan_block {
	struct list link; /* of orphan_blocks.waiting or ready */
	struct block *block;
	conn_id from;
	int64_t since_ms;
	struct orphan_block *sibling; /* the next one with the same parent */
};

void orphan_blocks_init(struct orphan_blocks *o)
{
	map_init(&o->by_hash, HASH_BYTES, sizeof(struct orphan_block *));
	map_init(&o->by_parent, HASH_BYTES, sizeof(struct orphan_block *));
	list_init(&o->waiting);
	list_init(&o->ready);
	o->n = 0;
	o->bytes = 0;
}

static void orphan_free(struct protocol *p, struct orphan_block *x)
{
	struct orphan_blocks *o = &p->orphans;
	struct peer *peer = peer_find(p, x->from);

	if (peer) {
		peer->sync.n_orphans--;
		peer->sync.orphan_bytes -= x->block->raw.len;
	}
	map_del(&o->by_hash, &x->block->hash);
	list_del(&x->link);
	o->n--;
	o->bytes -= x->block->raw.len;
	block_unref(x->block);
	free(x);
}

void orphan_blocks_free(struct protocol *p)
{
	struct orphan_blocks *o = &p->orphans;

	list_each_safe (it, &o->waiting)
		orphan_free(p, list_entry(it, struct orphan_block, link));
	list_each_safe (it, &o->ready)
		orphan_free(p, list_entry(it, struct orphan_block, link));
	map_clear(&o->by_hash);
	map_clear(&o->by_parent);
}

bool orphan_blocks_has(const struct orphan_blocks *o, const struct block_hash *hash)
{
	return map_get(&o->by_hash, hash);
}

bool orphan_blocks_half_full(const struct orphan_blocks *o)
{
	return o->n >= ORPHAN_BLOCKS_MAX / 2 || o->bytes >= ORPHAN_BYTES_MAX / 2;
}

static bool is_room(const struct orphan_blocks *o, const struct peer *peer, size_t bytes)
{
	return o->n < ORPHAN_BLOCKS_MAX && o->bytes + bytes <= ORPHAN_BYTES_MAX &&
	       peer->sync.n_orphans < ORPHAN_BLOCKS_MAX / 2 &&
	       peer->sync.orphan_bytes + bytes <= ORPHAN_BYTES_MAX / 2;
}

bool orphan_blocks_add(struct protocol *p, struct block *b, struct peer *peer)
{
	struct orphan_blocks *o = &p->orphans;
	struct orphan_block *x, **first;
	bool added;

	if (orphan_blocks_has(o, &b->hash))
		return true;
	if (!is_room(o, peer, b->raw.len))
		return false;
	peer->sync.n_orphans++;
	peer->sync.orphan_bytes += b->raw.len;
	x = NEW(struct orphan_block);
	x->block = block_ref(b);
	x->from = peer->info.id;
	x->since_ms = protocol_now_ms(p);
	list_add(&o->waiting, &x->link);
	o->n++;
	o->bytes += b->raw.len;
	*(struct orphan_block **)map_put(&o->by_hash, &b->hash, NULL) = x;
	first = map_put(&o->by_parent, &b->header.prev, &added);
	x->sibling = added ? NULL : *first;
	*first = x;
	return true;
}

void orphan_blocks_release(struct protocol *p, const struct block_hash *parent)
{
	struct orphan_blocks *o = &p->orphans;
	struct orphan_block *const *at = map_get(&o->by_parent, parent);
	struct orphan_block *x = at ? *at : NULL;

	if (!x)
		return;
	map_del(&o->by_parent, parent);
	/* The children stay in by_hash, so that they are not requested again. */
	for (; x; x = x->sibling) {
		list_del(&x->link);
		list_add(&o->ready, &x->link);
	}
	p->wake |= WAKE_WORK;
}

struct block *orphan_blocks_next(struct protocol *p, conn_id *from)
{
	struct orphan_block *x;
	struct block *b;

	if (list_empty(&p->orphans.ready))
		return NULL;
	x = list_first(&p->orphans.ready, struct orphan_block, link);
	b = block_ref(x->block);
	*from = x->from;
	orphan_free(p, x);
	return b;
}

static void unlink_sibling(struct orphan_blocks *o, const struct orphan_block *x)
{
	struct orphan_block **at = map_get(&o->by_parent, &x->block->header.prev);

	if (!at)
		return;
	if (*at == x) {
		if (x->sibling)
			*at = x->sibling;
		else
			map_del(&o->by_parent, &x->block->header.prev);
		return;
	}
	for (struct orphan_block *it = *at; it; it = it->sibling)
		if (it->sibling == x) {
			it->sibling = x->sibling;
			return;
		}
}

static void drop_waiting(struct protocol *p, struct orphan_block *x)
{
	unlink_sibling(&p->orphans, x);
	orphan_free(p, x);
}

void orphan_blocks_peer_gone(struct protocol *p, const struct peer *peer)
{
	list_each_safe (it, &p->orphans.waiting) {
		struct orphan_block *x = list_entry(it, struct orphan_block, link);

		if (x->from == peer->info.id)
			drop_waiting(p, x);
	}
}

void orphan_blocks_expire(struct protocol *p)
{
	struct orphan_blocks *o = &p->orphans;

	while (!list_empty(&o->waiting)) {
		struct orphan_block *x = list_first(&o->waiting, struct orphan_block, link);

		if (protocol_now_ms(p) - x->since_ms < ORPHAN_MS)
			break;
		drop_waiting(p, x);
	}
}
