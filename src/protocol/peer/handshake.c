/* Who are you, and of which chain? The dialler speaks first; the handshake is complete at version.
 * Source: tally-protocol(7), MESSAGES. */
#include <config.h>

#include <inttypes.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/text.h>

#include "protocol/protocol_priv.h"

#define HANDSHAKE_MS         (60 * 1000)
#define VERIFIED_FOR_SECONDS 3600
#define CROSSED_MS           5000  /* within which the other end closes one of two connections */
#define GREETING_MESSAGES    2     /* what it has said then: version and verack */
#define TWIN_MS              30000 /* how long we believe that it did, the first time, */
#define TWIN_MORE            16    /* so many times as long the next, */
#define TWIN_MAX_MS          (60 * 60 * 1000) /* and at most */

static int32_t our_height(const struct protocol *p)
{
	return has_chain(p) ? (int32_t)chain_height(p->o.chain) : -1;
}

static void our_agent(const struct protocol *p, char *out, size_t size)
{
	char hex[HASH_HEX_CHARS + 1];

	out[0] = '\0';
	text_append(out, size, "/tally:%s", PACKAGE_VERSION);
	if (has_chain(p)) {
		hash256_hex(hex, &chain_params(p->o.chain)->genesis_hash.h);
		text_append(out, size, "(chain=%s)", hex);
	}
	text_append(out, size, "/");
}

static void send_version(struct protocol *p, struct peer *peer)
{
	char agent[PEER_AGENT_MAX + 1];
	struct msg m = {.kind = MSG_VERSION};
	struct msg_version *v = &m.u.version;

	our_agent(p, agent, sizeof(agent));
	v->version = PROTOCOL_VERSION;
	v->services = SERVICE_NETWORK;
	v->time = now_unix(p);
	v->to.addr = peer->info.peer;
	v->from.services = SERVICE_NETWORK;
	v->from.addr = peer->info.local;
	v->from.addr.port = p->o.port;
	v->fields = VERSION_FIELDS;
	v->nonce = p->nonce;
	v->agent = (struct span){(const uint8_t *)agent, strlen(agent)};
	v->start_height = our_height(p);
	v->relay = true;
	gate_send(p, peer, &m);
}

void handshake_opened(struct protocol *p, struct peer *peer)
{
	char name[NET_ADDR_CHARS + 16];

	if (!peer_dialled(peer)) {
		/* Whoever knocks and says nothing must not fill the log. */
		log_debug(LOG_PEER, "peer %s came in", peer_name(peer, name));
		return;
	}
	log_info(LOG_PEER, "peer %s dialled", peer_name(peer, name));
	send_version(p, peer);
}

/* Had it been a liar, we try what we dialled again. */
static void forget_twin(struct protocol *p, struct peer *peer)
{
	peer->twin_ms = 0;
	p->net.listens_at(p->net.ctx, peer->info.id, &(struct net_addr){0});
}

void handshake_tick(struct protocol *p, struct peer *peer)
{
	if (peer->twin_ms && now_ms(p) - peer->twin_ms >= peer->twin_wait_ms)
		forget_twin(p, peer);
	if (!peer->handshaken && now_ms(p) - peer->opened_ms >= HANDSHAKE_MS)
		peer_close(p, peer, CLOSE_PLAIN, "no version within 60 s");
}

static void forget_self(struct protocol *p, const struct peer *peer)
{
	if (!peer_dialled(peer))
		return;
	addrbook_remove(p->o.book, &peer->info.peer);
	p->net.listens_at(p->net.ctx, 0, &peer->info.peer);
}

/* The other end of a connection to ourselves: it is closed too, and not dialled again. */
static void close_self(struct protocol *p, struct peer *peer)
{
	list_each (it, &p->peers) {
		struct peer *other = list_entry(it, struct peer, link);

		if (other == peer || !net_addr_equal(&other->info.local, &peer->info.peer) ||
		    !net_addr_equal(&other->info.peer, &peer->info.local))
			continue;
		forget_self(p, other);
		peer_close(p, other, CLOSE_PLAIN, "connected to ourselves");
	}
	forget_self(p, peer);
	peer_close(p, peer, CLOSE_PLAIN, "connected to ourselves");
}

static const struct block_hash *our_chain(const struct protocol *p)
{
	if (has_chain(p))
		return &chain_params(p->o.chain)->genesis_hash;
	return p->o.want_chain ? &p->o.wanted : NULL;
}

void close_other_chain(struct protocol *p, struct peer *peer, const struct block_hash *theirs)
{
	const struct block_hash *ours = our_chain(p);
	char theirs_text[HASH_SHORT_CHARS + 1], ours_text[HASH_SHORT_CHARS + 1];

	/* Of what came by itself nothing is to be done here. */
	if (peer_dialled(peer)) {
		p->has_other = true;
		p->other = (struct other_chain){.addr = peer->info.peer,
						.theirs = *theirs,
						.ours = *ours,
						.unix_s = now_unix(p)};
	}
	hash256_short(theirs_text, &theirs->h);
	hash256_short(ours_text, &ours->h);
	peer_close(p, peer, CLOSE_PLAIN, "of another chain: its genesis is %s, ours %s",
		   theirs_text, ours_text);
}

bool protocol_other_chain(const struct protocol *p, struct other_chain *out)
{
	if (p->has_other)
		*out = p->other;
	return p->has_other;
}

/* False: it was closed. */
static bool check_chain(struct protocol *p, struct peer *peer)
{
	const struct block_hash *ours = our_chain(p);

	if (!ours || !peer->tagged || hash256_equal(&ours->h, &peer->chain.h))
		return true;
	close_other_chain(p, peer, &peer->chain);
	return false;
}

static void take_version(struct protocol *p, struct peer *peer, const struct msg_version *v)
{
	peer->version = v->version;
	peer->services = v->services;
	peer->start_height = v->start_height;
	peer->has_chain = v->start_height >= 0;
	peer->nonce = v->fields > 0 ? v->nonce : 0;
	peer->relay.wants_txs = v->relay;
	/* Any number may come: a time that no header could have is taken for the nearest that could. */
	peer->clock_offset = MIN(MAX(v->time, 0), (int64_t)UINT32_MAX) - now_unix(p);
	peer->sees_us = v->to.addr;
	peer->sync.best_height = peer->has_chain ? (uint32_t)v->start_height : 0;
	utf8_sanitise(peer->agent, sizeof(peer->agent), v->agent.p, v->agent.len);
	if (peer_dialled(peer)) {
		peer->listens = peer->info.peer;
	} else {
		peer->listens = peer->info.peer;
		peer->listens.port = v->from.addr.port;
	}
}

/* At the other end of a connection to an address of our own. */
static bool on_this_machine(const struct peer *peer)
{
	return memcmp(peer->info.peer.ip, peer->info.local.ip, sizeof(peer->info.peer.ip)) == 0;
}

/* Two connections to one node, as it seems: the nonce says so. But a nonce can be learnt and told by another, who would
 * keep us from that node. So the place must speak for it too: the same address, or this machine; and of two that were
 * dialled the port, since two nodes may listen on one machine. */
static bool are_doubles(const struct peer *a, const struct peer *b)
{
	const bool here = on_this_machine(a) && on_this_machine(b);

	if (a == b || !a->nonce || a->nonce != b->nonce)
		return false;
	if (peer_dialled(a) && peer_dialled(b))
		return here && a->info.peer.port == b->info.peer.port;
	return here || peer_same_ip(a, b);
}

/* Another connection to its node, that was dialled or that came. NULL: none. */
static struct peer *find_double(struct protocol *p, const struct peer *peer, bool dialled)
{
	for (struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (are_doubles(o, peer) && peer_dialled(o) == dialled &&
		    o->info.kind != CONN_FEELER)
			return o;
	return NULL;
}

static bool verified_lately(const struct protocol *p, const struct net_addr *a)
{
	struct addrbook_entry en;

	return addrbook_get(p->o.book, a, &en) && en.succeeded != 0 &&
	       now_unix(p) - en.succeeded < VERIFIED_FOR_SECONDS;
}

/* We dialled a node at two addresses: both are good, and one connection is enough. It is the one that a person asked for,
 * or else the first. True: `peer` is closed. */
static bool close_later(struct protocol *p, struct peer *peer, struct peer *other)
{
	const bool wished = peer->info.kind == CONN_MANUAL && other->info.kind != CONN_MANUAL;
	struct peer *stays = wished ? peer : other, *goes = wished ? other : peer;

	stays->listens = goes->info.peer;
	p->net.listens_at(p->net.ctx, stays->info.id, &goes->info.peer);
	peer_close(p, goes, CLOSE_PLAIN, "connected to this node already, as peer %" PRIu32,
		   stays->info.id);
	return goes == peer;
}

/* Both ends have dialled, and `second` was greeted after the other connection was. Each end may hang up on what came to
 * it, and on nothing that it has dialled: who came may be a liar who has learnt that node's nonce. So that not both do
 * it, a node that joins keeps the one that it dialled; else the first stays; and of two made at the same time the node
 * with the smaller nonce keeps its own. True: it is for us to do. */
static bool ours_to_close(const struct protocol *p, const struct peer *dialled,
			  const struct peer *came, const struct peer *second)
{
	if (has_chain(p) != second->has_chain)
		return second->has_chain;
	if (second == came)
		return true;
	return dialled->opened_order < came->greeted_order && p->nonce < second->nonce;
}

/* A node that we dialled has dialled us, says where it listens, and there it was dialled: else who was dialled elsewhere
 * could tell the nonce of one that came, to have it closed. */
static bool are_crossed(const struct peer *dialled, const struct peer *came)
{
	return peer_dialled(dialled) && !peer_dialled(came) && are_doubles(dialled, came) &&
	       came->listens.port == dialled->info.peer.port;
}

/* One of the two connections is enough. True: `peer` is closed. */
static bool close_crossed(struct protocol *p, struct peer *peer)
{
	struct peer *dialled, *came, *other = peer_next(p, NULL);

	while (other && !are_crossed(peer, other) && !are_crossed(other, peer))
		other = peer_next(p, other);
	dialled = peer_dialled(peer) ? peer : other;
	came = peer_dialled(peer) ? other : peer;
	if (!other || !ours_to_close(p, dialled, came, peer))
		return false;
	peer_close(p, came, CLOSE_PLAIN, "connected to this node already, as peer %" PRIu32,
		   dialled->info.id);
	return came == peer;
}

static bool close_double(struct protocol *p, struct peer *peer)
{
	struct peer *other = peer_dialled(peer) ? find_double(p, peer, true) : NULL;

	return other ? close_later(p, peer, other) : close_crossed(p, peer);
}

/* Who hangs up for that has greeted us and said nothing else; from anybody else a ping comes at once. That cannot be
 * made up by another: so, and only so, the one that came stands for it. */
static bool hung_up_as_double(const struct protocol *p, const struct peer *peer)
{
	return peer->msgs_in <= GREETING_MESSAGES && now_ms(p) - peer->handshaken_ms <= CROSSED_MS;
}

/* Of several that came with one nonce one is that node's, at most: when any has gone the one that stands for it may be
 * another's. */
static void forget_twins(struct protocol *p, const struct peer *gone)
{
	for (struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (o->twin_ms && are_doubles(o, gone))
			forget_twin(p, o);
}

void handshake_peer_lost(struct protocol *p, struct peer *peer)
{
	struct peer *other;

	if (!peer_dialled(peer))
		forget_twins(p, peer);
	if (!peer_live(peer) || !peer_dialled(peer) || !hung_up_as_double(p, peer))
		return;
	other = find_double(p, peer, false);
	if (!other)
		return;
	other->twin_wait_ms =
		other->twin_wait_ms ? MIN(TWIN_MORE * other->twin_wait_ms, TWIN_MAX_MS) : TWIN_MS;
	other->twin_ms = now_ms(p);
	p->net.listens_at(p->net.ctx, other->info.id, &peer->info.peer);
}

static void address_known(struct protocol *p, struct peer *peer)
{
	bool news;

	if (!peer_dialled(peer)) {
		/* Where it says it listens; told to others once it was dialled with success. */
		if (peer->listens.port)
			addrbook_add(p->o.book, &peer->listens, peer->services, 0,
				     &peer->info.peer);
		return;
	}
	p->net.listens_at(p->net.ctx, peer->info.id, &peer->info.peer);
	news = !verified_lately(p, &peer->info.peer);
	addrbook_succeeded(p->o.book, &peer->info.peer, peer->services);
	if (news)
		addrs_announce(p, &peer->info.peer, peer->services, peer);
}

static void handshake_done(struct protocol *p, struct peer *peer)
{
	char name[NET_ADDR_CHARS + 16];

	log_info(LOG_PEER, "peer %s%s: version %" PRId32 " %s height %" PRId32,
		 peer_name(peer, name), peer_dialled(peer) ? "" : " came in", peer->version,
		 peer->agent, peer->start_height);
	p->wake |= WAKE_PEERS;
	address_known(p, peer);
	if (peer->info.kind == CONN_FEELER) {
		peer_close(p, peer, CLOSE_PLAIN, "it is there: all slots are taken");
		return;
	}
	if (close_double(p, peer))
		return;
	if (has_chain(p))
		sync_peer_ready(p, peer);
	else
		join_peer_ready(p, peer);
	if (peer->closing)
		return;
	ping_send(p, peer);
	addrs_peer_ready(p, peer);
	relay_peer_ready(p, peer);
}

void handle_version(struct protocol *p, struct peer *peer, struct msg *m)
{
	const struct msg_version *v = &m->u.version;

	if (v->fields > 0 && v->nonce == p->nonce) {
		close_self(p, peer);
		return;
	}
	if (!agent_chain(v->agent, &peer->chain, &peer->tagged)) {
		peer_close(p, peer, CLOSE_DISCOURAGE,
			   "malformed version: user agent: chain= needs 64 hex digits");
		return;
	}
	take_version(p, peer, v);
	if (!peer_dialled(peer))
		send_version(p, peer);
	if (!check_chain(p, peer))
		return;
	peer->handshaken = true;
	peer->handshaken_ms = now_ms(p);
	peer->greeted_order = ++p->order;
	gate_send_empty(p, peer, MSG_VERACK);
	handshake_done(p, peer);
}

/* Politeness: a peer that never sends it is served all the same. */
void handle_verack(struct protocol *p, struct peer *peer, struct msg *m)
{
	(void)p;
	(void)peer;
	(void)m;
}
