/* The life of a connection: opened, closed, reaped. */
#include "net/net_priv.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

int64_t net_now_ms(const struct net *n)
{
	return clock_mono_ms(n->clock);
}

struct event *net_event(struct net *n, int fd, short what, event_callback_fn fn, void *arg)
{
	struct event *ev = event_new(n->base, fd, what, fn, arg);
	int last = event_base_get_npriorities(n->base) - 1;

	if (!ev) {
		log_error(LOG_NET, "no memory for an event");
		abort();
	}
	event_priority_set(ev, MIN(MAX(n->priority, 0), last));
	return ev;
}

/* By a timer and not by event_active: an event activated from within its own callback runs again
 * before the loop looks at anything else. */
void net_soon(struct net *n)
{
	const struct timeval now = {0, 0};

	if (!event_pending(n->soon, EV_TIMEOUT, NULL))
		event_add(n->soon, &now);
}

bool net_prepare_fd(int fd)
{
	const int one = 1;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return false;
	/* Fails where the other end has gone already; then so will everything else. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return true;
}

bool listens_has(const struct net_addr ring[LISTENS_MAX], unsigned n, const struct net_addr *a)
{
	for (unsigned i = 0; i < MIN(n, LISTENS_MAX); i++)
		if (net_addr_equal(&ring[i], a))
			return true;
	return false;
}

void listens_add(struct net_addr ring[LISTENS_MAX], unsigned *n, const struct net_addr *a)
{
	if (!listens_has(ring, *n, a))
		ring[(*n)++ % LISTENS_MAX] = *a;
}

struct conn *conn_find(const struct net *n, conn_id id)
{
	struct conn *const *c = map_get(&n->by_id, &id);

	return c ? *c : NULL;
}

static void read_local_address(struct conn *c)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);

	if (getsockname(c->fd, (struct sockaddr *)&ss, &len) == 0)
		net_addr_from_sockaddr(&c->info.local, (struct sockaddr *)&ss);
}

static const char *kind_name(enum conn_kind kind)
{
	switch (kind) {
	case CONN_INBOUND:
		return "inbound";
	case CONN_OUTBOUND:
		return "outbound";
	case CONN_MANUAL:
		return "manual";
	case CONN_FEELER:
		return "feeler";
	}
	return "?";
}

void conn_open(struct net *n, int fd, enum conn_kind kind, const struct net_addr *peer)
{
	struct conn *c = NEW(struct conn);
	conn_id id = ++n->last_id;

	c->net = n;
	c->fd = fd;
	c->state = CONN_OPEN;
	c->info = (struct conn_info){.id = id, .kind = kind, .peer = *peer};
	net_addr_format(c->name, peer);
	read_local_address(c);
	c->opened_ms = c->last_read_ms = net_now_ms(n);
	c->discouraged = kind == CONN_INBOUND && bans_is_discouraged(n->bans, peer);
	c->out = evbuffer_new();
	if (!c->out) {
		log_error(LOG_NET, "no memory for a buffer");
		abort();
	}
	c->readable = net_event(n, fd, EV_READ | EV_PERSIST, recv_on_readable, c);
	c->writable = net_event(n, fd, EV_WRITE | EV_PERSIST, send_on_writable, c);
	list_init(&c->ready);
	list_add(&n->conns, &c->link);
	*(struct conn **)map_put(&n->by_id, &id, NULL) = c;
	n->n_kind[kind]++;
	recv_update(c);
	log_debug(LOG_NET, "peer %u %s: connected, %s", id, c->name, kind_name(kind));
	n->handler.opened(n->handler.arg, &c->info);
}

static void punish(struct conn *c)
{
	struct bans *bans = c->net->bans;
	bool before = bans_is_discouraged(bans, &c->info.peer);

	if (bans_discourage(bans, &c->info.peer) && !before)
		log_warn(LOG_NET, "peer %u %s: discouraged for 24 h: %s", c->info.id, c->name,
			 c->reason);
}

void conn_close(struct conn *c, enum close_kind kind, bool linger, const char *fmt, ...)
{
	struct net *n = c->net;
	char reason[REASON_CHARS + 1];
	va_list ap;

	if (c->state != CONN_OPEN)
		return;
	va_start(ap, fmt);
	vsnprintf(reason, sizeof(reason), fmt, ap);
	va_end(ap);
	utf8_sanitise(c->reason, sizeof(c->reason), reason, strlen(reason));
	c->state = CONN_CLOSING;
	c->linger_wanted = linger;
	map_del(&n->by_id, &c->info.id);
	n->n_kind[c->info.kind]--;
	list_del(&c->ready);
	list_del(&c->link);
	list_add(&n->closing, &c->link);
	recv_update(c);
	if (kind == CLOSE_DISCOURAGE)
		punish(c);
	if (c->info.kind != CONN_INBOUND)
		dial_conn_closed(c);
	if (!linger)
		event_del(c->writable);
	net_soon(n);
}

void conn_destroy(struct conn *c)
{
	list_del(&c->link);
	list_del(&c->ready);
	recv_clear(c);
	event_free(c->readable);
	event_free(c->writable);
	send_clear(c);
	close(c->fd);
	free(c);
}

/* Closing a socket that holds unread bytes resets the connection, and the reset can overtake what was
 * sent last. So: send the rest, end our side, read until the other side ends too. */
static void start_linger(struct conn *c)
{
	struct net *n = c->net;

	c->state = CONN_LINGER;
	c->linger_until_ms = net_now_ms(n) + LINGER_MS;
	recv_clear(c);
	list_del(&c->link);
	list_add(&n->lingering, &c->link);
	n->n_lingering++;
	if (evbuffer_get_length(c->out) == 0)
		shutdown(c->fd, SHUT_WR);
	if (!c->at_eof)
		event_add(c->readable, NULL);
}

void conn_reap(struct net *n)
{
	while (!list_empty(&n->closing)) {
		struct conn *c = list_first(&n->closing, struct conn, link);
		bool queued = evbuffer_get_length(c->out) > 0;

		log_debug(LOG_NET, "peer %u %s: closed: %s", c->info.id, c->name, c->reason);
		n->handler.closed(n->handler.arg, c->info.id, c->reason);
		if (c->linger_wanted && !n->stopping && n->n_lingering < LINGER_MAX &&
		    (queued || !c->at_eof))
			start_linger(c);
		else
			conn_destroy(c);
	}
}

void conn_tick_lingering(struct net *n, int64_t now)
{
	list_each_safe (it, &n->lingering) {
		struct conn *c = list_entry(it, struct conn, link);

		if (now >= c->linger_until_ms) {
			n->n_lingering--;
			conn_destroy(c);
		}
	}
}
