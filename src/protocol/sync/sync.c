#include "protocol/sync/sync_priv.h"

#include <inttypes.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/block_download_priv.h"
#include "protocol/sync/block_requests_priv.h"
#include "protocol/sync/headers_first_priv.h"
#include "protocol/sync/sync_getblocks_priv.h"

#define ORPHANS_PER_WORK 16

void sync_peer_init(struct protocol *p, struct peer *peer)
{
	(void)p;
	hash_queue_init(&peer->sync.announced, BLOCKS_ANNOUNCED_MAX);
	list_init(&peer->sync.requests);
	peer->sync.best = peer->sync.branch_stored = CHAIN_NONE;
}

void sync_peer_ready(struct protocol *p, struct peer *peer)
{
	if (!sync_serves_blocks(peer))
		return;
	if (headers_capable(p, peer))
		headers_start(p, peer);
	else
		getblocks_start(p, peer);
}

void sync_peer_gone(struct protocol *p, struct peer *peer)
{
	if (peer->sync.n_requests > 0)
		sync_refill_all_later(p);
	block_requests_drop(p, peer);
	orphan_blocks_peer_gone(p, peer);
	hash_queue_clear(&peer->sync.announced);
	headers_peer_gone(p, peer);
}

/* --- requesting blocks -------------------------------------------------------------------- */

static void refill(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;

	s->refill = false;
	if (!peer_live(peer) || (peer->paused & PAUSE_CHAIN) ||
	    protocol_now_ms(p) < s->backoff_until_ms || block_request_must_yield(p, peer) ||
	    s->n_requests > BLOCKS_IN_FLIGHT / 2)
		return;
	switch (s->method) {
	case SYNC_METHOD_NONE:
		break;
	case SYNC_BY_HEADERS:
		block_download_refill(p, peer);
		break;
	case SYNC_BY_GETBLOCKS:
		getblocks_refill(p, peer);
		break;
	}
}

static void refill_all(struct protocol *p)
{
	struct peer *first = peer_find(p, p->sync.refill_first);

	p->sync.refill_all = p->sync.refill_some = false;
	p->sync.refill_first = 0;
	p->sync.window_full = false;
	if (first)
		refill(p, first);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		refill(p, peer);
}

static void run_deferred_refills(struct protocol *p)
{
	if (p->sync.refill_all) {
		refill_all(p);
		return;
	}
	if (!p->sync.refill_some)
		return;
	p->sync.refill_some = false;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer->sync.refill)
			refill(p, peer);
}

/* --- catching up, or up to date ----------------------------------------------------------- */

/* Number of blocks that are missing or wait to be connected, as far as peers really send them:
 * anybody can announce blocks that don't exist, or not send those that do, and the node must not
 * stay "catching up" for that. */
static size_t blocks_arriving(const struct protocol *p)
{
	size_t most = sync_recent(p, p->sync.best_block_ms) ? sync_headers_ahead(p) : 0;

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer->sync.method == SYNC_BY_GETBLOCKS && sync_sends_blocks(p, peer))
			most = MAX(most,
				   peer->sync.announced.len + peer->sync.n_requests + p->orphans.n);
	return most;
}

static void log_catching_up(const struct protocol *p, size_t n)
{
	if (p->sync.catching_up)
		log_info(LOG_PEER, "catching up: %zu blocks to fetch", n);
	else if (sync_headers_ahead(p) > 0)
		log_info(LOG_PEER, "no more blocks arrive: stopped at height %" PRIu32,
			 chain_height(p->o.chain));
	else
		log_info(LOG_PEER, "up to date at height %" PRIu32, chain_height(p->o.chain));
}

/* Decides whether the node is catching up. It begins with BEHIND_BLOCKS and ends with none, so that
 * it doesn't switch with every block. */
static void update(struct protocol *p)
{
	size_t n = blocks_arriving(p);
	bool behind = p->sync.catching_up
			      ? n > 0 || (p->sync.pending_blocks > 0 && sync_headers_ahead(p) > 0)
			      : n >= BEHIND_BLOCKS;

	p->sync.update = false;
	if (behind == p->sync.catching_up)
		return;
	p->sync.catching_up = behind;
	if (behind)
		p->sync.start_height = chain_height(p->o.chain);
	log_catching_up(p, n);
	chain_set_catching_up(p->o.chain, behind);
	if (!behind) {
		relay_tip(p);
		p->wake |= WAKE_CHAIN | WAKE_PEERS;
	}
}

void sync_run_deferred(struct protocol *p)
{
	if (!protocol_has_chain(p))
		return;
	run_deferred_refills(p);
	if (p->sync.update)
		update(p);
}

/* --- time, and the chain's progress ---------------------------------------------------------- */

static void sync_tick_peer(struct protocol *p, struct peer *peer)
{
	sync_resolve_unknown(p, peer);
	block_requests_tick(p, peer);
	if (peer->sync.method == SYNC_BY_HEADERS && peer_live(peer))
		block_download_tick(p, peer);
	if (peer->sync.method == SYNC_BY_HEADERS && peer_live(peer))
		headers_tick(p, peer);
	else if (peer->sync.method == SYNC_BY_GETBLOCKS && peer_live(peer))
		getblocks_tick(p, peer);
	/* Runs now, not at the end of the tick: what this peer did not deliver is requested from
	 * the peer that block_requests_tick chose, before the loop comes to other peers. */
	run_deferred_refills(p);
	refill(p, peer);
}

void sync_tick(struct protocol *p)
{
	orphan_blocks_expire(p);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		sync_tick_peer(p, peer);
	update(p);
}

bool sync_work(struct protocol *p)
{
	bool more = false;

	if (!protocol_has_chain(p))
		return false;
	if (!list_empty(&p->orphans.ready)) {
		more = block_intake_orphans(p, ORPHANS_PER_WORK);
		p->sync.window_full = p->sync.window_full || !more;
	}
	if (p->sync.window_full)
		refill_all(p);
	return more;
}

void sync_resume(struct protocol *p)
{
	if (!p->sync.reading_paused || p->sync.pending_bytes > PENDING_BYTES_MAX / 2 ||
	    p->sync.pending_blocks > PENDING_BLOCKS_MAX / 2)
		return;
	p->sync.reading_paused = false;
	list_each (it, &p->peers) {
		struct peer *peer = list_entry(it, struct peer, link);

		if (!(peer->paused & PAUSE_CHAIN))
			continue;
		peer_pause(p, peer, PAUSE_CHAIN, false);
		sync_refill_later(p, peer);
	}
}

void sync_chain_idle(struct protocol *p)
{
	/* The blocks that are still counted are on branches that will not be connected. */
	p->sync.pending_bytes = 0;
	p->sync.pending_blocks = 0;
	if (!protocol_has_chain(p))
		return;
	sync_resume(p);
	sync_refill_all_later(p);
	sync_update_later(p);
}
