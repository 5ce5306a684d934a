/* A node without a chain asks every peer for its genesis: getblocks, then getdata for the first
 * block, then for its parent and so on, until a block has no parent. It joins the only chain that
 * is offered, or the one that a person wants. An attacker can connect many times and offer invented
 * chains, so outbound peers decide, if there are any. */
#include "protocol/sync/chain_discovery_priv.h"

#include <tally/base/log.h>

#include "protocol/context_priv.h"
#include "protocol/peer/handshake_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/chain_offers_priv.h"
#include "protocol/sync/sync_state_priv.h"
#include "protocol/wire/msg_send_priv.h"

#define SETTLE_OUTBOUND_MS 3000  /* after the first offer, until a chain is joined */
#define SETTLE_INBOUND_MS  10000 /* if only inbound peers offer it */
#define FALLBACK_MS        5000  /* without an answer to a getblocks without hashes */
#define ANSWER_MAX_MS      15000 /* without any answer: the peer has failed */
#define RETRY_MS           30000 /* a peer that has failed is asked again */
#define STEPS_MAX          100000

/* An outbound peer has answered or failed. */
static void count_answer(struct protocol *p, struct peer *peer)
{
	if (!peer_outbound(peer) || peer->discovery.counted)
		return;
	peer->discovery.counted = true;
	p->discovery.answered++;
}

static void fail(struct protocol *p, struct peer *peer)
{
	peer->discovery.state = DISCOVERY_FAILED;
	peer->discovery.requested_ms = protocol_now_ms(p);
	count_answer(p, peer);
}

static void request_genesis(struct protocol *p, struct peer *peer)
{
	struct msg m = {.kind = MSG_GETBLOCKS};

	/* No hashes: the answer begins with genesis. */
	m.u.locator.version = PROTOCOL_VERSION;
	peer->discovery.requested_ms = protocol_now_ms(p);
	peer->discovery.fallback_sent = false;
	peer->discovery.state = DISCOVERY_REQUESTED;
	msg_send(p, peer, &m);
}

/* The form that every peer understands: one hash, of zeros, which no block has. The answer begins
 * after genesis. */
static void request_genesis_fallback(struct protocol *p, struct peer *peer)
{
	static const uint8_t zeros[HASH_BYTES];
	struct msg m = {.kind = MSG_GETBLOCKS};

	m.u.locator.version = PROTOCOL_VERSION;
	m.u.locator.n = 1;
	m.u.locator.hashes = zeros;
	peer->discovery.fallback_sent = true;
	msg_send(p, peer, &m);
}

static void walk_to(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	peer->discovery.state = DISCOVERY_WALKING;
	peer->discovery.requested = *hash;
	peer->discovery.requested_ms = protocol_now_ms(p);
	put_inv_item(&p->list, INV_BLOCK, &hash->h);
	msg_send_list(p, peer, MSG_GETDATA);
}

void chain_discovery_peer_ready(struct protocol *p, struct peer *peer)
{
	if (peer->has_chain)
		request_genesis(p, peer);
	else
		fail(p, peer);
}

/* The peer has announced blocks; `first` is the first of them. */
static void blocks_announced(struct protocol *p, struct peer *peer, const struct block_hash *first)
{
	peer->has_chain = true;
	switch (peer->discovery.state) {
	case DISCOVERY_REQUESTED:
		walk_to(p, peer, peer->has_chain_tag ? &peer->chain_tag : first);
		break;
	case DISCOVERY_NEW:
	case DISCOVERY_FAILED:
		/* The peer had no chain until now, or did not answer our request. */
		hash_queue_clear(&peer->sync.announced);
		request_genesis(p, peer);
		break;
	case DISCOVERY_WALKING:
	case DISCOVERY_OFFERED:
		break;
	}
}

void chain_discovery_inv(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_list *l = &m->u.list;
	const bool is_answer = peer->discovery.state == DISCOVERY_REQUESTED;
	struct block_hash first, last;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct inv_item it = msg_inv_at(l, i);

		if (it.type != INV_BLOCK)
			continue;
		if (n++ == 0)
			first.h = it.hash;
		last.h = it.hash;
		/* Kept in order: they are requested when there is a chain (sync_getblocks.c). */
		if (is_answer)
			hash_queue_push(&peer->sync.announced, &it.hash);
	}
	if (n == 0)
		return;
	if (is_answer && n == GETBLOCKS_MAX) {
		peer->sync.more_available = true;
		peer->sync.last_inv = last;
	}
	blocks_announced(p, peer, &first);
}

void chain_discovery_notfound(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	if (peer->discovery.state == DISCOVERY_WALKING &&
	    hash256_equal(&peer->discovery.requested.h, &hash->h))
		fail(p, peer);
}

/* --- offers --------------------------------------------------------------------- */

void chain_discovery_peer_gone(struct protocol *p, struct peer *peer)
{
	struct offer *o = NULL;

	if (protocol_has_chain(p))
		return;
	count_answer(p, peer);
	if (peer->discovery.state == DISCOVERY_OFFERED)
		o = chain_offer_find(p, &peer->discovery.offered);
	/* The offer stays, even without peers: another peer may have that chain. */
	if (o && o->peers > 0)
		o->peers--;
	/* So that a second call for the same peer doesn't count it again. */
	peer->discovery.state = DISCOVERY_NEW;
}

/* Joins this chain. False: the owner refused it. */
static bool adopt(struct protocol *p, struct offer *o)
{
	const struct protocol_events *ev = p->o.events;
	struct block *genesis = block_ref(o->genesis);
	char name[HASH_HEX_CHARS + 1];
	bool taken;

	hash256_hex(name, &genesis->hash.h);
	log_info(LOG_PEER, "joining chain %s, genesis %s", o->params.name, name);
	p->discovery.adopting = true;
	taken = ev && ev->adopt && ev->adopt(p->o.events_arg, genesis, chain_offer_source(p, o));
	p->discovery.adopting = false;
	/* The callback may have changed the list. */
	o = chain_offer_find(p, &genesis->hash);
	if (!taken && o)
		chain_offer_remove(&p->discovery, o);
	block_unref(genesis);
	return taken;
}

/* --- the decision ------------------------------------------------------------------- */

static bool all_outbound_answered(const struct protocol *p)
{
	if (p->discovery.answered < p->discovery.expected)
		return false;
	list_each (it, &p->peers) {
		const struct peer *peer = list_entry(it, struct peer, link);

		if (peer_outbound(peer) && !peer->discovery.counted && !peer->closing)
			return false;
	}
	return true;
}

/* The peer may still offer a chain. A peer without a chain is not waited for: it waits for one,
 * too. */
static bool may_still_offer(const struct protocol *p, const struct peer *peer)
{
	if (!peer->handshaken)
		return !peer->closing && protocol_now_ms(p) - peer->opened_ms < ANSWER_MAX_MS;
	return (peer->discovery.state == DISCOVERY_REQUESTED ||
		peer->discovery.state == DISCOVERY_WALKING) &&
	       protocol_now_ms(p) - peer->handshaken_ms < ANSWER_MAX_MS;
}

/* A chain that only inbound peers offer has to wait longer, and for all outbound peers. */
static bool is_settled(const struct protocol *p, const struct offer *o)
{
	const struct chain_discovery *d = &p->discovery;

	if (chain_offer_has_outbound(p, o))
		return all_outbound_answered(p) ||
		       protocol_now_ms(p) - d->outbound_offer_ms >= SETTLE_OUTBOUND_MS;
	list_each (it, &p->peers) {
		const struct peer *peer = list_entry(it, struct peer, link);

		if (peer_outbound(peer) && may_still_offer(p, peer))
			return false;
	}
	return protocol_now_ms(p) - d->first_offer_ms >= SETTLE_INBOUND_MS;
}

/* The only offer of outbound peers; without any, the only offer. NULL: there is none or they
 * differ, and a person chooses. */
static struct offer *only_offer(struct protocol *p)
{
	struct chain_discovery *d = &p->discovery;
	struct offer *only = NULL;
	size_t outbound = 0;

	for (size_t i = 0; i < d->n_offers; i++)
		if (chain_offer_has_outbound(p, &d->offers[i])) {
			only = &d->offers[i];
			outbound++;
		}
	if (outbound == 0 && d->n_offers == 1)
		return &d->offers[0];
	return outbound == 1 ? only : NULL;
}

static void decide(struct protocol *p)
{
	struct offer *wanted = p->o.want_chain ? chain_offer_find(p, &p->o.wanted) : NULL, *only;

	if (protocol_has_chain(p) || p->discovery.adopting || p->discovery.n_offers == 0)
		return;
	if (wanted && chain_offer_is_due(p, wanted, NULL)) {
		adopt(p, wanted);
		return;
	}
	/* A chain from the future takes part like any other: it is waited for, and no other chain
	 * is joined instead. */
	only = only_offer(p);
	if (!p->o.want_chain && only && chain_offer_is_due(p, only, NULL) && is_settled(p, only))
		adopt(p, only);
}

static void offer_add(struct protocol *p, struct peer *peer, struct block *b,
		      const struct chain_params *params)
{
	struct offer *o;
	struct err e = {0};
	bool future;

	peer->discovery.state = DISCOVERY_OFFERED;
	peer->discovery.offered = b->hash;
	o = chain_offer_count(p, peer, b, params);
	if (peer_outbound(peer) && p->discovery.outbound_offer_ms == 0)
		p->discovery.outbound_offer_ms = protocol_now_ms(p);
	future = o && !chain_offer_is_due(p, o, &e);
	if (future && sync_may_log_future(p))
		log_warn(LOG_PEER,
			 "peer %u offers a chain from the future, whose first block's %s: "
			 "is this machine's clock right?",
			 peer->info.id, e.detail);
	if (p->discovery.n_offers > 1 || future)
		p->wake |= WAKE_OFFERS;
	count_answer(p, peer);
	decide(p);
}

static void receive_genesis(struct protocol *p, struct peer *peer, struct block *b)
{
	struct chain_params params;
	struct err e;

	err_clear(&e);
	if (peer->has_chain_tag && !hash256_equal(&peer->chain_tag.h, &b->hash.h)) {
		peer_close(p, peer, CLOSE_PLAIN,
			   "its genesis is not the one named in its user agent");
	} else if (p->o.want_chain && !hash256_equal(&p->o.wanted.h, &b->hash.h)) {
		handshake_close_other_chain(p, peer, &b->hash);
	} else if (!block_check_bytes(b, &e)) {
		peer_close(p, peer, CLOSE_DISCOURAGE, "invalid genesis: %s: %s", e.token, e.detail);
	} else if (!genesis_read(&params, b, &e)) {
		/* A newer program may allow other parameters, so the address is not discouraged. */
		peer_close(p, peer, CLOSE_PLAIN, "its chain is refused: %s: %s", e.token, e.detail);
	} else {
		offer_add(p, peer, b, &params);
	}
}

void chain_discovery_block(struct protocol *p, struct peer *peer, const struct msg *m)
{
	struct block *b = m->u.block;

	if (peer->discovery.state != DISCOVERY_WALKING ||
	    !hash256_equal(&peer->discovery.requested.h, &b->hash.h))
		return;
	if (hash256_is_zero(&b->header.prev.h))
		receive_genesis(p, peer, b);
	else if (++peer->discovery.steps > STEPS_MAX)
		fail(p, peer);
	else
		walk_to(p, peer, &b->header.prev);
}

/* --- time ------------------------------------------------------------------------ */

static void discovery_tick_peer(struct protocol *p, struct peer *peer)
{
	int64_t since = protocol_now_ms(p) - peer->discovery.requested_ms;

	switch (peer->discovery.state) {
	case DISCOVERY_REQUESTED:
		if (since >= ANSWER_MAX_MS)
			fail(p, peer);
		else if (since >= FALLBACK_MS && peer->has_chain_tag)
			walk_to(p, peer, &peer->chain_tag);
		else if (since >= FALLBACK_MS && !peer->discovery.fallback_sent)
			request_genesis_fallback(p, peer);
		break;
	case DISCOVERY_WALKING:
		if (since >= ANSWER_MAX_MS)
			fail(p, peer);
		break;
	case DISCOVERY_FAILED:
		if (peer->has_chain && since >= RETRY_MS)
			request_genesis(p, peer);
		break;
	case DISCOVERY_NEW:
	case DISCOVERY_OFFERED:
		break;
	}
}

void chain_discovery_tick(struct protocol *p)
{
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		discovery_tick_peer(p, peer);
	decide(p);
}

void chain_discovery_done(struct protocol *p)
{
	struct block_hash ours = chain_params(p->o.chain)->genesis_hash;

	chain_offers_free(p);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		const struct block_hash *theirs = NULL;

		if (peer->discovery.state == DISCOVERY_OFFERED)
			theirs = &peer->discovery.offered;
		else if (peer->has_chain_tag)
			theirs = &peer->chain_tag;
		if (theirs && !hash256_equal(&theirs->h, &ours.h))
			handshake_close_other_chain(p, peer, theirs);
	}
}

/* --- for people ---------------------------------------------------------------------- */

void protocol_expect_peers(struct protocol *p, unsigned n)
{
	p->discovery.expected = n;
}

bool protocol_choose(struct protocol *p, const struct block_hash *genesis, struct err *e)
{
	char hex[HASH_HEX_CHARS + 1];
	struct err future = {0};
	struct offer *o;
	bool ok;

	if (protocol_has_chain(p))
		return err_set(e, ERR_KNOWN, "chain-exists", "this node has a chain already");
	o = chain_offer_find(p, genesis);
	hash256_hex(hex, &genesis->h);
	if (!o)
		return err_set(e, ERR_NOTFOUND, "no-such-offer", "no peer offers %s", hex);
	if (!chain_offer_is_due(p, o, &future))
		return err_set(e, ERR_FUTURE, "future-chain",
			       "%s is from the future: its first block's %s: set this machine's "
			       "clock if it is wrong, or choose again later",
			       o->params.name, future.detail);
	protocol_enter(p);
	ok = adopt(p, o);
	protocol_leave(p);
	return ok || err_set(e, ERR_INVALID, "chain-refused", "chain %s was refused", hex);
}
