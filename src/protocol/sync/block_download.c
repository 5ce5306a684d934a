/* Fetching the bodies of headers: from every peer what its chain has within a window that moves with our tip,
 * in order. Where the window can't move because one peer keeps its first block back while others have
 * nothing left to send, that peer goes. Source: Bitcoin Core net_processing.cpp FindNextBlocksToDownload. */
#include <tally/base/checked.h>

#include "protocol/protocol_priv.h"

#define STALL_MS     2000 /* source: Bitcoin Core BLOCK_STALLING_TIMEOUT_DEFAULT and _MAX */
#define STALL_END_MS 64000
#define PATH_SLICE   128

#define UNPROVEN_IN_FLIGHT 2
#define UNPROVEN_STALL_MS  500
#define STEAL_MS           1000

struct window {
	uint32_t first, end; /* heights: the first whose body may be missing, the last to fetch */
	bool tight;
	bool side;             /* a branch that has yet to become better than what is here */
	struct peer *holds_up; /* was asked for the first that is missing */
	bool looked;           /* that is known */
};

/* The last one on the way to `best` of which it is known that all below it are here. */
static struct chain_entry here(const struct protocol *p, const struct peer *peer,
			       const struct chain_entry *best, bool *side)
{
	struct chain_entry complete = chain_best_complete(p->o.chain), at;

	chain_entry_at(p->o.chain, chain_fork(p->o.chain, complete.index, best->index), &at);
	*side = at.index != complete.index;
	if (*side && chain_entry_at(p->o.chain, peer->sync.common, &complete) &&
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

	*w = (struct window){.tight = sync_tight(p)};
	/* A chain of less work than ours is of no use. */
	if ((best->status & CHAIN_ANY_FAILED) || u256_cmp(&best->work, &tip.work) < 0)
		return false;
	last = here(p, peer, best, &w->side);
	w->first = last.height + 1;
	/* A branch is not connected before it is better: there what is here moves the window. */
	if (!w->side)
		chain_entry_at(p->o.chain, chain_fork(p->o.chain, tip.index, best->index), &last);
	w->end = last.height + BLOCK_WINDOW;
	if (w->tight)
		w->end = MIN(w->end, w->first);
	return w->first <= best->height;
}

/* Dialled by us, or it has given a block that was news: anybody can come, tell headers and let us wait. */
static bool proven(const struct peer *peer)
{
	return peer_dialled(peer) || peer->run > 0;
}

/* How many blocks it may be asked for at a time: who has shown nothing yet holds up few. */
static uint32_t at_a_time(const struct peer *peer)
{
	return peer_dialled(peer) ? BLOCKS_IN_FLIGHT
				  : MIN(UNPROVEN_IN_FLIGHT + peer->run, BLOCKS_IN_FLIGHT);
}

/* With something we want, and not slow. */
static bool preferred(const struct protocol *p, const struct peer *peer)
{
	const struct u256 tip = chain_tip(p->o.chain).work;
	const struct peer_sync *s = &peer->sync;
	struct chain_entry best;

	return proven(peer) && s->way == SYNC_BY_HEADERS && !peer->paused &&
	       chain_entry_at(p->o.chain, s->best, &best) && !(best.status & CHAIN_ANY_FAILED) &&
	       u256_cmp(&best.work, &tip) > 0 && s->stalls == 0 && now_ms(p) >= s->rest_until_ms &&
	       hash256_is_zero(&s->late.h);
}

/* Is there a better one to ask than this? */
static bool must_stand_back(const struct protocol *p, const struct peer *peer)
{
	if (proven(peer))
		return false;
	for (const struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (preferred(p, o))
			return true;
	return false;
}

static void have(struct peer *peer, const struct chain_entry *en, struct window *w)
{
	if (w->looked || !w->side)
		return;
	peer->sync.common = en->index;
	w->end = en->height + (w->tight ? 1 : BLOCK_WINDOW);
}

/* What one that has shown nothing was asked for is asked of one that has; and what does not come at once of one that
 * came by itself, of one that we dialled. */
static bool gives_way(const struct protocol *p, const struct peer *asked, const struct peer *to,
		      const struct block_hash *hash)
{
	if (!proven(asked))
		return proven(to);
	return peer_dialled(to) && !peer_dialled(asked) && request_age_ms(p, hash) >= STEAL_MS;
}

/* Asks for one where it is missing. False: nothing beyond it is to be asked for. */
static bool consider(struct protocol *p, struct peer *peer, chain_index i, struct window *w)
{
	struct chain_entry en;
	struct peer *other;

	if (!chain_entry_at(p->o.chain, i, &en))
		return false;
	if (en.status & CHAIN_HAVE_BODY) {
		have(peer, &en, w);
		return true;
	}
	other = request_peer(p, &en.hash);
	if (other && gives_way(p, other, peer, &en.hash)) {
		request_done(p, &en.hash);
		other = NULL;
	}
	if (!w->looked)
		w->holds_up = other;
	w->looked = true;
	if (other || sync_settled(p, &en.hash))
		return true;
	request_put(p, peer, &en.hash);
	put_inv_item(&p->list, INV_BLOCK, &en.hash.h);
	return peer->sync.n_requests < at_a_time(peer);
}

/* It has nothing left to do, because of another. */
static void held_up(struct protocol *p, const struct peer *peer, struct window *w)
{
	struct peer *other = w->holds_up;

	if (peer->sync.n_requests > 0 || w->tight || !other || other == peer || other->paused)
		return;
	if (other->sync.stalling_ms == 0)
		other->sync.stalling_ms = now_ms(p);
}

void window_refill(struct protocol *p, struct peer *peer)
{
	chain_index path[PATH_SLICE];
	struct chain_entry best;
	struct window w;
	uint32_t at;

	if (!chain_entry_at(p->o.chain, peer->sync.best, &best) || !window_of(p, peer, &best, &w) ||
	    must_stand_back(p, peer) || peer->sync.n_requests >= at_a_time(peer))
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
	gate_send_list(p, peer, MSG_GETDATA);
	if (at <= w.end || best.height <= w.end)
		return;
	p->starved = true;
	held_up(p, peer, &w);
}

void window_moved(struct protocol *p)
{
	/* Back down again. Source: Bitcoin Core PeerManagerImpl::BlockConnected. */
	p->stall_ms = MAX(p->stall_ms * 85 / 100, STALL_MS);
	p->tip_ms /= 2;
	if (p->starved)
		p->wake |= WAKE_WORK;
}

void window_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;

	p->stall_ms = MAX(p->stall_ms, STALL_MS);
	if (s->stalling_ms == 0 || peer->paused ||
	    now_ms(p) - s->stalling_ms < (proven(peer) ? p->stall_ms : UNPROVEN_STALL_MS))
		return;
	/* Perhaps the fault lies with our line: the next one has longer. Not where anybody could have come to do so. */
	if (peer_dialled(peer))
		p->stall_ms = MIN(p->stall_ms * 2, STALL_END_MS);
	peer_close(p, peer, CLOSE_PLAIN, "holds up all others: a block asked of it does not come");
}
