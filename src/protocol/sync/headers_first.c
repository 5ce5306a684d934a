/* Headers first: a peer tells its headers, up to 2,000 an answer; what they promise in work is checked before
 * any body is fetched (window.c). One peer at a time tells of headers by the thousand, the others follow when
 * it has told all; after ten seconds, or where it fails, one of those that wait has its turn. */
#include <inttypes.h>

#include <tally/base/log.h>

#include "protocol/protocol_priv.h"

#define ANSWER_MS 10000 /* without headers: it is asked the classic way */
#define ALONE_MS  10000

bool headers_capable(const struct protocol *p, const struct peer *peer)
{
	return p->o.sync == SYNC_HEADERS && peer->version >= PROTOCOL_HEADERS_VERSION;
}

static void ask_from(struct protocol *p, struct peer *peer, chain_index from)
{
	peer->sync.more = false;
	sync_ask(p, peer, MSG_GETHEADERS, NULL, 0, from, NULL);
}

/* From the one before our best: an answer that is not empty tells that the peer has the best, too. */
static void ask_best(struct protocol *p, struct peer *peer)
{
	struct chain_entry best = chain_best_header(p->o.chain);

	ask_from(p, peer, best.prev == CHAIN_NONE ? best.index : best.prev);
}

void headers_ask(struct protocol *p, struct peer *peer)
{
	if (!peer->sync.asked)
		ask_best(p, peer);
}

void headers_choose(struct protocol *p, struct peer *peer)
{
	peer->sync.way = SYNC_BY_HEADERS;
	if (peer->version < VERSION_SENDHEADERS || peer->sync.headers_wished)
		return;
	peer->sync.headers_wished = true;
	gate_send_empty(p, peer, MSG_SENDHEADERS);
}

void headers_start(struct protocol *p, struct peer *peer)
{
	headers_choose(p, peer);
	/* What was told while we had no chain comes again, as headers. */
	hash_queue_clear(&peer->sync.want);
	ask_best(p, peer);
}

/* --- one at a time ---------------------------------------------------------------- */

static bool waits(const struct peer *peer)
{
	return peer->sync.way == SYNC_BY_HEADERS && peer->sync.more && !peer->sync.asked;
}

/* All is told: what the others have besides is little. */
static void others_go_on(struct protocol *p)
{
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (waits(peer))
			ask_best(p, peer);
}

static void take_turn(struct protocol *p, struct peer *peer)
{
	p->headers_from = peer->info.id;
	p->headers_since_ms = peer->sync.turn_ms = now_ms(p);
}

/* Whose turn is first: those that kept us waiting are last, then those come that we dialled, then who waits longest.
 * So whoever answers quickly and tells nothing, on many connections, can't have all the turns. */
static bool goes_first(const struct peer *a, const struct peer *b)
{
	if (a->sync.kept_waiting != b->sync.kept_waiting)
		return b->sync.kept_waiting;
	if (peer_dialled(a) != peer_dialled(b))
		return peer_dialled(a);
	return a->sync.turn_ms < b->sync.turn_ms;
}

static void next_turn(struct protocol *p)
{
	struct peer *next = NULL;

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (waits(peer) && (!next || goes_first(peer, next)))
			next = peer;
	if (!next)
		return;
	take_turn(p, next);
	ask_best(p, next);
}

static bool must_wait(const struct protocol *p, const struct peer *peer)
{
	return p->headers_from != 0 && p->headers_from != peer->info.id &&
	       now_ms(p) - p->headers_since_ms < ALONE_MS;
}

/* Its answer was full. */
static void go_on(struct protocol *p, struct peer *peer, chain_index last)
{
	struct chain_entry best = chain_best_header(p->o.chain), at;

	if (must_wait(p, peer)) {
		peer->sync.more = true;
		return;
	}
	if (p->headers_from != peer->info.id)
		take_turn(p, peer);
	peer->sync.more = false;
	/* What we have from others already need not be told again. */
	if (best.index != last && chain_entry_at(p->o.chain, last, &at) &&
	    u256_cmp(&best.work, &at.work) > 0)
		sync_ask(p, peer, MSG_GETHEADERS, &best.hash, 1, last, NULL);
	else
		ask_from(p, peer, last);
}

/* It has told all, or will not. */
static void told_all(struct protocol *p, struct peer *peer)
{
	char name[NET_ADDR_CHARS + 16];

	if (p->headers_from != peer->info.id)
		return;
	log_info(LOG_PEER, "peer %s: headers up to height %" PRIu32, peer_name(peer, name),
		 peer->sync.best_height);
	p->headers_from = 0;
	others_go_on(p);
}

void headers_peer_gone(struct protocol *p, struct peer *peer)
{
	low_headers_free(peer);
	if (has_chain(p))
		told_all(p, peer);
}

/* --- what it tells ----------------------------------------------------------------- */

void headers_unconnected(struct protocol *p, struct peer *peer, const struct block_hash *last)
{
	struct peer_sync *s = &peer->sync;

	s->last_unknown = *last;
	if (++s->unconnected >= UNCONNECTED_MAX)
		peer_close(p, peer, CLOSE_PLAIN,
			   "%d messages in a row with headers or blocks that follow nothing known",
			   UNCONNECTED_MAX);
	else
		headers_ask(p, peer);
}

/* Not taken: is it its fault? */
void headers_refused(struct protocol *p, struct peer *peer, const struct block_header *h,
		     const struct err *e)
{
	switch (e->cls) {
	case ERR_FUTURE:
		peer->sync.retry_unix = (int64_t)h->time - MAX_FUTURE_SECONDS;
		break;
	case ERR_ORPHAN:
	case ERR_INVALID:
		peer_close(p, peer, CLOSE_DISCOURAGE, "invalid header: %s: %s", e->token,
			   e->detail);
		break;
	case ERR_NONE:
	case ERR_USAGE:
	case ERR_DECODE:
	case ERR_MUTATED:
	case ERR_POLICY:
	case ERR_KNOWN:
	case ERR_NOTFOUND:
	case ERR_BUSY:
	case ERR_FUNDS:
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_CORRUPT:
	case ERR_INTERNAL:
		log_error(LOG_PEER, "header not taken: %s", e->detail);
		break;
	}
}

static bool follows(const struct block_header *h, const struct block_hash *before, struct err *e)
{
	return hash256_equal(&h->prev.h, &before->h) ||
	       err_set(e, ERR_ORPHAN, "non-continuous-headers",
		       "it does not follow the one before it");
}

/* One that follows *at, which becomes the new one. */
static bool take_one(struct protocol *p, const struct block_header *h, struct chain_entry *at,
		     struct err *e)
{
	chain_index i;

	if (!follows(h, &at->hash, e))
		return false;
	if (!chain_accept_header(p->o.chain, h, &i, e) && e->cls != ERR_KNOWN)
		return false;
	chain_entry_at(p->o.chain, i, at);
	return true;
}

/* How many of the first are here; *at is the last of these. */
static size_t known(const struct protocol *p, const struct msg_list *l, struct chain_entry *at)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		struct block_header h;
		struct block_hash hash;
		struct chain_entry en;

		msg_header_at(l, i, &h);
		header_hash(&hash, &h);
		if (!hash256_equal(&h.prev.h, &at->hash.h) || !chain_find(p->o.chain, &hash, &en) ||
		    (en.status & CHAIN_ANY_FAILED))
			break;
		*at = en;
	}
	return i;
}

static void learned(const struct protocol *p, struct peer *peer, const struct chain_entry *at)
{
	peer->sync.unconnected = 0;
	if (hash256_equal(&peer->sync.last_unknown.h, &at->hash.h))
		peer->sync.last_unknown = (struct block_hash){0};
	sync_has_block(p, peer, at);
}

bool headers_keep(struct protocol *p, struct peer *peer, const struct msg_list *l, size_t first,
		  size_t end, chain_index *at)
{
	struct chain_entry en;
	struct block_header h;
	struct err e;
	size_t i = first;

	err_clear(&e);
	chain_entry_at(p->o.chain, *at, &en);
	for (; i < end; i++) {
		msg_header_at(l, i, &h);
		if (!take_one(p, &h, &en, &e))
			break;
	}
	*at = en.index;
	if (i - first >= BEHIND_BLOCKS) {
		p->headers_ms = now_ms(p);
		peer->sync.kept_waiting = false;
	}
	learned(p, peer, &en);
	if (i < end)
		headers_refused(p, peer, &h, &e);
	return i == end;
}

/* From a known one on. */
static void take(struct protocol *p, struct peer *peer, const struct msg_list *l,
		 struct chain_entry at)
{
	size_t first = known(p, l, &at);
	struct u256 bar = sync_bar(p);
	chain_index last = at.index;

	if (first < l->n && u256_cmp(&at.work, &bar) < 0) {
		low_headers_start(p, peer, l, first, at.index);
		return;
	}
	if (!headers_keep(p, peer, l, first, l->n, &last))
		told_all(p, peer);
	else
		headers_taken(p, peer, l->n, last);
}

void headers_taken(struct protocol *p, struct peer *peer, size_t n, chain_index last)
{
	if (n >= HEADERS_MAX)
		go_on(p, peer, last);
	else
		told_all(p, peer);
}

/* Of a list whose beginning follows nothing known: at least each must follow the one before it. */
static void take_unconnected(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct block_hash last;
	struct block_header h;
	struct err e;

	err_clear(&e);
	for (size_t i = 0; i < l->n; i++) {
		msg_header_at(l, i, &h);
		if (i > 0 && !follows(&h, &last, &e)) {
			headers_refused(p, peer, &h, &e);
			return;
		}
		header_hash(&last, &h);
	}
	headers_unconnected(p, peer, &last);
}

void headers_told(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct block_header first;
	struct chain_entry prev;

	peer->has_chain = true;
	peer->sync.asked = false;
	peer->sync.tells_headers = true;
	if (l->n == 0) {
		low_headers_free(peer);
		told_all(p, peer);
		return;
	}
	msg_header_at(l, 0, &first);
	if (low_headers_told(p, peer, l)) {
		/* Of a chain that has not shown its work yet. */
	} else if (chain_find(p->o.chain, &first.prev, &prev)) {
		take(p, peer, l, prev);
	} else {
		take_unconnected(p, peer, l);
	}
	if (peer->closing)
		return;
	sync_refill(p, peer);
	sync_update(p);
}

/* --- time ----------------------------------------------------------------------- */

static void no_answer(struct protocol *p, struct peer *peer)
{
	char name[NET_ADDR_CHARS + 16];

	peer->sync.asked = false;
	low_headers_free(peer);
	if (peer->sync.tells_headers) {
		/* In the midst of it: others are asked, and it again. */
		peer->sync.more = p->headers_from == peer->info.id;
		peer->sync.kept_waiting = true;
		if (p->headers_from != peer->info.id)
			return;
		p->headers_from = 0;
		next_turn(p);
		return;
	}
	log_info(LOG_PEER, "peer %s: no headers within 10 s, asked the classic way",
		 peer_name(peer, name));
	classic_start(p, peer);
}

void headers_tick(struct protocol *p, struct peer *peer)
{
	struct peer_sync *s = &peer->sync;
	int64_t since = now_ms(p) - s->asked_ms;
	bool claims_more;

	if (s->asked) {
		if (since >= ANSWER_MS && !peer->paused)
			no_answer(p, peer);
		return;
	}
	if (s->more && !must_wait(p, peer)) {
		next_turn(p);
		return;
	}
	claims_more = !hash256_is_zero(&s->last_unknown.h) ||
		      (s->best == CHAIN_NONE &&
		       peer->start_height > (int64_t)chain_best_header(p->o.chain).height);
	if (s->retry_unix != 0 && now_unix(p) >= s->retry_unix) {
		s->retry_unix = 0;
		ask_best(p, peer);
	} else if (claims_more && since >= ASK_BEHIND_MS) {
		ask_best(p, peer);
	}
}
