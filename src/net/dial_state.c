#include "net/dial_state_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "net/net_state_priv.h"
#include "net/reconnect_backoff_priv.h"

#define RETRY_FIRST_MS  1000
#define RETRY_STEADY_MS 60000 /* a connection that lasted this long resets the failures */

static int64_t retry_delay(uint32_t failures)
{
	return failures >= 6 ? DIAL_RETRY_MAX_MS : (int64_t)RETRY_FIRST_MS << failures;
}

struct manual_peer *manual_peer_find(const struct net *n, const struct net_addr *a)
{
	list_each (it, &n->manual_peers) {
		struct manual_peer *m = list_entry(it, struct manual_peer, link);

		if (net_addr_equal(&m->addr, a))
			return m;
	}
	return NULL;
}

void manual_peer_add(struct net *n, const struct net_addr *a)
{
	struct manual_peer *m = manual_peer_find(n, a);

	if (!m) {
		m = NEW(struct manual_peer);
		m->addr = *a;
		list_add(&n->manual_peers, &m->link);
	}
	m->failures = 0;
	m->next_ms = net_now_ms(n);
}

void manual_peer_remove(struct manual_peer *m)
{
	list_del(&m->link);
	free(m);
}

int64_t manual_peer_postpone(struct manual_peer *m, int64_t now, int64_t max_ms)
{
	int64_t delay = MIN(retry_delay(m->failures), max_ms);

	m->next_ms = now + delay;
	m->failures++;
	return delay;
}

struct dial *dial_find(const struct net *n, const struct net_addr *a)
{
	list_each (it, &n->dials) {
		struct dial *d = list_entry(it, struct dial, link);

		if (net_addr_equal(&d->addr, a))
			return d;
	}
	return NULL;
}

static bool was_dialled_at(const struct conn *c, const struct net_addr *a)
{
	return c->info.kind != CONN_INBOUND && net_addr_equal(&c->info.peer, a);
}

bool dial_has_dialled(const struct net *n, const struct net_addr *a)
{
	list_each (it, &n->conns) {
		if (was_dialled_at(list_entry(it, struct conn, link), a))
			return true;
	}
	return false;
}

/* The source port of an inbound peer is not the port at which it listens, and a node may listen at
 * several addresses. So this also compares the addresses that the protocol layer reported. */
bool dial_is_connected(const struct net *n, const struct net_addr *a)
{
	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (was_dialled_at(c, a) || addr_ring_has(&c->listens_at, a))
			return true;
	}
	return false;
}

bool dial_has_outbound(const struct net *n)
{
	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (c->info.kind != CONN_INBOUND && c->handshaken)
			return true;
	}
	return false;
}

bool dial_is_fallback(const struct net *n, const struct net_addr *a)
{
	return n->have_fallback && net_addr_equal(&n->fallback, a);
}

bool dial_wants_fallback(const struct net *n)
{
	return n->have_fallback && !dial_has_outbound(n) && !dial_is_connected(n, &n->fallback) &&
	       !dial_find(n, &n->fallback);
}

bool dial_is_self(const struct net *n, const struct net_addr *a)
{
	if (addr_ring_has(&n->own_addrs, a))
		return true;
	if (net_port(n) == 0 || a->port != net_port(n))
		return false;
	if (net_addr_scope(a) == NET_LOOPBACK)
		return true;
	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (memcmp(c->info.local.ip, a->ip, sizeof(a->ip)) == 0)
			return true;
	}
	return false;
}

void dial_conn_closed(struct conn *c)
{
	struct net *n = c->net;
	struct manual_peer *m = manual_peer_find(n, &c->info.peer);
	int64_t now = net_now_ms(n);
	bool steady = now - c->opened_ms >= RETRY_STEADY_MS;

	/* A second connection to a node that is still connected: neither a success nor a failure. */
	if (n->stopping || dial_is_connected(n, &c->info.peer))
		return;
	if (!c->handshaken)
		addrbook_failed(n->book, &c->info.peer);
	if (c->info.kind != CONN_FEELER)
		reconnect_backoff_note(n, &c->info.peer, !steady, now);
	if (dial_is_fallback(n, &c->info.peer)) {
		n->fallback_failures = c->handshaken ? 0 : n->fallback_failures + 1;
		n->fallback_next_ms =
			now + MAX(DIAL_FALLBACK_RETRY_MS, retry_delay(n->fallback_failures));
	}
	if (m) {
		if (steady)
			m->failures = 0;
		manual_peer_postpone(m, now, DIAL_RETRY_MAX_MS);
	}
}
