/* Fetching the blocks of known headers: from every peer those of its chain, in order, within a
 * window that moves with our tip. If the window can't move because one peer doesn't send the first
 * block, while other peers have nothing left to send, the first peer is disconnected. Source:
 * Bitcoin Core net_processing.cpp, FindNextBlocksToDownload.
 *
 * An inbound peer that has sent no new block yet is unproven: an attacker can connect many times,
 * announce headers and not send the blocks. Such a peer gets few requests, only if no proven peer
 * could serve them, and must answer quickly. */
#include "protocol/sync/block_download_priv.h"

#include <tally/base/checked.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/block_requests_priv.h"
#include "protocol/sync/sync_state_priv.h"
#include "protocol/wire/msg_send_priv.h"

/* How long a peer may hold the window back: doubles with each disconnection.
 * Source: Bitcoin Core BLOCK_STALLING_TIMEOUT_DEFAULT and BLOCK_STALLING_TIMEOUT_MAX. */
#define STALL_MIN_MS      2000
#define STALL_MAX_MS      64000
#define STALL_UNPROVEN_MS 500

#define UNPROVEN_IN_FLIGHT 2    /* blocks requested from an unproven peer at first */
#define REASSIGN_MS        1000 /* an inbound peer's request may go to an outbound peer after this */
#define PATH_SLICE         128  /* heights looked up at a time */

struct window {
	uint32_t first; /* height of the first block that may be missing */
	uint32_t end;   /* height of the last block to fetch */
	bool throttled;
	bool branch;         /* the peer's chain is a branch that has not become the best one yet */
	bool found_missing;  /* the first missing block was found: */
	struct peer *holder; /* the peer that it is requested from; NULL: none */
};

/* The highest block on the chain of `best` that is stored together with all its ancestors. *branch:
 * `best` is on another branch than our best complete block. */
static struct chain_entry last_stored(const struct protocol *p, const struct peer *peer,
				      const struct chain_entry *best, bool *branch)
{
	struct chain_entry complete = chain_best_complete(p->o.chain), at;

	chain_entry_at(p->o.chain, chain_fork(p->o.chain, complete.index, best->index), &at);
	*branch = at.index != complete.index;
	if (*branch && chain_entry_at(p->o.chain, peer->sync.branch_stored, &complete) &&
	    complete.height > at.height &&
	    chain_ancestor(p->o.chain, best->index, complete.height) == complete.index)
		return complete;
	return at;
}

/* False: there is nothing to fetch from this peer. */
static bool window_of(const struct protocol *p, const struct peer *peer,
		      const struct chain_entry *best, struct window *w)
{
	struct chain_entry tip = chain_tip(p->o.chain), last;

	*w = (struct window){.throttled = sync_throttled(p)};
	/* A chain with less work than ours is not fetched. */
	if ((best->status & CHAIN_ANY_FAILED) || u256_cmp(&best->work, &tip.work) < 0)
		return false;
	last = last_stored(p, peer, best, &w->branch);
	w->first = last.height + 1;
	/* The window begins after the tip. On a branch it begins after the last stored block, because
	 * the tip stays on our chain until the branch has more work. */
	if (!w->branch)
		chain_entry_at(p->o.chain, chain_fork(p->o.chain, tip.index, best->index), &last);
	w->end = last.height + BLOCK_WINDOW;
	if (w->throttled)
		w->end = MIN(w->end, w->first);
	return w->first <= best->height;
}

static bool is_proven(const struct peer *peer)
{
	return peer_outbound(peer) || peer->useful_blocks > 0;
}

static uint32_t max_in_flight(const struct peer *peer)
{
	return peer_outbound(peer)
		       ? BLOCKS_IN_FLIGHT
		       : MIN(UNPROVEN_IN_FLIGHT + peer->useful_blocks, BLOCKS_IN_FLIGHT);
}

/* A proven peer that has blocks we need and has not been slow. */
static bool is_preferred(const struct protocol *p, const struct peer *peer)
{
	const struct u256 tip = chain_tip(p->o.chain).work;
	const struct peer_sync *s = &peer->sync;
	struct chain_entry best;

	return is_proven(peer) && s->method == SYNC_BY_HEADERS && !peer->paused &&
	       chain_entry_at(p->o.chain, s->best, &best) && !(best.status & CHAIN_ANY_FAILED) &&
	       u256_cmp(&best.work, &tip) > 0 && s->timeouts == 0 &&
	       protocol_now_ms(p) >= s->backoff_until_ms && hash256_is_zero(&s->timed_out_block.h);
}

static bool better_peer_exists(const struct protocol *p, const struct peer *peer)
{
	if (is_proven(peer))
		return false;
	for (const struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (is_preferred(p, o))
			return true;
	return false;
}

/* The block after the last stored one is stored, too. On a branch this moves the window by a block. */
static void note_stored(struct peer *peer, const struct chain_entry *en, struct window *w)
{
	if (w->found_missing || !w->branch)
		return;
	peer->sync.branch_stored = en->index;
	w->end = en->height + (w->throttled ? 1 : BLOCK_WINDOW);
}

/* A request moves from an unproven peer to a proven one at once, and from an inbound peer to an
 * outbound one after REASSIGN_MS. */
static bool may_reassign(const struct protocol *p, const struct peer *from, const struct peer *to,
			 const struct block_hash *hash)
{
	if (!is_proven(from))
		return is_proven(to);
	return peer_outbound(to) && !peer_outbound(from) &&
	       block_request_age_ms(p, hash) >= REASSIGN_MS;
}

/* Requests the block if it is missing. False: nothing further is to be requested. */
static bool consider(struct protocol *p, struct peer *peer, chain_index i, struct window *w)
{
	struct chain_entry en;
	struct peer *holder;

	if (!chain_entry_at(p->o.chain, i, &en))
		return false;
	if (en.status & CHAIN_HAVE_BODY) {
		note_stored(peer, &en, w);
		return true;
	}
	holder = block_request_peer(p, &en.hash);
	if (holder && may_reassign(p, holder, peer, &en.hash)) {
		block_request_cancel(p, &en.hash);
		holder = NULL;
	}
	if (!w->found_missing)
		w->holder = holder;
	w->found_missing = true;
	if (holder || sync_settled(p, &en.hash))
		return true;
	block_request_add(p, peer, &en.hash);
	return peer->sync.n_requests < max_in_flight(peer);
}

/* The peer has nothing left to send within the window. If another peer holds the window back, that
 * peer's timeout starts. */
static void note_stalling(struct protocol *p, const struct peer *peer, const struct window *w)
{
	struct peer *holder = w->holder;

	if (peer->sync.n_requests > 0 || w->throttled || !holder || holder == peer ||
	    holder->paused)
		return;
	if (holder->sync.stalling_since_ms == 0)
		holder->sync.stalling_since_ms = protocol_now_ms(p);
}

void block_download_refill(struct protocol *p, struct peer *peer)
{
	chain_index path[PATH_SLICE];
	struct chain_entry best;
	struct window w;
	uint32_t at;

	if (!chain_entry_at(p->o.chain, peer->sync.best, &best) || !window_of(p, peer, &best, &w) ||
	    better_peer_exists(p, peer) || peer->sync.n_requests >= max_in_flight(peer))
		return;
	for (at = w.first; at <= w.end && at <= best.height;) {
		size_t n = chain_path(p->o.chain, best.index, at, path,
				      MIN(PATH_SLICE, w.end - at + 1)),
		       i = 0;

		while (i < n && consider(p, peer, path[i], &w))
			i++;
		at += (uint32_t)i;
		if (i < n)
			break;
	}
	msg_send_list(p, peer, MSG_GETDATA);
	if (at <= w.end || best.height <= w.end)
		return;
	p->sync.window_full = true;
	note_stalling(p, peer, &w);
}

void block_download_connected(struct protocol *p)
{
	/* Timeouts that were raised fall with every block. Source: Bitcoin Core
	 * PeerManagerImpl::BlockConnected. */
	p->sync.stall_timeout_ms = MAX(p->sync.stall_timeout_ms * 85 / 100, STALL_MIN_MS);
	p->sync.tip_timeout_ms /= 2;
	if (p->sync.window_full)
		p->wake |= WAKE_WORK;
}

void block_download_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;

	p->sync.stall_timeout_ms = MAX(p->sync.stall_timeout_ms, STALL_MIN_MS);
	if (s->stalling_since_ms == 0 || peer->paused ||
	    protocol_now_ms(p) - s->stalling_since_ms <
		    (is_proven(peer) ? p->sync.stall_timeout_ms : STALL_UNPROVEN_MS))
		return;
	/* Our own line may be the slow one, so the next peer gets more time. Not after an inbound
	 * peer: an attacker could raise the timeout by stalling again and again. */
	if (peer_outbound(peer))
		p->sync.stall_timeout_ms = MIN(p->sync.stall_timeout_ms * 2, STALL_MAX_MS);
	peer_close(p, peer, CLOSE_PLAIN, "stalling block download");
}
