/* Sending: a queue a connection, emptied as the system takes it. */
#include "net/net_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <tally/base/checked.h>

#define SEND_PIECES 16

/* What was copied lies before what is lent, behind it or between: told is the most it can be. */
static void set_copied(struct conn *c, size_t n)
{
	c->net->copied_total = c->net->copied_total - c->copied + n;
	c->copied = n;
}

void send_clear(struct conn *c)
{
	set_copied(c, 0);
	evbuffer_free(c->out);
}

static bool append(struct evbuffer *out, const char *command, struct span payload)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_encode(header, command, payload);
	if (evbuffer_expand(out, FRAME_HEADER_BYTES + payload.len) != 0 ||
	    evbuffer_add(out, header, sizeof(header)) != 0)
		return false;
	return payload.len == 0 || evbuffer_add(out, payload.p, payload.len) == 0;
}

static void give_back(const void *bytes, size_t n, void *loan)
{
	struct loan *l = loan;

	(void)bytes;
	(void)n;
	l->done(l);
}

/* Its header is copied. False: nothing is lent. */
static bool append_loan(struct evbuffer *out, const char *command, struct loan *l)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_encode(header, command, l->bytes);
	return evbuffer_add(out, header, sizeof(header)) == 0 &&
	       evbuffer_add_reference(out, l->bytes.p, l->bytes.len, give_back, l) == 0;
}

static bool may_queue(struct conn *c, size_t n)
{
	size_t before = evbuffer_get_length(c->out);

	if (before + n <= SEND_QUEUE_LIMIT)
		return true;
	conn_close(c, CLOSE_PLAIN, false, "it does not read: %zu bytes wait for it", before);
	return false;
}

static bool no_memory(struct conn *c, const char *command, size_t n)
{
	conn_close(c, CLOSE_PLAIN, false, "no memory to send %s of %zu bytes", command, n);
	return false;
}

static void was_queued(struct conn *c, bool first, size_t copied)
{
	size_t most = c->net->copied_total > SEND_COPIED_MAX ? SEND_LITTLE : NET_SEND_BUFFER_MAX;

	set_copied(c, c->copied + copied);
	if (first) {
		c->out_moved_ms = net_now_ms(c->net);
		event_add(c->writable, NULL);
	}
	if (evbuffer_get_length(c->out) > most)
		c->send_full = true;
}

bool send_queue(struct conn *c, const char *command, struct span payload)
{
	bool first = evbuffer_get_length(c->out) == 0;

	if (!may_queue(c, payload.len))
		return false;
	if (!append(c->out, command, payload))
		return no_memory(c, command, payload.len);
	was_queued(c, first, FRAME_HEADER_BYTES + payload.len);
	return true;
}

bool send_lend(struct conn *c, const char *command, struct loan *l)
{
	bool first = evbuffer_get_length(c->out) == 0;

	if (!may_queue(c, l->bytes.len)) {
		l->done(l);
		return false;
	}
	if (!append_loan(c->out, command, l)) {
		no_memory(c, command, l->bytes.len);
		l->done(l);
		return false;
	}
	was_queued(c, first, FRAME_HEADER_BYTES);
	return true;
}

/* What evbuffer_write would do, without the SIGPIPE. Bytes taken, or -1 with errno. */
static ssize_t write_some(struct conn *c)
{
	struct evbuffer_iovec pieces[SEND_PIECES];
	struct iovec iov[SEND_PIECES];
	struct msghdr msg = {.msg_iov = iov};
	int n = evbuffer_peek(c->out, TURN_WRITE_BYTES, NULL, pieces, SEND_PIECES);
	size_t left = TURN_WRITE_BYTES;
	ssize_t sent;

	for (int i = 0; i < MIN(n, SEND_PIECES) && left > 0; i++) {
		iov[i].iov_base = pieces[i].iov_base;
		iov[i].iov_len = MIN(pieces[i].iov_len, left);
		left -= iov[i].iov_len;
		msg.msg_iovlen++;
	}
	sent = sendmsg(c->fd, &msg, MSG_NOSIGNAL);
	if (sent > 0) {
		evbuffer_drain(c->out, (size_t)sent);
		set_copied(c, MIN(c->copied, evbuffer_get_length(c->out)));
		c->net->bytes_out += (uint64_t)sent;
		c->out_moved_ms = net_now_ms(c->net);
	}
	return sent;
}

static void write_failed(struct conn *c)
{
	if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
		return;
	if (c->state == CONN_LINGER) {
		c->net->n_lingering--;
		conn_destroy(c);
		return;
	}
	conn_close(c, CLOSE_PLAIN, false, "%s", strerror(errno));
}

static void tell_drained(struct conn *c)
{
	struct net *n = c->net;

	c->send_full = false;
	n->handler.drained(n->handler.arg, c->info.id);
	if (c->state == CONN_OPEN)
		recv_deliver(c);
}

void send_on_writable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	size_t left;

	(void)fd;
	(void)what;
	if (evbuffer_get_length(c->out) > 0 && write_some(c) < 0) {
		write_failed(c);
		return;
	}
	left = evbuffer_get_length(c->out);
	if (left == 0) {
		event_del(c->writable);
		if (c->state == CONN_LINGER)
			shutdown(c->fd, SHUT_WR);
	}
	if (c->state == CONN_OPEN && c->send_full && left < NET_SEND_BUFFER_MAX / 2)
		tell_drained(c);
}

void send_tick(struct net *n, int64_t now)
{
	list_each_safe (it, &n->conns) {
		struct conn *c = list_entry(it, struct conn, link);
		size_t left = evbuffer_get_length(c->out);

		if (left > 0 && now - c->out_moved_ms >= SEND_STALL_MS)
			conn_close(c, CLOSE_PLAIN, false, "it has taken none of %zu bytes for %d s",
				   left, SEND_STALL_MS / 1000);
	}
}
