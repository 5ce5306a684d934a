/* The lifecycle of the net layer and the transport for the layers above. */
#include <tally/net/net.h>

#include <stdlib.h>

#include <tally/base/mem.h>

#include "net/conn_close_priv.h"
#include "net/conn_priv.h"
#include "net/dial_priv.h"
#include "net/listen_priv.h"
#include "net/net_state_priv.h"
#include "net/outbound_priv.h"
#include "net/recv_priv.h"
#include "net/send_priv.h"

/* Delivers a few messages of each ready connection. One that has more adds itself to n->ready again,
 * so the loop first moves the present entries to a list of its own. */
static void on_next_turn(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;
	struct list turn;

	(void)fd, (void)what;
	list_init(&turn);
	while (!list_empty(&n->ready)) {
		struct list *it = n->ready.next;

		list_del(it);
		list_add(&turn, it);
	}
	while (!list_empty(&turn))
		recv_deliver(list_first(&turn, struct conn, ready));
	conn_reap(n);
}

struct net *net_new(const struct net_options *o)
{
	struct net *n = NEW(struct net);

	n->base = o->base;
	n->priority = o->priority;
	n->clock = o->clock;
	n->rng = o->rng;
	n->book = o->book;
	n->bans = o->bans;
	rng_fill(n->rng, n->group_key, sizeof(n->group_key));
	n->handler = o->handler;
	n->inbound_max = o->inbound_max ? o->inbound_max : NET_INBOUND_MAX;
	n->dial_book = o->dial_book;
	map_init(&n->by_id, sizeof(conn_id), sizeof(struct conn *));
	list_init(&n->conns);
	list_init(&n->closing);
	list_init(&n->lingering);
	list_init(&n->ready);
	list_init(&n->dials);
	list_init(&n->manual_peers);
	n->next_turn = net_event(n, -1, 0, on_next_turn, n);
	return n;
}

void net_free(struct net *n)
{
	if (!n)
		return;
	n->stopping = true;
	listen_stop(n);
	dial_stop(n);
	list_each_safe (it, &n->conns)
		conn_close(list_entry(it, struct conn, link), CLOSE_PLAIN, false,
			   "this node is stopping");
	conn_reap(n);
	list_each_safe (it, &n->lingering)
		conn_destroy(list_entry(it, struct conn, link));
	event_free(n->next_turn);
	map_clear(&n->by_id);
	free(n);
}

void net_dial_book(struct net *n, bool dial_book)
{
	n->dial_book = dial_book;
}

void net_tick(struct net *n)
{
	int64_t now = net_now_ms(n);

	bans_tick(n->bans);
	listen_tick(n, now);
	send_tick(n, now);
	recv_tick(n, now);
	conn_tick_lingering(n, now);
	dial_tick(n, now);
	if (n->dial_book)
		outbound_tick(n, now);
}

size_t net_enforce_bans(struct net *n)
{
	size_t closed = 0;

	dial_drop_banned(n);
	list_each_safe (it, &n->conns) {
		struct conn *c = list_entry(it, struct conn, link);

		if (!bans_is_banned(n->bans, &c->info.peer))
			continue;
		conn_close(c, CLOSE_PLAIN, false, "its address is banned");
		closed++;
	}
	return closed;
}

/* --- the transport --------------------------------------------------------------------------------- */

static bool transport_send(void *ctx, conn_id id, const char *type, struct span payload)
{
	struct conn *c = conn_find(ctx, id);

	return c && send_message(c, type, payload);
}

static bool transport_send_shared(void *ctx, conn_id id, const char *type, struct shared_bytes *s)
{
	struct conn *c = conn_find(ctx, id);

	if (c)
		return send_shared_message(c, type, s);
	s->release(s);
	return false;
}

static void transport_close(void *ctx, conn_id id, enum close_kind kind, const char *reason)
{
	struct conn *c = conn_find(ctx, id);

	if (c)
		conn_close(c, kind, kind == CLOSE_PLAIN, "%s", reason);
}

static void transport_pause(void *ctx, conn_id id, bool paused)
{
	struct conn *c = conn_find(ctx, id);

	if (!c || c->paused == paused)
		return;
	c->paused = paused;
	if (!paused)
		recv_schedule(c); /* a complete message may be buffered already */
	recv_update(c);
}

static size_t transport_queued(void *ctx, conn_id id)
{
	struct conn *c = conn_find(ctx, id);

	return c ? send_queued(c) : 0;
}

static size_t transport_queued_all(void *ctx)
{
	const struct net *n = ctx;

	return n->copied_total;
}

static void transport_add_listen_addr(void *ctx, conn_id id, const struct net_addr *a)
{
	struct conn *c = conn_find(ctx, id);

	if (!c)
		return;
	addr_ring_add(&c->listens_at, a);
	c->handshaken = c->handshaken || net_addr_equal(&c->info.peer, a);
}

static void transport_clear_listen_addrs(void *ctx, conn_id id)
{
	struct conn *c = conn_find(ctx, id);

	if (c)
		c->listens_at.added = 0;
}

static void transport_add_own_addr(void *ctx, const struct net_addr *a)
{
	struct net *n = ctx;

	addr_ring_add(&n->own_addrs, a);
}

struct transport net_transport(struct net *n)
{
	return (struct transport){
		.send = transport_send,
		.send_shared = transport_send_shared,
		.close = transport_close,
		.pause = transport_pause,
		.queued = transport_queued,
		.queued_all = transport_queued_all,
		.add_listen_addr = transport_add_listen_addr,
		.clear_listen_addrs = transport_clear_listen_addrs,
		.add_own_addr = transport_add_own_addr,
		.ctx = n,
	};
}

size_t net_connections(const struct net *n, enum conn_kind kind)
{
	return n->n_kind[kind];
}

struct net_stats net_stats(const struct net *n)
{
	return (struct net_stats){
		.bytes_in = n->bytes_in,
		.bytes_out = n->bytes_out,
		.inbound = (uint32_t)n->n_kind[CONN_INBOUND],
		.outbound = (uint32_t)n->n_kind[CONN_OUTBOUND],
		.manual = (uint32_t)n->n_kind[CONN_MANUAL],
	};
}
