/* What every way of fetching blocks shares: what is needed, what peers have, whether we are behind, how
 * fast it goes. The ways themselves are sync_*.c. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define BEHIND_BLOCKS 24   /* outstanding: catching up */
#define PROGRESS_MS   5000 /* and a block came within this time */
#define HELD_A_TURN   16

void sync_peer_init(struct peer *peer)
{
	hash_queue_init(&peer->sync.want, BLOCKS_ANNOUNCED_MAX);
	list_init(&peer->sync.requests);
}

/* Full nodes tell so; the simplest peers may not know how. */
bool sync_serves_blocks(const struct peer *peer)
{
	return peer->has_chain &&
	       ((peer->services & SERVICE_NETWORK) || peer->version < PROTOCOL_HEADERS_VERSION);
}

void sync_peer_ready(struct protocol *p, struct peer *peer)
{
	if (sync_serves_blocks(peer))
		classic_start(p, peer);
}

void sync_peer_gone(struct protocol *p, struct peer *peer)
{
	bool had = peer->sync.n_requests > 0;

	requests_drop(p, peer);
	hash_queue_clear(&peer->sync.want);
	if (had && has_chain(p))
		sync_refill_all(p);
}

bool sync_pending(const struct protocol *p, const struct block_hash *hash)
{
	return map_get(&p->requests, hash) || hold_has(&p->hold, hash) ||
	       hash_memory_has(&p->future, &hash->h);
}

bool sync_settled(const struct protocol *p, const struct block_hash *hash)
{
	struct chain_entry en;

	if (hold_has(&p->hold, hash) || hash_memory_has(&p->future, &hash->h))
		return true;
	return chain_find(p->o.chain, hash, &en) &&
	       (en.status & (CHAIN_HAVE_BODY | CHAIN_FAILED | CHAIN_FAILED_ANCESTOR));
}

bool sync_needs(const struct protocol *p, const struct block_hash *hash)
{
	return !map_get(&p->requests, hash) && !sync_settled(p, hash);
}

void sync_has_block(struct peer *peer, const struct chain_entry *en)
{
	struct peer_sync *s = &peer->sync;

	if (s->has_best && en->height < s->best_height)
		return;
	s->has_best = true;
	s->best = en->hash;
	s->best_height = en->height;
	peer->relay.told = en->index;
}

/* The peer tells that it has this block. */
void sync_announced(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	struct peer_sync *s = &peer->sync;
	struct chain_entry en;

	peer->has_chain = true;
	if (!chain_find(p->o.chain, hash, &en)) {
		s->last_unknown = *hash;
		return;
	}
	if (hash256_equal(&s->last_unknown.h, &hash->h))
		s->last_unknown = (struct block_hash){0};
	sync_has_block(peer, &en);
}

void sync_refill_all(struct protocol *p)
{
	if (!has_chain(p))
		return;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		classic_refill(p, peer);
}

/* Blocks known to be missing, and those that wait to be connected. */
static size_t outstanding(const struct protocol *p)
{
	uint32_t best = chain_best_header(p->o.chain).height, tip = chain_height(p->o.chain);
	size_t most = 0;

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		most = MAX(most, peer->sync.want.len + peer->sync.n_requests);
	return most + p->hold.n + (best > tip ? best - tip : 0);
}

/* A peer that announces blocks and never sends them must not keep us from being up to date: only
 * while blocks come are we catching up. */
void sync_update(struct protocol *p)
{
	size_t left = outstanding(p);
	bool moving = p->accepted > 0 && now_ms(p) - p->accepted_ms < PROGRESS_MS;
	bool behind = p->catching_up ? left > 0 && (moving || p->ahead_blocks > 0)
				     : left >= BEHIND_BLOCKS && moving;

	if (behind == p->catching_up)
		return;
	p->catching_up = behind;
	if (behind)
		p->sync_from = chain_height(p->o.chain);
	chain_set_catching_up(p->o.chain, behind);
	if (!behind) {
		relay_tip(p);
		p->wake |= WAKE_CHAIN | WAKE_PEERS;
	}
}

/* Blocks announced before they were here may be here now. */
static void learn_best(struct protocol *p, struct peer *peer)
{
	struct block_hash hash = peer->sync.last_unknown;

	if (!hash256_is_zero(&hash.h))
		sync_announced(p, peer, &hash);
}

void sync_tick(struct protocol *p)
{
	hold_tick(p);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		learn_best(p, peer);
		requests_tick(p, peer);
		if (peer_live(peer))
			classic_tick(p, peer);
	}
	sync_update(p);
}

bool sync_work(struct protocol *p)
{
	bool more;

	if (!has_chain(p) || list_empty(&p->hold.ready))
		return false;
	more = hold_work(p, HELD_A_TURN);
	if (!more)
		sync_refill_all(p);
	return more;
}

void sync_rate_tick(struct protocol *p)
{
	p->rate[p->rate_at % RATE_SAMPLES] = p->connected;
	p->rate_ms[p->rate_at % RATE_SAMPLES] = now_ms(p);
	p->rate_at++;
}

/* Blocks connected a second, over the last few ticks and what came since. */
static double rate(const struct protocol *p)
{
	unsigned oldest = p->rate_at < RATE_SAMPLES ? 0 : p->rate_at % RATE_SAMPLES;
	int64_t took;

	if (p->rate_at == 0)
		return 0;
	took = now_ms(p) - p->rate_ms[oldest];
	return took > 0 ? (double)(p->connected - p->rate[oldest]) * 1000.0 / (double)took : 0;
}

void protocol_sync_info(const struct protocol *p, struct sync_info *out)
{
	uint32_t target;

	memset(out, 0, sizeof(*out));
	out->eta_s = -1;
	out->in_flight = (uint32_t)map_len(&p->requests);
	if (!has_chain(p)) {
		for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
			out->target = MAX(out->target, peer->sync.best_height);
		return;
	}
	out->from = p->sync_from;
	out->height = chain_height(p->o.chain);
	target = MAX(out->height, chain_best_header(p->o.chain).height);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		target = MAX(target, peer->sync.best_height);
		target = MAX(target, (uint32_t)MAX(peer->start_height, 0));
		if (peer->sync.n_requests > 0 && out->peer == 0)
			out->peer = peer->info.id;
	}
	out->target = target;
	out->active = p->catching_up || out->in_flight > 0;
	out->blocks_per_s = rate(p);
	if (out->active && out->blocks_per_s > 0)
		out->eta_s = (int64_t)((double)(target - out->height) / out->blocks_per_s);
}
