#include "net/conn_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "net/net_state_priv.h"
#include "net/recv_priv.h"
#include "net/send_priv.h"

#define LINGER_MS  5000
#define LINGER_MAX 64 /* connections at a time */

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

/* --- lingering --------------------------------------------------------------------------- */

/* Closing a socket that holds unread bytes resets the connection, and the reset can overtake the last
 * bytes sent. So a lingering connection sends the rest of its queue, shuts down its side, and reads
 * until the peer closes too. */
static void start_linger(struct conn *c)
{
	struct net *n = c->net;

	c->state = CONN_LINGER;
	c->linger_until_ms = net_now_ms(n) + LINGER_MS;
	recv_clear(c);
	list_del(&c->link);
	list_add(&n->lingering, &c->link);
	n->n_lingering++;
	if (send_queued(c) == 0)
		shutdown(c->fd, SHUT_WR);
	if (!c->at_eof)
		event_add(c->readable, NULL);
}

static void end_linger(struct conn *c)
{
	c->net->n_lingering--;
	conn_destroy(c);
}

static bool would_block(void)
{
	return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static void linger_read(struct conn *c)
{
	uint8_t discarded[4096];
	ssize_t got = recv(c->fd, discarded, sizeof(discarded), 0);

	if (got == 0 || (got < 0 && !would_block()))
		end_linger(c);
}

static void linger_write(struct conn *c)
{
	if (send_queued(c) > 0 && send_some(c) < 0) {
		if (!would_block())
			end_linger(c);
		return;
	}
	if (send_queued(c) == 0) {
		event_del(c->writable);
		shutdown(c->fd, SHUT_WR);
	}
}

void conn_tick_lingering(struct net *n, int64_t now)
{
	list_each_safe (it, &n->lingering) {
		struct conn *c = list_entry(it, struct conn, link);

		if (now >= c->linger_until_ms)
			end_linger(c);
	}
}

/* --- opening and reaping ----------------------------------------------------------------- */

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd, (void)what;
	if (c->state == CONN_LINGER)
		linger_read(c);
	else
		recv_readable(c);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;

	(void)fd, (void)what;
	if (c->state == CONN_LINGER)
		linger_write(c);
	else
		send_writable(c);
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
		log_error(LOG_NET, "out of memory for a send queue");
		abort();
	}
	c->readable = net_event(n, fd, EV_READ | EV_PERSIST, on_readable, c);
	c->writable = net_event(n, fd, EV_WRITE | EV_PERSIST, on_writable, c);
	list_init(&c->ready);
	list_add(&n->conns, &c->link);
	*(struct conn **)map_put(&n->by_id, &id, NULL) = c;
	n->n_kind[kind]++;
	recv_update(c);
	log_debug(LOG_NET, "peer %u %s: connected, %s", id, c->name, kind_name(kind));
	n->handler.opened(n->handler.arg, &c->info);
}

void conn_reap(struct net *n)
{
	while (!list_empty(&n->closing)) {
		struct conn *c = list_first(&n->closing, struct conn, link);
		bool queued = send_queued(c) > 0;

		log_debug(LOG_NET, "peer %u %s: closed: %s", c->info.id, c->name, c->reason);
		n->handler.closed(n->handler.arg, c->info.id, c->reason);
		if (c->linger_wanted && !n->stopping && n->n_lingering < LINGER_MAX &&
		    (queued || !c->at_eof))
			start_linger(c);
		else
			conn_destroy(c);
	}
}
