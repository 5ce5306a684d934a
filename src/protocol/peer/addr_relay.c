/* Where other nodes listen: asking, telling, gossiping. Source: protocol sections 6 and 7; Bitcoin Core
 * net_processing.cpp for the rate. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define TOKENS_PER_SECOND 0.1
#define TOKENS_MAX        1000.0
#define GOSSIP_MAX        10 /* a longer addr is an answer to getaddr: not passed on */
#define GOSSIP_PEERS      2
#define FRESH_SECONDS     600
#define PENALTY_SECONDS   (2 * 3600) /* off what others say they have seen */
#define STALE_SECONDS     (5 * 24 * 3600)
#define KNOWN_MAX         1000
#define ANSWER_LEAST      64 /* to getaddr, of a small book; */
#define ANSWER_PERCENT    23 /* of a large one this share. Source: Bitcoin Core net.h */
#define OWN_EVERY_MS      (24 * 3600 * 1000) /* our own address is told again */

void addrs_peer_init(struct protocol *p, struct peer *peer)
{
	/* One for its own address. */
	peer->addrs.tokens = 1;
	peer->addrs.filled_ms = peer->addrs.own_told_ms = now_ms(p);
	hash_memory_init(&peer->addrs.known, KNOWN_MAX);
}

void addrs_peer_gone(struct peer *peer)
{
	hash_memory_clear(&peer->addrs.known);
}

static struct hash256 key_of(const struct net_addr *a)
{
	struct hash256 key = {{0}};

	net_addr_pack(key.b, a);
	return key;
}

/* Loopback addresses mean something only on this machine, private ones only on this network. */
static bool may_pass(const struct net_addr *a, const struct peer *peer)
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

	hash_memory_add(&peer->addrs.known, &key);
	put_addr_item(&p->list, &item);
}

static bool knows(const struct peer *peer, const struct net_addr *a)
{
	struct hash256 key = key_of(a);

	return net_addr_equal(&peer->listens, a) || hash_memory_has(&peer->addrs.known, &key);
}

/* Two peers, by chance, that haven't heard of it. */
void addrs_announce(struct protocol *p, const struct net_addr *a, uint64_t services,
		    const struct peer *except)
{
	struct peer *chosen[GOSSIP_PEERS];
	size_t n = 0, met = 0;

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		size_t place;

		if (peer == except || peer->version < VERSION_ADDR_TIME || !may_pass(a, peer) ||
		    knows(peer, a))
			continue;
		place = n < GOSSIP_PEERS ? n++ : (size_t)rng_below(p->o.rng, met + 1);
		met++;
		if (place < GOSSIP_PEERS)
			chosen[place] = peer;
	}
	for (size_t i = 0; i < n; i++) {
		put(p, chosen[i], a, services, now_unix(p));
		gate_send_list(p, chosen[i], MSG_ADDR);
	}
}

/* Our own, as the peer sees it. */
static void tell_own(struct protocol *p, struct peer *peer)
{
	struct net_addr a = peer->sees_us;

	peer->addrs.own_told_ms = now_ms(p);
	if (p->o.port == 0)
		return;
	a.port = p->o.port;
	/* What it says of us must at least be of its own surroundings. */
	if (net_addr_scope(&a) != net_addr_scope(&peer->info.peer))
		memcpy(a.ip, peer->info.local.ip, sizeof(a.ip));
	if (!may_pass(&a, peer))
		return;
	put(p, peer, &a, SERVICE_NETWORK, now_unix(p));
	gate_send_list(p, peer, MSG_ADDR);
}

void addrs_tick(struct protocol *p, struct peer *peer)
{
	if (peer->version >= VERSION_ADDR_TIME &&
	    now_ms(p) - peer->addrs.own_told_ms >= OWN_EVERY_MS)
		tell_own(p, peer);
}

void addrs_peer_ready(struct protocol *p, struct peer *peer)
{
	if (!peer_dialled(peer) || peer->version < VERSION_ADDR_TIME)
		return;
	tell_own(p, peer);
	peer->addrs.tokens += ADDR_MAX;
	gate_send_empty(p, peer, MSG_GETADDR);
}

void handle_getaddr(struct protocol *p, struct peer *peer, struct msg *m)
{
	struct addrbook_entry *some;
	size_t n, most = MAX(ANSWER_LEAST, addrbook_count(p->o.book) * ANSWER_PERCENT / 100);

	(void)m;
	if (peer->addrs.getaddr_answered)
		return;
	peer->addrs.getaddr_answered = true;
	most = MIN(most, ADDR_MAX);
	some = mem_array(most, sizeof(*some));
	n = addrbook_sample(p->o.book, net_addr_scope(&peer->info.peer), some, most);
	for (size_t i = 0; i < n; i++)
		if (!net_addr_equal(&some[i].addr, &peer->listens))
			put(p, peer, &some[i].addr, some[i].services, some[i].seen);
	free(some);
	gate_send_list(p, peer, MSG_ADDR);
}

static void refill_tokens(struct protocol *p, struct peer_addrs *s)
{
	int64_t now = now_ms(p);

	if (s->tokens < TOKENS_MAX)
		s->tokens = MIN(s->tokens + (double)(now - s->filled_ms) / 1000 * TOKENS_PER_SECOND,
				TOKENS_MAX);
	s->filled_ms = now;
}

/* Was it dialled with success? Before, an address that a peer gives as its own is not passed on. */
static bool proven(const struct protocol *p, const struct net_addr *a)
{
	struct addrbook_entry en;

	return addrbook_get(p->o.book, a, &en) && en.succeeded != 0;
}

static void take(struct protocol *p, struct peer *peer, const struct addr_item *it, bool gossip)
{
	const struct net_addr *a = &it->s.addr;
	int64_t now = now_unix(p), seen = it->time;
	struct hash256 key = key_of(a);
	bool own = net_addr_equal(a, &peer->listens);

	if (!may_pass(a, peer))
		return;
	hash_memory_add(&peer->addrs.known, &key);
	if (seen > now + FRESH_SECONDS)
		seen = now - STALE_SECONDS;
	if (own && !proven(p, a)) {
		addrbook_add(p->o.book, a, it->s.services, 0, &peer->info.peer);
		return;
	}
	if (!addrbook_add(p->o.book, a, it->s.services, MAX(seen - PENALTY_SECONDS, 0),
			  &peer->info.peer))
		return;
	if (gossip && seen > now - FRESH_SECONDS)
		addrs_announce(p, a, it->s.services, peer);
}

void handle_addr(struct protocol *p, struct peer *peer, struct msg *m)
{
	const struct msg_list *l = &m->u.list;

	refill_tokens(p, &peer->addrs);
	for (size_t i = 0; i < l->n; i++) {
		struct addr_item it = msg_addr_at(l, i);

		if (peer->addrs.tokens < 1)
			break;
		peer->addrs.tokens -= 1;
		take(p, peer, &it, l->n <= GOSSIP_MAX);
	}
}
