/* Headers first: a peer sends its headers, up to 2,000 in a message, and blocks are requested only
 * of chains whose headers promise enough work (block_download.c). Only one peer at a time sends
 * headers by the thousand: it has its turn. The others follow when it has sent all, and need to
 * send little then. After 10 s, or if the peer times out, the next one that waits has its turn. */
#include "protocol/sync/headers_first_priv.h"

#include <inttypes.h>

#include <tally/base/log.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/headers_accept_priv.h"
#include "protocol/sync/headers_presync_priv.h"
#include "protocol/sync/sync_getblocks_priv.h"
#include "protocol/sync/sync_state_priv.h"
#include "protocol/wire/msg_send_priv.h"

/* A getheaders without an answer times out. A peer that has never sent headers is synchronised by
 * getblocks from then on. */
#define HEADERS_TIMEOUT_MS 10000
#define TURN_MS            10000

bool headers_capable(const struct protocol *p, const struct peer *peer)
{
	return p->o.sync == SYNC_HEADERS && peer->version >= PROTOCOL_HEADERS_VERSION;
}

static void request_from(struct protocol *p, struct peer *peer, chain_index from)
{
	peer->sync.more_available = false;
	sync_request(p, peer, MSG_GETHEADERS, &(const struct sync_locator){.from = from});
}

/* From the parent of our best header: if the answer is not empty, the peer has our best header,
 * too. */
static void request_from_best(struct protocol *p, struct peer *peer)
{
	struct chain_entry best = chain_best_header(p->o.chain);

	request_from(p, peer, best.prev == CHAIN_NONE ? best.index : best.prev);
}

void headers_request(struct protocol *p, struct peer *peer)
{
	if (!peer->sync.request_pending)
		request_from_best(p, peer);
}

void headers_choose(struct protocol *p, struct peer *peer)
{
	peer->sync.method = SYNC_BY_HEADERS;
	if (peer->version < VERSION_SENDHEADERS || peer->sync.sendheaders_sent)
		return;
	peer->sync.sendheaders_sent = true;
	msg_send_empty(p, peer, MSG_SENDHEADERS);
}

void headers_start(struct protocol *p, struct peer *peer)
{
	headers_choose(p, peer);
	/* Announcements from before there was a chain: the same blocks come as headers now. */
	hash_queue_clear(&peer->sync.announced);
	request_from_best(p, peer);
}

/* --- turns ---------------------------------------------------------------- */

static bool waits_for_turn(const struct peer *peer)
{
	return peer->sync.method == SYNC_BY_HEADERS && peer->sync.more_available &&
	       !peer->sync.request_pending;
}

static void begin_turn(struct protocol *p, struct peer *peer)
{
	p->sync.headers_peer = peer->info.id;
	p->sync.headers_since_ms = peer->sync.headers_turn_ms = protocol_now_ms(p);
}

/* Peers that timed out are last, outbound peers come before inbound ones, and then the peer whose
 * last turn is longest ago. So an attacker with many inbound connections can't have all the
 * turns. */
static bool is_before(const struct peer *a, const struct peer *b)
{
	if (a->sync.headers_timed_out != b->sync.headers_timed_out)
		return b->sync.headers_timed_out;
	if (peer_outbound(a) != peer_outbound(b))
		return peer_outbound(a);
	return a->sync.headers_turn_ms < b->sync.headers_turn_ms;
}

static void begin_next_turn(struct protocol *p)
{
	struct peer *next = NULL;

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (waits_for_turn(peer) && (!next || is_before(peer, next)))
			next = peer;
	if (!next)
		return;
	begin_turn(p, next);
	request_from_best(p, next);
}

static bool is_others_turn(const struct protocol *p, const struct peer *peer)
{
	return p->sync.headers_peer != 0 && p->sync.headers_peer != peer->info.id &&
	       protocol_now_ms(p) - p->sync.headers_since_ms < TURN_MS;
}

/* The peer has no more headers, or its turn has failed. All others that wait may go on: they have
 * few headers that we don't have. */
static void end_turn(struct protocol *p, struct peer *peer)
{
	char name[PEER_NAME_CHARS];

	if (p->sync.headers_peer != peer->info.id)
		return;
	log_info(LOG_PEER, "peer %s: headers up to height %" PRIu32, peer_name(peer, name),
		 peer->sync.best_height);
	p->sync.headers_peer = 0;
	for (struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (waits_for_turn(o))
			request_from_best(p, o);
}

/* The message was full: requests the headers after `last`, when it is the peer's turn. */
static void request_more(struct protocol *p, struct peer *peer, chain_index last)
{
	struct chain_entry best = chain_best_header(p->o.chain), at;
	struct sync_locator l = {.from = last};

	if (is_others_turn(p, peer)) {
		peer->sync.more_available = true;
		return;
	}
	if (p->sync.headers_peer != peer->info.id)
		begin_turn(p, peer);
	peer->sync.more_available = false;
	/* If other peers have sent more headers than this one so far, the locator begins with our
	 * best header, so that it skips those. */
	if (best.index != last && chain_entry_at(p->o.chain, last, &at) &&
	    u256_cmp(&best.work, &at.work) > 0)
		l.first = &best.hash;
	sync_request(p, peer, MSG_GETHEADERS, &l);
}

void headers_peer_gone(struct protocol *p, struct peer *peer)
{
	headers_presync_free(peer);
	if (protocol_has_chain(p))
		end_turn(p, peer);
}

/* --- receiving ----------------------------------------------------------------- */

void headers_unconnected(struct protocol *p, struct peer *peer, const struct block_hash *last)
{
	struct peer_sync *s = &peer->sync;

	s->last_unknown = *last;
	if (++s->unconnected >= UNCONNECTED_MAX)
		peer_close(p, peer, CLOSE_PLAIN,
			   "%d messages in a row with headers or blocks whose parents are unknown",
			   UNCONNECTED_MAX);
	else
		headers_request(p, peer);
}

/* All headers of a message with n of them are stored, up to `last`. */
static void message_stored(struct protocol *p, struct peer *peer, size_t n, chain_index last)
{
	if (n >= HEADERS_MAX)
		request_more(p, peer, last);
	else
		end_turn(p, peer);
}

/* Headers that follow the stored block `at`. */
static void receive_connected(struct protocol *p, struct peer *peer, const struct msg_list *l,
			      struct chain_entry at)
{
	size_t first = headers_skip_known(p, l, &at);
	struct u256 min_work = sync_min_work(p);
	chain_index last = at.index;

	if (first < l->n && u256_cmp(&at.work, &min_work) < 0) {
		if (headers_presync_start(p, peer, l, first, &last) == PRESYNC_STORED)
			message_stored(p, peer, l->n, last);
		return;
	}
	if (headers_store(p, peer, &(const struct header_range){l, first, l->n}, &last))
		message_stored(p, peer, l->n, last);
	else
		end_turn(p, peer);
}

/* Headers whose first one has an unknown parent: each must at least follow the one before it. */
static void receive_unconnected(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct block_hash last;
	struct block_header h;
	struct err e;

	err_clear(&e);
	for (size_t i = 0; i < l->n; i++) {
		msg_header_at(l, i, &h);
		if (i > 0 && !headers_follow(&h, &last, &e)) {
			headers_refused(p, peer, &h, &e);
			return;
		}
		header_hash(&last, &h);
	}
	headers_unconnected(p, peer, &last);
}

static void receive_some(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct block_header first;
	struct chain_entry prev;
	chain_index last;

	switch (headers_presync_receive(p, peer, l, &last)) {
	case PRESYNC_NOT_MINE:
		msg_header_at(l, 0, &first);
		if (chain_find(p->o.chain, &first.prev, &prev))
			receive_connected(p, peer, l, prev);
		else
			receive_unconnected(p, peer, l);
		break;
	case PRESYNC_CONSUMED:
		break;
	case PRESYNC_STORED:
		message_stored(p, peer, l->n, last);
		break;
	}
}

void headers_receive(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	peer->has_chain = true;
	peer->sync.request_pending = false;
	peer->sync.answers_headers = true;
	if (l->n == 0) {
		headers_presync_free(peer);
		end_turn(p, peer);
		return;
	}
	receive_some(p, peer, l);
	sync_refill_later(p, peer);
	sync_update_later(p);
}

/* --- time ----------------------------------------------------------------------- */

static void headers_time_out(struct protocol *p, struct peer *peer)
{
	const bool its_turn = p->sync.headers_peer == peer->info.id;
	char name[PEER_NAME_CHARS];

	peer->sync.request_pending = false;
	headers_presync_free(peer);
	if (!peer->sync.answers_headers) {
		log_info(LOG_PEER, "peer %s: no headers within 10 s, using getblocks",
			 peer_name(peer, name));
		getblocks_start(p, peer);
		return;
	}
	/* If the peer timed out during its turn, it waits for another turn, and the next peer has
	 * its turn now. */
	peer->sync.more_available = its_turn;
	peer->sync.headers_timed_out = true;
	if (!its_turn)
		return;
	p->sync.headers_peer = 0;
	begin_next_turn(p);
}

void headers_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;
	int64_t since = protocol_now_ms(p) - s->requested_ms;
	bool claims_more;

	if (s->request_pending) {
		if (since >= HEADERS_TIMEOUT_MS && !peer->paused)
			headers_time_out(p, peer);
		return;
	}
	if (s->more_available && !is_others_turn(p, peer)) {
		begin_next_turn(p);
		return;
	}
	claims_more = !hash256_is_zero(&s->last_unknown.h) ||
		      (s->best == CHAIN_NONE &&
		       peer->start_height > (int64_t)chain_best_header(p->o.chain).height);
	if (s->future_retry_unix != 0 && protocol_now_unix(p) >= s->future_retry_unix) {
		s->future_retry_unix = 0;
		request_from_best(p, peer);
	} else if (claims_more && since >= REQUEST_BEHIND_MS) {
		request_from_best(p, peer);
	}
}
