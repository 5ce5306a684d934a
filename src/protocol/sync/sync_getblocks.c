/* getblocks, inv, getdata, block: how nodes have fetched blocks since the first version. A peer answers
 * getblocks with up to 500 hashes; we fetch these in its order, up to 16 at a time, leaving out
 * what another peer is asked for, and ask for the next 500 before they run out. */
#include <string.h>

#include <tally/base/checked.h>

#include "protocol/protocol_priv.h"

#define ASK_AGAIN_MS 10000 /* an unanswered getblocks: it has nothing to say */

/* Hashes from `first` (where not NULL) and then from the best chain we have headers of. */
static void ask(struct protocol *p, struct peer *peer, const struct block_hash *first,
		const struct block_hash *stop)
{
	sync_ask(p, peer, MSG_GETBLOCKS, first, first ? 1 : 0, chain_best_header(p->o.chain).index,
		 stop);
}

static void ask_more(struct protocol *p, struct peer *peer)
{
	struct block_hash last = peer->sync.last_inv;

	peer->sync.more = false;
	ask(p, peer, &last, NULL);
}

void classic_start(struct protocol *p, struct peer *peer)
{
	peer->sync.way = SYNC_BY_INV;
	/* What a node without a chain was told before it had its genesis is still good. */
	if (peer->sync.want.len > 0)
		sync_refill(p, peer);
	else
		ask(p, peer, NULL, NULL);
}

/* An inv with blocks was taken in: `last` is its last one. */
void classic_answered(struct protocol *p, struct peer *peer, size_t n_blocks,
		      const struct block_hash *last)
{
	struct peer_sync *s = &peer->sync;

	s->asked = false;
	/* Fewer end the answer, or are the announcement of a new tip. */
	if (n_blocks >= GETBLOCKS_MAX) {
		s->last_inv = *last;
		s->more = true;
	}
	sync_refill(p, peer);
	sync_update(p);
}

static void pop_settled(struct protocol *p, struct hash_queue *q)
{
	while (q->len > 0) {
		const struct hash256 *h = hash_queue_at(q, 0);

		if (h && !sync_settled(p, &(const struct block_hash){*h}))
			return;
		hash_queue_pop(q);
	}
}

static void request_next(struct protocol *p, struct peer *peer)
{
	struct hash_queue *q = &peer->sync.want;
	size_t end = sync_tight(p) || hold_tight(&p->hold) ? MIN(q->len, 1) : q->len;

	for (size_t i = 0; i < end && peer->sync.n_requests < BLOCKS_IN_FLIGHT; i++) {
		const struct hash256 *h = hash_queue_at(q, i);
		struct block_hash hash;

		if (!h)
			continue;
		hash.h = *h;
		if (!sync_needs(p, &hash))
			continue;
		request_put(p, peer, &hash);
		put_inv_item(&p->list, INV_BLOCK, &hash.h);
	}
	gate_send_list(p, peer, MSG_GETDATA);
}

static void get_block(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	request_put(p, peer, hash);
	put_inv_item(&p->list, INV_BLOCK, &hash->h);
	gate_send_list(p, peer, MSG_GETDATA);
}

/* All it announced is here: is there more? */
static void drained(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;

	if (s->asked)
		return;
	/* It didn't tell how its block connects: its parent then. */
	if (!hash256_is_zero(&s->root.h) && sync_needs(p, &s->root)) {
		s->walking = true;
		get_block(p, peer, &s->root);
		return;
	}
	/* One that has told of greater height, and brought us further since it was last asked. */
	if (p->accepted != s->asked_accepted &&
	    peer->start_height > (int64_t)chain_best_header(p->o.chain).height)
		ask(p, peer, NULL, NULL);
}

void classic_refill(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;

	pop_settled(p, &s->want);
	if (s->want.len > 0)
		request_next(p, peer);
	if (s->more && !s->asked && s->want.len <= GETBLOCKS_MAX / 2)
		ask_more(p, peer);
	else if (s->want.len == 0 && s->n_requests == 0)
		drained(p, peer);
}

/* Will the parent come without our doing? */
static bool parent_coming(const struct protocol *p, const struct block_hash *prev)
{
	if (sync_pending(p, prev))
		return true;
	for (const struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it))
		if (it->sync.want.len > 0 && map_get(&it->sync.want.set, prev))
			return true;
	return false;
}

/* A block whose parent isn't here: first by getblocks up to it. Where that didn't help (a peer may
 * not answer it) the parent itself is asked for, and so on down. */
void classic_unconnected(struct protocol *p, struct peer *peer, const struct block *b)
{
	struct peer_sync *s = &peer->sync;
	const struct block_hash *prev = &b->header.prev;

	if (parent_coming(p, prev))
		return;
	if (s->walking) {
		s->root = *prev;
		get_block(p, peer, prev);
		return;
	}
	if (++s->unconnected >= UNCONNECTED_MAX) {
		peer_close(p, peer, CLOSE_PLAIN, "%d blocks in a row whose parents it never told",
			   UNCONNECTED_MAX);
		return;
	}
	if (hash256_equal(&s->root.h, &prev->h) && s->asked)
		return;
	s->root = *prev;
	ask(p, peer, NULL, &b->hash);
}

/* Silence is an answer: there is nothing after our locator. */
void classic_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;
	int64_t since = now_ms(p) - s->asked_ms;
	bool claims_more;

	if (s->asked && since >= ASK_AGAIN_MS)
		s->asked = false;
	claims_more = peer->start_height > (int64_t)chain_best_header(p->o.chain).height ||
		      !hash256_is_zero(&s->last_unknown.h);
	if (!s->asked && s->want.len == 0 && s->n_requests == 0 && claims_more &&
	    since >= ASK_BEHIND_MS && sync_serves_blocks(peer))
		ask(p, peer, NULL, NULL);
}
