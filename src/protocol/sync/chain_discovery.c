/* A node without a chain: asks its peers for genesis, and takes the only one there is, or the one a person
 * wants. Source: tally-protocol(7), GENESIS, "Joining". */
#include <string.h>

#include <tally/base/log.h>
#include <tally/consensus/rules.h>

#include "protocol/protocol_priv.h"

#define SETTLE_MS         3000  /* after the first offer */
#define SETTLE_INBOUND_MS 10000 /* where only peers make it that came by themselves */
#define ANSWER_MS         5000  /* a getblocks without locator; after that the older form */
#define GIVE_UP_MS        15000 /* nothing came of it */
#define AGAIN_MS          30000
#define STEPS_MAX         100000 /* blocks walked down to genesis */

/* A dialled peer has answered, one way or another. */
static void count(struct protocol *p, struct peer *peer)
{
	if (!peer_dialled(peer) || peer->join.counted)
		return;
	peer->join.counted = true;
	p->answered++;
}

static void nothing(struct protocol *p, struct peer *peer)
{
	peer->join.state = JOIN_NOTHING;
	peer->join.asked_ms = now_ms(p);
	count(p, peer);
}

/* An empty locator: from genesis, genesis included. `older` asks in a form every peer knows: after a
 * hash that nobody has, which is after genesis. */
static void ask(struct protocol *p, struct peer *peer, bool older)
{
	static const uint8_t nobodys[HASH_BYTES];
	struct msg m = {.kind = MSG_GETBLOCKS};

	m.u.locator.version = PROTOCOL_VERSION;
	m.u.locator.n = older ? 1 : 0;
	m.u.locator.hashes = nobodys;
	if (!older)
		peer->join.asked_ms = now_ms(p);
	peer->join.asked_older = older;
	peer->join.state = JOIN_ASKED;
	gate_send(p, peer, &m);
}

static void get_block(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	peer->join.state = JOIN_WALKING;
	peer->join.want = *hash;
	peer->join.asked_ms = now_ms(p);
	put_inv_item(&p->list, INV_BLOCK, &hash->h);
	gate_send_list(p, peer, MSG_GETDATA);
}

void join_peer_ready(struct protocol *p, struct peer *peer)
{
	if (peer->has_chain)
		ask(p, peer, false);
	else
		nothing(p, peer);
}

void join_announced(struct protocol *p, struct peer *peer, const struct block_hash *first)
{
	peer->has_chain = true;
	switch (peer->join.state) {
	case JOIN_ASKED:
		get_block(p, peer, peer->tagged ? &peer->chain : first);
		break;
	case JOIN_NEW:
	case JOIN_NOTHING:
		/* It had none, or none to tell of: now from the beginning. */
		hash_queue_clear(&peer->sync.want);
		ask(p, peer, false);
		break;
	case JOIN_WALKING:
	case JOIN_OFFERED:
		break;
	}
}

void join_notfound(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	if (peer->join.state == JOIN_WALKING && hash256_equal(&peer->join.want.h, &hash->h))
		nothing(p, peer);
}

/* --- offers --------------------------------------------------------------------- */

static struct offer *offer_find(struct protocol *p, const struct block_hash *genesis)
{
	for (size_t i = 0; i < p->n_offers; i++)
		if (hash256_equal(&p->offers[i].genesis->hash.h, &genesis->h))
			return &p->offers[i];
	return NULL;
}

static void offer_remove(struct protocol *p, struct offer *o)
{
	size_t i = (size_t)(o - p->offers);

	block_unref(o->genesis);
	memmove(o, o + 1, (--p->n_offers - i) * sizeof(*o));
}

void join_peer_gone(struct protocol *p, struct peer *peer)
{
	struct offer *o = NULL;

	if (has_chain(p))
		return;
	count(p, peer);
	if (peer->join.state == JOIN_OFFERED)
		o = offer_find(p, &peer->join.offered);
	/* It stays on the list: others may have that chain, too. */
	if (o && o->peers > 0)
		o->peers--;
	peer->join.state =
		JOIN_NEW; /* a peer that is sent away goes twice: then, and when it is gone */
}

static bool offers(const struct peer *peer, const struct offer *o)
{
	return peer->join.state == JOIN_OFFERED &&
	       hash256_equal(&peer->join.offered.h, &o->genesis->hash.h);
}

/* Does a peer offer it that we dialled? */
static bool by_dialled(const struct protocol *p, const struct offer *o)
{
	for (const struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer_dialled(peer) && offers(peer, o))
			return true;
	return false;
}

/* Where the list is full, a chain makes room that nobody here has any more; for one that a peer has that we dialled
 * also one that only such have that came by themselves: they can make up as many as they like. NULL: there is none. */
static struct offer *offer_put(struct protocol *p, bool dialled)
{
	for (size_t i = 0; p->n_offers == OFFERS_MAX && i < p->n_offers; i++)
		if (p->offers[i].peers == 0)
			offer_remove(p, &p->offers[i]);
	for (size_t i = 0; dialled && p->n_offers == OFFERS_MAX && i < p->n_offers; i++)
		if (!by_dialled(p, &p->offers[i]))
			offer_remove(p, &p->offers[i]);
	return p->n_offers < OFFERS_MAX ? &p->offers[p->n_offers++] : NULL;
}

void join_free(struct protocol *p)
{
	while (p->n_offers > 0)
		offer_remove(p, &p->offers[p->n_offers - 1]);
}

/* Who offers it, the first of those that still do; 0: they have all gone. */
static conn_id offered_by(const struct protocol *p, const struct offer *o)
{
	for (const struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (offers(peer, o))
			return peer->info.id;
	return 0;
}

/* False: the owner refused it. */
static bool adopt(struct protocol *p, struct offer *o)
{
	const struct protocol_events *ev = p->o.events;
	struct block *genesis = block_ref(o->genesis);
	char name[HASH_HEX_CHARS + 1];
	bool taken;

	hash256_hex(name, &genesis->hash.h);
	log_info(LOG_PEER, "chain %s, genesis %s: taken", o->params.name, name);
	p->adopting = true;
	taken = ev && ev->adopt && ev->adopt(p->o.events_arg, genesis, offered_by(p, o));
	p->adopting = false;
	o = offer_find(p, &genesis->hash);
	if (!taken && o)
		offer_remove(p, o);
	block_unref(genesis);
	return taken;
}

/* False: its first block is from the future yet. */
static bool is_due(const struct protocol *p, const struct offer *o, struct err *e)
{
	return header_check_clock(&o->genesis->header, clock_unix(p->o.clock), e);
}

static bool everybody_answered(const struct protocol *p)
{
	if (p->answered < p->expected)
		return false;
	list_each (it, &p->peers) {
		const struct peer *peer = list_entry(it, struct peer, link);

		if (peer_dialled(peer) && !peer->join.counted && !peer->closing)
			return false;
	}
	return true;
}

/* It has been asked, and there was little time yet. One that has no chain itself waits for others, as we do. */
static bool may_still_offer(const struct protocol *p, const struct peer *peer)
{
	if (!peer->handshaken)
		return !peer->closing && now_ms(p) - peer->opened_ms < GIVE_UP_MS;
	return (peer->join.state == JOIN_ASKED || peer->join.state == JOIN_WALKING) &&
	       now_ms(p) - peer->handshaken_ms < GIVE_UP_MS;
}

/* Whom we dialled we know better than who came: what only such offer is not taken while one that we dialled may still
 * offer another one, nor at once. */
static bool settled(const struct protocol *p, const struct offer *o)
{
	if (by_dialled(p, o))
		return everybody_answered(p) || now_ms(p) - p->dialled_offer_ms >= SETTLE_MS;
	list_each (it, &p->peers) {
		const struct peer *peer = list_entry(it, struct peer, link);

		if (peer_dialled(peer) && may_still_offer(p, peer))
			return false;
	}
	return now_ms(p) - p->first_offer_ms >= SETTLE_INBOUND_MS;
}

/* Where those that we dialled differ, or those that came and nobody else offers, a person chooses: NULL. */
static struct offer *the_only_one(struct protocol *p)
{
	struct offer *only = NULL;
	size_t dialled = 0;

	for (size_t i = 0; i < p->n_offers; i++)
		if (by_dialled(p, &p->offers[i])) {
			only = &p->offers[i];
			dialled++;
		}
	if (dialled == 0 && p->n_offers == 1)
		return &p->offers[0];
	return dialled == 1 ? only : NULL;
}

static void decide(struct protocol *p)
{
	struct offer *wanted = p->o.want_chain ? offer_find(p, &p->o.wanted) : NULL, *only;

	if (has_chain(p) || p->adopting || p->n_offers == 0)
		return;
	if (wanted && is_due(p, wanted, NULL)) {
		adopt(p, wanted);
		return;
	}
	/* One that is not due is an offer as any other: it is waited for, and no other one taken instead. */
	only = the_only_one(p);
	if (!p->o.want_chain && only && is_due(p, only, NULL) && settled(p, only))
		adopt(p, only);
}

static void log_offers(const struct protocol *p)
{
	log_warn(LOG_PEER, "peers offer %zu different chains: choose one", p->n_offers);
	for (size_t i = 0; i < p->n_offers; i++) {
		char hex[HASH_HEX_CHARS + 1];

		hash256_hex(hex, &p->offers[i].genesis->hash.h);
		log_warn(LOG_PEER, "  %s  %s", hex, p->offers[i].params.name);
	}
}

static void offer_add(struct protocol *p, struct peer *peer, struct block *b,
		      const struct chain_params *params)
{
	struct offer *o = offer_find(p, &b->hash);
	struct err e = {0};
	bool future;

	peer->join.state = JOIN_OFFERED;
	peer->join.offered = b->hash;
	if (o) {
		o->peers++;
	} else if ((o = offer_put(p, peer_dialled(peer))) != NULL) {
		*o = (struct offer){.params = *params, .genesis = block_ref(b), .peers = 1};
		if (p->n_offers == 1)
			p->first_offer_ms = now_ms(p);
		else
			log_offers(p);
	}
	if (peer_dialled(peer) && p->dialled_offer_ms == 0)
		p->dialled_offer_ms = now_ms(p);
	future = o && !is_due(p, o, &e);
	if (future && future_tells(p))
		log_warn(LOG_PEER,
			 "peer %u offers a chain from the future, whose first block's %s: "
			 "is this machine's clock right?",
			 peer->info.id, e.detail);
	if (p->n_offers > 1 || future)
		p->wake |= WAKE_OFFERS;
	count(p, peer);
	decide(p);
}

static void take_genesis(struct protocol *p, struct peer *peer, struct block *b)
{
	struct chain_params params;
	struct err e;

	err_clear(&e);
	if (peer->tagged && !hash256_equal(&peer->chain.h, &b->hash.h)) {
		peer_close(p, peer, CLOSE_PLAIN, "its genesis isn't that of its user agent");
	} else if (p->o.want_chain && !hash256_equal(&p->o.wanted.h, &b->hash.h)) {
		close_other_chain(p, peer, &b->hash);
	} else if (!block_check_bytes(b, &e)) {
		peer_close(p, peer, CLOSE_DISCOURAGE, "genesis: %s: %s", e.token, e.detail);
	} else if (!genesis_read(&params, b, &e)) {
		/* Perhaps of a newer program: nothing to be held against it. */
		peer_close(p, peer, CLOSE_PLAIN, "its chain is refused: %s: %s", e.token, e.detail);
	} else {
		offer_add(p, peer, b, &params);
	}
}

void join_block(struct protocol *p, struct peer *peer, struct block *b)
{
	if (peer->join.state != JOIN_WALKING || !hash256_equal(&peer->join.want.h, &b->hash.h))
		return;
	if (hash256_is_zero(&b->header.prev.h))
		take_genesis(p, peer, b);
	else if (++peer->join.steps > STEPS_MAX)
		nothing(p, peer);
	else
		get_block(p, peer, &b->header.prev);
}

/* --- time ------------------------------------------------------------------------ */

static void tick_peer(struct protocol *p, struct peer *peer)
{
	int64_t since = now_ms(p) - peer->join.asked_ms;

	switch (peer->join.state) {
	case JOIN_ASKED:
		if (since >= GIVE_UP_MS)
			nothing(p, peer);
		else if (since >= ANSWER_MS && peer->tagged)
			get_block(p, peer, &peer->chain);
		else if (since >= ANSWER_MS && !peer->join.asked_older)
			ask(p, peer, true);
		break;
	case JOIN_WALKING:
		if (since >= GIVE_UP_MS)
			nothing(p, peer);
		break;
	case JOIN_NOTHING:
		if (peer->has_chain && since >= AGAIN_MS)
			ask(p, peer, false);
		break;
	case JOIN_NEW:
	case JOIN_OFFERED:
		break;
	}
}

void join_tick(struct protocol *p)
{
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		tick_peer(p, peer);
	decide(p);
}

/* There is a chain now, however it came: peers of another go, the others are synced with. */
void join_ready(struct protocol *p)
{
	struct block_hash ours = chain_params(p->o.chain)->genesis_hash;

	join_free(p);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		const struct block_hash *theirs = NULL;

		if (peer->join.state == JOIN_OFFERED)
			theirs = &peer->join.offered;
		else if (peer->tagged)
			theirs = &peer->chain;
		if (theirs && !hash256_equal(&theirs->h, &ours.h))
			close_other_chain(p, peer, theirs);
		else
			sync_peer_ready(p, peer);
	}
}

void protocol_expect_peers(struct protocol *p, unsigned n)
{
	p->expected = n;
}

size_t protocol_offers(const struct protocol *p, struct chain_offer *out, size_t max)
{
	for (size_t i = 0; i < p->n_offers && i < max; i++)
		out[i] = (struct chain_offer){.params = p->offers[i].params,
					      .peers = p->offers[i].peers,
					      .future = !is_due(p, &p->offers[i], NULL)};
	return p->n_offers;
}

bool protocol_choose(struct protocol *p, const struct block_hash *genesis, struct err *e)
{
	char hex[HASH_HEX_CHARS + 1];
	struct err future = {0};
	struct offer *o;
	bool ok;

	if (has_chain(p))
		return err_set(e, ERR_KNOWN, "chain-exists", "this node has a chain already");
	o = offer_find(p, genesis);
	hash256_hex(hex, &genesis->h);
	if (!o)
		return err_set(e, ERR_NOTFOUND, "no-such-offer", "no peer offers %s", hex);
	if (!is_due(p, o, &future))
		return err_set(e, ERR_FUTURE, "future-chain",
			       "%s is from the future: its first block's %s: set this machine's "
			       "clock where it is wrong, or choose again later",
			       o->params.name, future.detail);
	enter(p);
	ok = adopt(p, o);
	leave(p);
	return ok || err_set(e, ERR_INVALID, "chain-refused", "%s was refused", hex);
}
