/* Bodies that came before their parents, as they do when several peers send that are asked the classic way. Only what
 * was asked for is held: at most HELD_BLOCKS_MAX and HELD_BYTES_MAX, half of it from one peer, for five minutes and
 * while who sent it is connected: else a few that lead nowhere would keep out all others. */
#include <stdlib.h>

#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define HELD_MS (5 * 60 * 1000)

void hold_init(struct hold *h)
{
	map_init(&h->by_hash, HASH_BYTES, sizeof(struct held *));
	map_init(&h->by_parent, HASH_BYTES, sizeof(struct held *));
	list_init(&h->waiting);
	list_init(&h->ready);
	h->n = 0;
	h->bytes = 0;
}

static void held_free(struct protocol *p, struct held *x)
{
	struct hold *h = &p->hold;
	struct peer *peer = peer_find(p, x->from);

	if (peer) {
		peer->sync.n_held--;
		peer->sync.held_bytes -= x->block->raw.len;
	}
	map_del(&h->by_hash, &x->block->hash);
	list_del(&x->link);
	h->n--;
	h->bytes -= x->block->raw.len;
	block_unref(x->block);
	free(x);
}

void hold_free(struct protocol *p)
{
	struct hold *h = &p->hold;

	list_each_safe (it, &h->waiting)
		held_free(p, list_entry(it, struct held, link));
	list_each_safe (it, &h->ready)
		held_free(p, list_entry(it, struct held, link));
	map_clear(&h->by_hash);
	map_clear(&h->by_parent);
}

bool hold_has(const struct hold *h, const struct block_hash *hash)
{
	return map_get(&h->by_hash, hash);
}

bool hold_tight(const struct hold *h)
{
	return h->n >= HELD_BLOCKS_MAX / 2 || h->bytes >= HELD_BYTES_MAX / 2;
}

bool hold_put(struct protocol *p, struct block *b, struct peer *peer)
{
	struct hold *h = &p->hold;
	struct held *x, **first;
	bool added;

	if (hold_has(h, &b->hash))
		return true;
	if (h->n >= HELD_BLOCKS_MAX || h->bytes + b->raw.len > HELD_BYTES_MAX ||
	    peer->sync.n_held >= HELD_BLOCKS_MAX / 2 ||
	    peer->sync.held_bytes + b->raw.len > HELD_BYTES_MAX / 2)
		return false;
	peer->sync.n_held++;
	peer->sync.held_bytes += b->raw.len;
	x = NEW(struct held);
	x->block = block_ref(b);
	x->from = peer->info.id;
	x->since_ms = now_ms(p);
	list_add(&h->waiting, &x->link);
	h->n++;
	h->bytes += b->raw.len;
	*(struct held **)map_put(&h->by_hash, &b->hash, NULL) = x;
	first = map_put(&h->by_parent, &b->header.prev, &added);
	x->sibling = added ? NULL : *first;
	*first = x;
	return true;
}

/* The children of a block that is here now are ready. They stay in by_hash, so that nobody is asked
 * for them again. */
void hold_release(struct protocol *p, const struct block_hash *parent)
{
	struct hold *h = &p->hold;
	struct held *const *at = map_get(&h->by_parent, parent);
	struct held *x = at ? *at : NULL;

	if (!x)
		return;
	map_del(&h->by_parent, parent);
	for (; x; x = x->sibling) {
		list_del(&x->link);
		list_add(&h->ready, &x->link);
	}
	p->wake |= WAKE_WORK;
}

bool hold_work(struct protocol *p, unsigned max)
{
	struct hold *h = &p->hold;

	for (unsigned i = 0; i < max && !list_empty(&h->ready); i++) {
		struct held *x = list_first(&h->ready, struct held, link);
		struct block *b = block_ref(x->block);
		conn_id from = x->from;

		held_free(p, x);
		accept_block(p, b, from, true);
		block_unref(b);
	}
	return !list_empty(&h->ready);
}

/* Takes one that waits out of the list of its parent's children. */
static void unlink_sibling(struct hold *h, const struct held *x)
{
	struct held **at = map_get(&h->by_parent, &x->block->header.prev);

	if (!at)
		return;
	if (*at == x) {
		if (x->sibling)
			*at = x->sibling;
		else
			map_del(&h->by_parent, &x->block->header.prev);
		return;
	}
	for (struct held *it = *at; it; it = it->sibling)
		if (it->sibling == x) {
			it->sibling = x->sibling;
			return;
		}
}

static void forget(struct protocol *p, struct held *x)
{
	unlink_sibling(&p->hold, x);
	held_free(p, x);
}

void hold_peer_gone(struct protocol *p, const struct peer *peer)
{
	list_each_safe (it, &p->hold.waiting) {
		struct held *x = list_entry(it, struct held, link);

		if (x->from == peer->info.id)
			forget(p, x);
	}
}

void hold_tick(struct protocol *p)
{
	struct hold *h = &p->hold;

	while (!list_empty(&h->waiting)) {
		struct held *x = list_first(&h->waiting, struct held, link);

		if (now_ms(p) - x->since_ms < HELD_MS)
			break;
		forget(p, x);
	}
}
