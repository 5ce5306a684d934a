/* What every way of fetching blocks shares: what is needed, what peers have, whether we are behind. The ways
 * themselves are sync_*.c. */
#include <inttypes.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>

#include "protocol/protocol_priv.h"

#define PROGRESS_MS 5000
#define HELD_A_TURN 16
#define WORK_DEPTH  144 /* source: tally-protocol(7), CONDUCT */

void sync_peer_init(struct peer *peer)
{
	hash_queue_init(&peer->sync.want, BLOCKS_ANNOUNCED_MAX);
	list_init(&peer->sync.requests);
	peer->sync.best = peer->sync.common = CHAIN_NONE;
}

/* Full nodes tell so; the simplest peers may not know how. */
bool sync_serves_blocks(const struct peer *peer)
{
	return peer->has_chain &&
	       ((peer->services & SERVICE_NETWORK) || peer->version < PROTOCOL_HEADERS_VERSION);
}

void sync_peer_ready(struct protocol *p, struct peer *peer)
{
	if (!sync_serves_blocks(peer))
		return;
	if (headers_capable(p, peer))
		headers_start(p, peer);
	else
		classic_start(p, peer);
}

void sync_peer_gone(struct protocol *p, struct peer *peer)
{
	bool had = peer->sync.n_requests > 0;

	requests_drop(p, peer);
	hold_peer_gone(p, peer);
	hash_queue_clear(&peer->sync.want);
	headers_peer_gone(p, peer);
	if (had && has_chain(p))
		sync_refill_all(p);
}

bool sync_pending(const struct protocol *p, const struct block_hash *hash)
{
	return map_get(&p->requests, hash) || hold_has(&p->hold, hash) ||
	       chain_has_future(p->o.chain, hash);
}

bool sync_settled(const struct protocol *p, const struct block_hash *hash)
{
	struct chain_entry en;

	/* Once its header is here its time has come. */
	if (chain_find(p->o.chain, hash, &en))
		return (en.status & (CHAIN_HAVE_BODY | CHAIN_ANY_FAILED)) ||
		       hold_has(&p->hold, hash);
	return hold_has(&p->hold, hash) || chain_has_future(p->o.chain, hash);
}

bool sync_needs(const struct protocol *p, const struct block_hash *hash)
{
	return !map_get(&p->requests, hash) && !sync_settled(p, hash);
}

void sync_has_block(const struct protocol *p, struct peer *peer, const struct chain_entry *en)
{
	struct peer_sync *s = &peer->sync;

	if (s->best != CHAIN_NONE && u256_cmp(&en->work, &s->best_work) < 0)
		return;
	if (s->best != en->index)
		s->told_ms = now_ms(p);
	s->best = en->index;
	s->best_work = en->work;
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
	sync_has_block(p, peer, &en);
}

void sync_ask(struct protocol *p, struct peer *peer, enum msg_kind kind,
	      const struct block_hash *first, size_t n, chain_index from,
	      const struct block_hash *stop)
{
	struct block_hash locator[CHAIN_LOCATOR_MAX + 2];
	struct msg m = {.kind = kind};

	for (size_t i = 0; i < n; i++)
		locator[i] = first[i];
	n += chain_locator(p->o.chain, from, locator + n);
	/* The last is genesis, where everybody begins who knows none of them. */
	m.u.locator.n = MIN(n, CHAIN_LOCATOR_MAX);
	m.u.locator.version = PROTOCOL_VERSION;
	m.u.locator.hashes = locator[0].h.b;
	if (stop)
		m.u.locator.stop = *stop;
	peer->sync.asked = true;
	peer->sync.asked_ms = now_ms(p);
	peer->sync.asked_accepted = p->accepted;
	gate_send(p, peer, &m);
}

bool sync_tight(const struct protocol *p)
{
	return p->ahead_bytes > AHEAD_BYTES_MAX / 2;
}

struct u256 sync_bar(const struct protocol *p)
{
	struct chain_entry tip = chain_tip(p->o.chain);
	struct u256 each = work_of_bits(tip.bits), bar = tip.work;

	for (unsigned i = 0; i < WORK_DEPTH; i++)
		bar = u256_sub(&bar, &each);
	return bar;
}

void sync_refill(struct protocol *p, struct peer *peer)
{
	if (!peer_live(peer) || (peer->paused & PAUSE_CHAIN) ||
	    now_ms(p) < peer->sync.rest_until_ms || request_must_wait(p, peer) ||
	    peer->sync.n_requests > BLOCKS_IN_FLIGHT / 2)
		return;
	if (peer->sync.way == SYNC_BY_HEADERS)
		window_refill(p, peer);
	else if (peer->sync.way == SYNC_BY_INV)
		classic_refill(p, peer);
}

void sync_refill_all(struct protocol *p)
{
	if (!has_chain(p))
		return;
	p->starved = false;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		sync_refill(p, peer);
}

/* --- behind, or up to date ----------------------------------------------------------- */

bool sync_lately(const struct protocol *p, int64_t ms)
{
	return now_ms(p) - ms < PROGRESS_MS;
}

size_t sync_headers_ahead(const struct protocol *p)
{
	struct chain_entry best = chain_best_header(p->o.chain), tip = chain_tip(p->o.chain), fork;

	if (u256_cmp(&best.work, &tip.work) > 0 &&
	    chain_entry_at(p->o.chain, chain_fork(p->o.chain, best.index, tip.index), &fork))
		return best.height - fork.height;
	return 0;
}

/* Anybody may name blocks that don't exist: one that gives none counts for nothing. */
bool sync_gives_blocks(const struct protocol *p, const struct peer *peer)
{
	return peer->run >= (p->catching_up ? 1 : BEHIND_BLOCKS) &&
	       sync_lately(p, peer->last_block_ms);
}

/* Blocks known to be missing and those that wait to be connected, of a source from which they come: where
 * they are kept back, by who told of them or by all, we are as far as we can be. */
static size_t coming(const struct protocol *p)
{
	size_t most = sync_lately(p, p->towards_ms) ? sync_headers_ahead(p) : 0;

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer->sync.way == SYNC_BY_INV && sync_gives_blocks(p, peer))
			most = MAX(most, peer->sync.want.len + peer->sync.n_requests + p->hold.n);
	return most;
}

void sync_update(struct protocol *p)
{
	size_t n = coming(p);
	bool behind = p->catching_up ? n > 0 || (p->ahead_blocks > 0 && sync_headers_ahead(p) > 0)
				     : n >= BEHIND_BLOCKS;

	if (behind == p->catching_up)
		return;
	p->catching_up = behind;
	if (behind) {
		p->sync_from = chain_height(p->o.chain);
		log_info(LOG_PEER, "catching up: %zu blocks to fetch", n);
	} else {
		log_info(LOG_PEER, "%s at height %" PRIu32,
			 sync_headers_ahead(p) > 0 ? "no more blocks come: stopped" : "up to date",
			 chain_height(p->o.chain));
	}
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

static void tick_peer(struct protocol *p, struct peer *peer)
{
	learn_best(p, peer);
	requests_tick(p, peer);
	if (peer->sync.way == SYNC_BY_HEADERS && peer_live(peer))
		window_tick(p, peer);
	if (peer->sync.way == SYNC_BY_HEADERS && peer_live(peer))
		headers_tick(p, peer);
	else if (peer->sync.way == SYNC_BY_INV && peer_live(peer))
		classic_tick(p, peer);
	sync_refill(p, peer);
}

void sync_tick(struct protocol *p)
{
	hold_tick(p);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		tick_peer(p, peer);
	sync_update(p);
}

bool sync_work(struct protocol *p)
{
	bool more = false;

	if (!has_chain(p))
		return false;
	if (!list_empty(&p->hold.ready)) {
		more = hold_work(p, HELD_A_TURN);
		p->starved = p->starved || !more;
	}
	if (p->starved)
		sync_refill_all(p);
	return more;
}
