/* Addresses of nodes. A peer's addresses are taken at a limited rate, because anybody can invent
 * addresses and fill the address book with them. Source: tally-protocol(7), CONDUCT; Bitcoin Core
 * net_processing.cpp, ProcessAddrs. */
#include "protocol/peer/addr_relay_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/wire/msg_send_priv.h"

/* The token bucket: one address costs one token. */
#define TOKENS_PER_SECOND 0.1
#define TOKENS_MAX        1000.0

/* Relaying. A message with more addresses is the answer to getaddr and is not relayed. */
#define RELAY_ADDRS_MAX 10
#define RELAY_PEERS     2
#define FRESH_SECONDS   600 /* only addresses seen within this time are relayed */

#define PENALTY_SECONDS     (2 * 3600)      /* subtracted from the time a peer claims */
#define FUTURE_SEEN_SECONDS (5 * 24 * 3600) /* a claimed time in the future becomes this long ago */
#define KNOWN_MAX           1000            /* addresses remembered as known to a peer */

/* Answer to getaddr: 23 % of the address book, but of a small book up to 64 addresses.
 * Source: Bitcoin Core net.h, MAX_PCT_ADDR_TO_SEND. */
#define ANSWER_MIN     64
#define ANSWER_PERCENT 23

#define SELF_INTERVAL_MS (24 * 3600 * 1000) /* our own address is sent again */

void addr_relay_peer_init(struct protocol *p, struct peer *peer)
{
	/* One token: a new peer announces its own address. */
	peer->addr_relay.tokens = 1;
	peer->addr_relay.filled_ms = peer->addr_relay.self_announced_ms = protocol_now_ms(p);
	hash_memory_init(&peer->addr_relay.known, KNOWN_MAX);
}

void addr_relay_peer_gone(struct protocol *p, struct peer *peer)
{
	(void)p;
	hash_memory_clear(&peer->addr_relay.known);
}

static struct hash256 key_of(const struct net_addr *a)
{
	struct hash256 key = {{0}};

	net_addr_pack(key.b, a);
	return key;
}

/* A loopback address is valid on this machine only, a private one on this network only: they are
 * exchanged with peers there, and not with others. */
static bool valid_for(const struct net_addr *a, const struct peer *peer)
{
	enum net_scope of = net_addr_scope(a), at = net_addr_scope(&peer->info.peer);

	if (a->port == 0 || of == NET_UNUSABLE)
		return false;
	if (of == NET_LOOPBACK)
		return at == NET_LOOPBACK;
	return of == NET_PUBLIC || at == NET_LOOPBACK || at == NET_PRIVATE;
}

static void put(struct protocol *p, struct peer *peer, const struct net_addr *a, uint64_t services,
		int64_t seen)
{
	struct hash256 key = key_of(a);
	struct addr_item item = {.time = (uint32_t)seen, .s = {services, *a}};

	hash_memory_add(&peer->addr_relay.known, &key);
	put_addr_item(&p->list, &item);
}

static bool knows(const struct peer *peer, const struct net_addr *a)
{
	struct hash256 key = key_of(a);

	return net_addr_equal(&peer->listen_addr, a) ||
	       hash_memory_has(&peer->addr_relay.known, &key);
}

void addr_relay_announce(struct protocol *p, const struct net_addr *a, uint64_t services,
			 const struct peer *except)
{
	struct peer *chosen[RELAY_PEERS];
	size_t n = 0, met = 0;

	/* Reservoir sampling: every eligible peer has the same chance. */
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		size_t place;

		if (peer == except || peer->version < VERSION_ADDR_TIME || !valid_for(a, peer) ||
		    knows(peer, a))
			continue;
		place = n < RELAY_PEERS ? n++ : (size_t)rng_below(p->o.rng, met + 1);
		met++;
		if (place < RELAY_PEERS)
			chosen[place] = peer;
	}
	for (size_t i = 0; i < n; i++) {
		put(p, chosen[i], a, services, protocol_now_unix(p));
		msg_send_list(p, chosen[i], MSG_ADDR);
	}
}

static void announce_self(struct protocol *p, struct peer *peer)
{
	struct net_addr a = peer->our_addr;

	peer->addr_relay.self_announced_ms = protocol_now_ms(p);
	if (p->o.port == 0)
		return;
	a.port = p->o.port;
	/* The address that the peer sees us at is its claim. It is used only if it has the scope of
	 * the peer's own address. */
	if (net_addr_scope(&a) != net_addr_scope(&peer->info.peer))
		memcpy(a.ip, peer->info.local.ip, sizeof(a.ip));
	if (!valid_for(&a, peer))
		return;
	put(p, peer, &a, SERVICE_NETWORK, protocol_now_unix(p));
	msg_send_list(p, peer, MSG_ADDR);
}

void addr_relay_tick(struct protocol *p)
{
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer->version >= VERSION_ADDR_TIME &&
		    protocol_now_ms(p) - peer->addr_relay.self_announced_ms >= SELF_INTERVAL_MS)
			announce_self(p, peer);
}

void addr_relay_peer_ready(struct protocol *p, struct peer *peer)
{
	if (!peer_outbound(peer) || peer->version < VERSION_ADDR_TIME)
		return;
	announce_self(p, peer);
	peer->addr_relay.tokens += ADDR_MAX;
	msg_send_empty(p, peer, MSG_GETADDR);
}

static void handle_getaddr(struct protocol *p, struct peer *peer, const struct msg *m)
{
	struct addrbook_entry *some;
	size_t n, most = MAX(ANSWER_MIN, addrbook_count(p->o.book) * ANSWER_PERCENT / 100);

	(void)m;
	/* Once a connection: a peer must not read the whole book by asking again. */
	if (peer->addr_relay.getaddr_answered)
		return;
	peer->addr_relay.getaddr_answered = true;
	most = MIN(most, ADDR_MAX);
	some = mem_array(most, sizeof(*some));
	n = addrbook_sample(p->o.book, net_addr_scope(&peer->info.peer), some, most);
	for (size_t i = 0; i < n; i++)
		if (!net_addr_equal(&some[i].addr, &peer->listen_addr))
			put(p, peer, &some[i].addr, some[i].services, some[i].seen);
	free(some);
	msg_send_list(p, peer, MSG_ADDR);
}

static void refill_tokens(struct protocol *p, struct peer_addr_relay *s)
{
	int64_t now = protocol_now_ms(p);

	if (s->tokens < TOKENS_MAX)
		s->tokens = MIN(s->tokens + (double)(now - s->filled_ms) / 1000 * TOKENS_PER_SECOND,
				TOKENS_MAX);
	s->filled_ms = now;
}

/* We have dialled this address successfully. */
static bool verified(const struct protocol *p, const struct net_addr *a)
{
	struct addrbook_entry en;

	return addrbook_get(p->o.book, a, &en) && en.succeeded != 0;
}

static void take(struct protocol *p, struct peer *peer, const struct addr_item *it, bool relay)
{
	const struct net_addr *a = &it->s.addr;
	int64_t now = protocol_now_unix(p), seen = it->time;
	struct hash256 key = key_of(a);
	bool own = net_addr_equal(a, &peer->listen_addr);

	if (!valid_for(a, peer))
		return;
	hash_memory_add(&peer->addr_relay.known, &key);
	if (seen > now + FRESH_SECONDS)
		seen = now - FUTURE_SEEN_SECONDS;
	/* The peer's own address is stored for dialling, but not relayed before we have verified
	 * it. */
	if (own && !verified(p, a)) {
		addrbook_add(p->o.book, a, it->s.services, 0, &peer->info.peer);
		return;
	}
	if (!addrbook_add(p->o.book, a, it->s.services, MAX(seen - PENALTY_SECONDS, 0),
			  &peer->info.peer))
		return;
	if (relay && seen > now - FRESH_SECONDS)
		addr_relay_announce(p, a, it->s.services, peer);
}

static void handle_addr(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_list *l = &m->u.list;

	refill_tokens(p, &peer->addr_relay);
	for (size_t i = 0; i < l->n; i++) {
		struct addr_item it = msg_addr_at(l, i);

		if (peer->addr_relay.tokens < 1)
			break;
		peer->addr_relay.tokens -= 1;
		take(p, peer, &it, l->n <= RELAY_ADDRS_MAX);
	}
}

static void describe_addr(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	const struct msg_list *l = &m->u.list;
	const size_t size = sizeof(rec->summary);
	char shown[NET_ADDR_CHARS + 1];
	struct addr_item a;

	(void)p;
	if (l->n == 0) {
		text_append(rec->summary, size, "none");
		return;
	}
	a = msg_addr_at(l, 0);
	net_addr_format(shown, &a.s.addr);
	text_append(rec->summary, size, "%s", shown);
	if (l->n > 1)
		text_append(rec->summary, size, " and %zu more", l->n - 1);
}

const struct msg_type msg_type_addr = {
	.name = "addr",
	.directions = DIR_IN | DIR_OUT,
	.min_version = VERSION_ADDR_TIME,
	.item_bytes = ADDR_ITEM_BYTES,
	.items_max = ADDR_MAX,
	.decode = msg_decode_list,
	.encode = msg_encode_list,
	.describe = describe_addr,
	.handle = handle_addr,
	.handle_without_chain = handle_addr,
	.meaning_in = "the peer sends addresses of other nodes, which we may dial",
	.meaning_out = "we send addresses of other nodes, which the peer may dial",
};

const struct msg_type msg_type_getaddr = {
	.name = "getaddr",
	.directions = DIR_IN | DIR_OUT,
	.min_version = VERSION_ADDR_TIME,
	.decode = msg_decode_empty,
	.handle = handle_getaddr,
	.handle_without_chain = handle_getaddr,
	.meaning_in = "the peer requests addresses of other nodes",
	.meaning_out = "we request addresses of other nodes",
};
