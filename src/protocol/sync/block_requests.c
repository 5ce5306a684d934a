#include "protocol/sync/block_requests_priv.h"

#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/sync_state_priv.h"

/* A peer times out if it sends none of the requested blocks for TIMEOUT_FACTOR times its average
 * delivery time, within these bounds; of an unknown peer: the maximum. After TIMEOUTS_MAX in a row
 * it is disconnected. */
#define TIMEOUT_MIN_MS 5000
#define TIMEOUT_MAX_MS 20000
#define TIMEOUT_FACTOR 32
#define TIMEOUTS_MAX   3

/* A new tip that other peers have, too, times out after a second. The timeout doubles each time,
 * because our own line may be slow, and is halved with every block connected. */
#define TIP_TIMEOUT_MIN_MS 1000
#define TIP_TIMEOUT_MAX_MS TIMEOUT_MAX_MS

/* After a timeout, or a notfound, nothing is requested from the peer for this time. */
#define TIMEOUT_BACKOFF_MS  1000
#define NOTFOUND_BACKOFF_MS 10000

/* If the last tip requested from a peer timed out, the next tip is requested only from other peers
 * for this time. */
#define YIELD_MS 2000

void block_request_add(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	struct block_request *r = NEW(struct block_request);

	r->hash = *hash;
	r->peer = peer;
	r->since_ms = protocol_now_ms(p);
	if (peer->sync.n_requests == 0)
		peer->sync.progress_ms = r->since_ms;
	list_add(&peer->sync.requests, &r->link);
	peer->sync.n_requests++;
	*(struct block_request **)map_put(&p->sync.requests, hash, NULL) = r;
	put_inv_item(&p->list, INV_BLOCK, &hash->h);
}

static struct block_request *block_request_find(const struct protocol *p,
						const struct block_hash *hash)
{
	struct block_request *const *at = map_get(&p->sync.requests, hash);

	return at ? *at : NULL;
}

static void block_request_free(struct protocol *p, struct block_request *r)
{
	map_del(&p->sync.requests, &r->hash);
	list_del(&r->link);
	r->peer->sync.n_requests--;
	r->peer->sync.stalling_since_ms = 0;
	free(r);
}

struct peer *block_request_peer(const struct protocol *p, const struct block_hash *hash)
{
	const struct block_request *r = block_request_find(p, hash);

	return r ? r->peer : NULL;
}

int64_t block_request_age_ms(const struct protocol *p, const struct block_hash *hash)
{
	const struct block_request *r = block_request_find(p, hash);

	return r ? protocol_now_ms(p) - r->since_ms : 0;
}

bool block_request_fulfil(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	struct block_request *r = block_request_find(p, hash);
	struct peer_sync *s = &peer->sync;
	int64_t took;

	if (!r || r->peer != peer)
		return false;
	took = protocol_now_ms(p) - MAX(s->progress_ms, r->since_ms);
	s->avg_ms = MAX((7 * s->avg_ms + MAX(took, 0)) / 8, 1);
	s->progress_ms = protocol_now_ms(p);
	s->timeouts = 0;
	s->timed_out_block = (struct block_hash){0};
	block_request_free(p, r);
	return true;
}

void block_request_arrived_late(struct peer *peer, const struct block_hash *hash)
{
	if (hash256_equal(&peer->sync.timed_out_block.h, &hash->h))
		peer->sync.timeouts = 0;
}

static bool timed_out(const struct peer *peer)
{
	return !hash256_is_zero(&peer->sync.timed_out_block.h);
}

static bool all_timed_out(const struct protocol *p)
{
	for (const struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer->sync.method != SYNC_METHOD_NONE && !timed_out(peer))
			return false;
	return true;
}

bool block_request_must_yield(const struct protocol *p, const struct peer *peer)
{
	return !p->sync.catching_up && timed_out(peer) &&
	       protocol_now_ms(p) - peer->sync.best_since_ms < YIELD_MS && !all_timed_out(p);
}

void block_request_cancel(struct protocol *p, const struct block_hash *hash)
{
	struct block_request *r = block_request_find(p, hash);

	if (r)
		block_request_free(p, r);
}

void block_requests_drop(struct protocol *p, struct peer *peer)
{
	list_each_safe (it, &peer->sync.requests)
		block_request_free(p, list_entry(it, struct block_request, link));
}

void block_request_notfound(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	struct block_request *r = block_request_find(p, hash);
	struct peer_sync *s = &peer->sync;

	hash_queue_forget(&s->announced, &hash->h);
	if (hash256_equal(&s->missing_parent.h, &hash->h)) {
		s->missing_parent = (struct block_hash){0};
		s->walking_back = false;
	}
	if (!r || r->peer != peer)
		return;
	block_request_free(p, r);
	/* Its headers promise a block that it doesn't have: it is requested again later, from this
	 * peer or others. After TIMEOUTS_MAX times in a row the peer is disconnected. */
	if (s->method == SYNC_BY_HEADERS && protocol_now_ms(p) >= s->backoff_until_ms) {
		s->backoff_until_ms = protocol_now_ms(p) + NOTFOUND_BACKOFF_MS;
		if (++s->timeouts >= TIMEOUTS_MAX)
			peer_close(p, peer, CLOSE_PLAIN, "does not have the blocks of its headers");
	}
	sync_refill_all_later(p);
}

/* --- timeouts --------------------------------------------------------------------------- */

/* The peer has this block, and it has not timed out here before. */
static bool could_send(const struct protocol *p, const struct peer *peer,
		       const struct chain_entry *en)
{
	const struct peer_sync *s = &peer->sync;

	return peer_live(peer) && !peer->paused && protocol_now_ms(p) >= s->backoff_until_ms &&
	       s->best != CHAIN_NONE && !hash256_equal(&s->timed_out_block.h, &en->hash.h) &&
	       chain_ancestor(p->o.chain, s->best, en->height) == en->index;
}

/* Of the other peers that could send the oldest block requested from this one, the peer that last
 * sent a new block. NULL: none could. */
static struct peer *other_source(const struct protocol *p, const struct peer *peer)
{
	const struct block_request *first =
		list_first(&peer->sync.requests, struct block_request, link);
	struct peer *best = NULL;
	struct chain_entry en;

	if (!chain_find(p->o.chain, &first->hash, &en))
		return NULL;
	for (struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (o != peer && (!best || o->last_block_ms > best->last_block_ms) &&
		    could_send(p, o, &en))
			best = o;
	return best;
}

/* others: some other peer could send the block. */
static int64_t timeout_ms(const struct protocol *p, const struct peer_sync *s, bool others)
{
	if (others && !p->sync.catching_up)
		return sync_headers_ahead(p) < BEHIND_BLOCKS
			       ? MAX(p->sync.tip_timeout_ms, TIP_TIMEOUT_MIN_MS)
			       : TIMEOUT_MIN_MS;
	return s->avg_ms ? MIN(MAX(s->avg_ms * TIMEOUT_FACTOR, TIMEOUT_MIN_MS), TIMEOUT_MAX_MS)
			 : TIMEOUT_MAX_MS;
}

/* Gives the peer's requests back, to be made from `other` first. NULL: from any peer. */
static void reassign(struct protocol *p, struct peer *peer, const struct peer *other)
{
	struct peer_sync *s = &peer->sync;

	if (other) {
		p->sync.tip_timeout_ms = MIN(MAX(p->sync.tip_timeout_ms, TIP_TIMEOUT_MIN_MS) * 2,
					     TIP_TIMEOUT_MAX_MS);
		p->sync.refill_first = other->info.id;
	}
	s->timed_out_block = list_first(&s->requests, struct block_request, link)->hash;
	s->backoff_until_ms = protocol_now_ms(p) + TIMEOUT_BACKOFF_MS;
	s->avg_ms = 0;
	peer->useful_blocks = 0;
	block_requests_drop(p, peer);
	sync_refill_all_later(p);
}

void block_requests_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;
	int64_t waited = protocol_now_ms(p) - s->progress_ms;
	char name[PEER_NAME_CHARS];
	struct peer *other;

	/* While it is paused it can't deliver. */
	if (s->n_requests == 0 || peer->paused || waited < TIP_TIMEOUT_MIN_MS)
		return;
	other = other_source(p, peer);
	if (waited < timeout_ms(p, s, other != NULL))
		return;
	if (++s->timeouts >= TIMEOUTS_MAX) {
		peer_close(p, peer, CLOSE_PLAIN, "requested blocks timed out %d times in a row",
			   TIMEOUTS_MAX);
		return;
	}
	log_info(LOG_PEER, "peer %s: a requested block timed out, requesting it from other peers",
		 peer_name(peer, name));
	reassign(p, peer, other);
}
