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
	request_free(p, *at);
	return true;
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

/* Could another send what it was asked for first? */
static bool others_have(const struct protocol *p, const struct peer *peer)
{
	const struct block_request *first =
		list_first(&peer->sync.requests, struct block_request, link);
	struct chain_entry en;

	if (!chain_find(p->o.chain, &first->hash, &en))
		return false;
	for (const struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (o != peer && o->sync.best != CHAIN_NONE &&
		    chain_ancestor(p->o.chain, o->sync.best, en.height) == en.index)
			return true;
	return false;
}

/* A new tip that one keeps back must not wait long where others have it. */
static int64_t patience(const struct protocol *p, const struct peer *peer)
{
	const struct peer_sync *s = &peer->sync;

	if (!p->catching_up && others_have(p, peer))
		return STALL_MIN_MS;
	return s->avg_ms ? MIN(MAX(s->avg_ms * STALL_TIMES, STALL_MIN_MS), STALL_MAX_MS)
			 : STALL_MAX_MS;
}

void requests_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;
	int64_t waited = now_ms(p) - s->progress_ms;
	char name[NET_ADDR_CHARS + 16];

	/* While we don't read it can't be blamed. */
	if (s->n_requests == 0 || peer->paused || waited < STALL_MIN_MS ||
	    waited < patience(p, peer))
		return;
	if (++s->stalls >= STALLS_MAX) {
		peer_close(p, peer, CLOSE_PLAIN, "does not send the blocks asked of it");
		sync_refill_all(p);
		return;
	}
	log_info(LOG_PEER, "peer %s: no block for a while, others are asked",
		 peer_name(peer, name));
	requests_drop(p, peer);
	/* The others first. */
	s->rest_until_ms = now_ms(p) + 1000;
	s->avg_ms = 0;
	sync_refill_all(p);
}
