/* Synchronisation by getblocks, as in the first version of Bitcoin: a peer answers getblocks by an
 * inv with up to 500 hashes; their blocks are requested in the peer's order, up to 16 at a time,
 * without those that are requested from another peer; and the next 500 hashes are requested before
 * these run out. */
#include "protocol/sync/sync_getblocks_priv.h"

#include <tally/base/checked.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/block_requests_priv.h"
#include "protocol/sync/sync_state_priv.h"
#include "protocol/wire/msg_send_priv.h"

/* A peer that has no blocks after our locator doesn't answer getblocks. After this time the request
 * counts as answered. */
#define SILENCE_MS 10000

/* The locator begins with `first`, if that is not NULL, and goes on from our best header. */
static void request_hashes(struct protocol *p, struct peer *peer, const struct block_hash *first,
			   const struct block_hash *stop)
{
	sync_request(p, peer, MSG_GETBLOCKS,
		     &(const struct sync_locator){.first = first,
						  .from = chain_best_header(p->o.chain).index,
						  .stop = stop});
}

static void request_more_hashes(struct protocol *p, struct peer *peer)
{
	struct block_hash last = peer->sync.last_inv;

	peer->sync.more_available = false;
	request_hashes(p, peer, &last, NULL);
}

void getblocks_start(struct protocol *p, struct peer *peer)
{
	peer->sync.method = SYNC_BY_GETBLOCKS;
	/* Announcements from before there was a chain are still valid. */
	if (peer->sync.announced.len > 0)
		sync_refill_later(p, peer);
	else
		request_hashes(p, peer, NULL, NULL);
}

void getblocks_inv_received(struct protocol *p, struct peer *peer, size_t n_blocks,
			    const struct block_hash *last)
{
	struct peer_sync *s = &peer->sync;

	s->request_pending = false;
	/* An inv with fewer blocks ends the answer, or announces a new tip. */
	if (n_blocks >= GETBLOCKS_MAX) {
		s->last_inv = *last;
		s->more_available = true;
	}
	sync_refill_later(p, peer);
	sync_update_later(p);
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

static void request_announced_blocks(struct protocol *p, struct peer *peer)
{
	struct hash_queue *q = &peer->sync.announced;
	bool throttled = sync_throttled(p) || orphan_blocks_half_full(&p->orphans);
	size_t end = throttled ? MIN(q->len, 1) : q->len;

	for (size_t i = 0; i < end && peer->sync.n_requests < BLOCKS_IN_FLIGHT; i++) {
		const struct hash256 *h = hash_queue_at(q, i);
		struct block_hash hash;

		if (!h)
			continue;
		hash.h = *h;
		if (sync_needs(p, &hash))
			block_request_add(p, peer, &hash);
	}
	msg_send_list(p, peer, MSG_GETDATA);
}

static void request_single_block(struct protocol *p, struct peer *peer,
				 const struct block_hash *hash)
{
	block_request_add(p, peer, hash);
	msg_send_list(p, peer, MSG_GETDATA);
}

/* All blocks that the peer has announced are settled: requests what may follow. */
static void request_after_all(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;

	if (s->request_pending)
		return;
	/* The peer didn't announce what lies between our chain and a block it sent: request the
	 * parent. */
	if (!hash256_is_zero(&s->missing_parent.h) && sync_needs(p, &s->missing_parent)) {
		s->walking_back = true;
		request_single_block(p, peer, &s->missing_parent);
		return;
	}
	/* Its last answer brought blocks, and it claims a greater height. */
	if (p->sync.blocks_accepted != s->accepted_at_request &&
	    peer->start_height > (int64_t)chain_best_header(p->o.chain).height)
		request_hashes(p, peer, NULL, NULL);
}

void getblocks_refill(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;

	pop_settled(p, &s->announced);
	if (s->announced.len > 0)
		request_announced_blocks(p, peer);
	if (s->more_available && !s->request_pending && s->announced.len <= GETBLOCKS_MAX / 2)
		request_more_hashes(p, peer);
	else if (s->announced.len == 0 && s->n_requests == 0)
		request_after_all(p, peer);
}

/* The parent is requested, or will be, since a peer has announced it. */
static bool parent_expected(const struct protocol *p, const struct block_hash *prev)
{
	if (sync_pending(p, prev))
		return true;
	for (const struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it))
		if (it->sync.announced.len > 0 && map_get(&it->sync.announced.set, prev))
			return true;
	return false;
}

/* First by getblocks with this block as the stop hash. If that doesn't help (the simplest peers may
 * not answer), the parent itself is requested, then its parent, and so on. */
void getblocks_unconnected(struct protocol *p, struct peer *peer, const struct block *b)
{
	struct peer_sync *s = &peer->sync;
	const struct block_hash *prev = &b->header.prev;

	if (parent_expected(p, prev))
		return;
	if (s->walking_back) {
		s->missing_parent = *prev;
		request_single_block(p, peer, prev);
		return;
	}
	if (++s->unconnected >= UNCONNECTED_MAX) {
		peer_close(p, peer, CLOSE_PLAIN,
			   "%d blocks in a row whose parents it did not announce", UNCONNECTED_MAX);
		return;
	}
	if (hash256_equal(&s->missing_parent.h, &prev->h) && s->request_pending)
		return;
	s->missing_parent = *prev;
	request_hashes(p, peer, NULL, &b->hash);
}

void getblocks_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;
	int64_t since = protocol_now_ms(p) - s->requested_ms;
	bool claims_more;

	if (s->request_pending && since >= SILENCE_MS)
		s->request_pending = false;
	claims_more = peer->start_height > (int64_t)chain_best_header(p->o.chain).height ||
		      !hash256_is_zero(&s->last_unknown.h);
	if (!s->request_pending && s->announced.len == 0 && s->n_requests == 0 && claims_more &&
	    since >= REQUEST_BEHIND_MS && sync_serves_blocks(peer))
		request_hashes(p, peer, NULL, NULL);
}
