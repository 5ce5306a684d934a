/* Blocks asked for: of whom, since when, and what happens where they don't come. */
#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define STALL_MAX_MS     20000 /* without a block of those asked for */
#define STALL_MIN_MS     5000  /* of a peer that has been quick so far */
#define STALL_TIMES      32    /* its usual time for a block, times this */
#define STALLS_MAX       3     /* in a row: it goes */
#define NOTFOUND_REST_MS 10000
#define TIP_MS           1000         /* a new tip that others have, too, is then asked of them; */
#define TIP_END_MS       STALL_MAX_MS /* twice as long each time, for perhaps it is our line */

void request_put(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	struct block_request *r = NEW(struct block_request);

	r->hash = *hash;
	r->peer = peer;
	r->asked_ms = now_ms(p);
	if (peer->sync.n_requests == 0)
		peer->sync.progress_ms = r->asked_ms;
	list_add(&peer->sync.requests, &r->link);
	peer->sync.n_requests++;
	*(struct block_request **)map_put(&p->requests, hash, NULL) = r;
}

static void request_free(struct protocol *p, struct block_request *r)
{
	map_del(&p->requests, &r->hash);
	list_del(&r->link);
	r->peer->sync.n_requests--;
	r->peer->sync.stalling_ms = 0;
	free(r);
}

struct peer *request_peer(const struct protocol *p, const struct block_hash *hash)
{
	struct block_request *const *at = map_get(&p->requests, hash);

	return at ? (*at)->peer : NULL;
}

int64_t request_age_ms(const struct protocol *p, const struct block_hash *hash)
{
	struct block_request *const *at = map_get(&p->requests, hash);

	return at ? now_ms(p) - (*at)->asked_ms : 0;
}

/* True: this peer was asked for it, and has now answered. */
bool request_take(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	struct block_request *const *at = map_get(&p->requests, hash);
	struct peer_sync *s = &peer->sync;
	int64_t took;

	if (!at || (*at)->peer != peer)
		return false;
	took = now_ms(p) - MAX(s->progress_ms, (*at)->asked_ms);
	s->avg_ms = MAX((7 * s->avg_ms + MAX(took, 0)) / 8, 1);
	s->progress_ms = now_ms(p);
	s->stalls = 0;
	s->late = (struct block_hash){0};
	request_free(p, *at);
	return true;
}

void request_late_came(struct peer *peer, const struct block_hash *hash)
{
	if (hash256_equal(&peer->sync.late.h, &hash->h))
		peer->sync.stalls = 0;
}

static bool is_late(const struct peer *peer)
{
	return !hash256_is_zero(&peer->sync.late.h);
}

static bool all_are_late(const struct protocol *p)
{
	for (const struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer->sync.way != SYNC_NOT && peer_live(peer) && !is_late(peer))
			return false;
	return true;
}

bool request_must_wait(const struct protocol *p, const struct peer *peer)
{
	return !p->catching_up && is_late(peer) && now_ms(p) - peer->sync.told_ms < 2 * TIP_MS &&
	       !all_are_late(p);
}

void request_done(struct protocol *p, const struct block_hash *hash)
{
	struct block_request *const *at = map_get(&p->requests, hash);

	if (at)
		request_free(p, *at);
}

void requests_drop(struct protocol *p, struct peer *peer)
{
	list_each_safe (it, &peer->sync.requests)
		request_free(p, list_entry(it, struct block_request, link));
}

/* It doesn't have what it announced. One whose headers promise blocks that it won't give is not asked
 * again at once, nor for ever. */
void request_notfound(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	struct peer_sync *s = &peer->sync;

	hash_queue_forget(&s->want, &hash->h);
	if (hash256_equal(&s->root.h, &hash->h)) {
		s->root = (struct block_hash){0};
		s->walking = false;
	}
	if (request_peer(p, hash) != peer)
		return;
	request_free(p, *(struct block_request **)map_get(&p->requests, hash));
	if (s->way == SYNC_BY_HEADERS && now_ms(p) >= s->rest_until_ms) {
		s->rest_until_ms = now_ms(p) + NOTFOUND_REST_MS;
		if (++s->stalls >= STALLS_MAX)
			peer_close(p, peer, CLOSE_PLAIN, "does not have the blocks of its headers");
	}
	sync_refill_all(p);
}

/* Has it that block, and was it not asked for it before? */
static bool could_send(const struct protocol *p, const struct peer *peer,
		       const struct chain_entry *en)
{
	const struct peer_sync *s = &peer->sync;

	return peer_live(peer) && !peer->paused && now_ms(p) >= s->rest_until_ms &&
	       s->best != CHAIN_NONE && !hash256_equal(&s->late.h, &en->hash.h) &&
	       chain_ancestor(p->o.chain, s->best, en->height) == en->index;
}

/* Of the others that could send what it was asked for first, the one that gave us a block last; NULL: nobody could. */
static struct peer *other_giver(const struct protocol *p, const struct peer *peer)
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

/* How long to wait for it. A new tip must not wait long where others have it. */
static int64_t patience(const struct protocol *p, const struct peer_sync *s, bool others)
{
	if (others && !p->catching_up)
		return sync_headers_ahead(p) < BEHIND_BLOCKS ? MAX(p->tip_ms, TIP_MS)
							     : STALL_MIN_MS;
	return s->avg_ms ? MIN(MAX(s->avg_ms * STALL_TIMES, STALL_MIN_MS), STALL_MAX_MS)
			 : STALL_MAX_MS;
}

/* Others are asked, this one first. */
static void pass_on(struct protocol *p, struct peer *peer, struct peer *to)
{
	struct peer_sync *s = &peer->sync;

	if (to)
		p->tip_ms = MIN(MAX(p->tip_ms, TIP_MS) * 2, TIP_END_MS);
	s->late = list_first(&s->requests, struct block_request, link)->hash;
	s->rest_until_ms = now_ms(p) + TIP_MS;
	s->avg_ms = 0;
	peer->run = 0; /* it has to show again that it gives */
	requests_drop(p, peer);
	if (to)
		sync_refill(p, to);
	sync_refill_all(p);
}

void requests_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;
	int64_t waited = now_ms(p) - s->progress_ms;
	char name[NET_ADDR_CHARS + 16];
	struct peer *other;

	/* While we don't read it can't be blamed. */
	if (s->n_requests == 0 || peer->paused || waited < TIP_MS)
		return;
	other = other_giver(p, peer);
	if (waited < patience(p, s, other != NULL))
		return;
	if (++s->stalls >= STALLS_MAX) {
		peer_close(p, peer, CLOSE_PLAIN, "does not send the blocks asked of it");
		sync_refill_all(p);
		return;
	}
	log_info(LOG_PEER, "peer %s: no block for a while, others are asked",
		 peer_name(peer, name));
	pass_on(p, peer, other);
}
