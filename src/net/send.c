#include "net/send_priv.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <tally/base/checked.h>

#include "net/conn_close_priv.h"
#include "net/net_state_priv.h"
#include "net/recv_priv.h"

#define TURN_WRITE_BYTES (256u << 10) /* of one connection in a loop turn */
#define SEND_PIECES      16
#define SEND_QUEUE_LIMIT (16u << 20) /* a peer with more bytes queued is disconnected */
#define SEND_STALL_MS    60000
/* Limit of one queue while all queues together hold more than SEND_COPIED_MAX copied bytes. */
#define SEND_CROWDED_BUFFER (64u << 10)

/* Copied and shared bytes alternate in a queue, so the count of copied bytes that are left is an
 * upper bound. */
static void set_copied(struct conn *c, size_t n)
{
	c->net->copied_total = c->net->copied_total - c->copied + n;
	c->copied = n;
}

size_t send_queued(const struct conn *c)
{
	return evbuffer_get_length(c->out);
}

void send_clear(struct conn *c)
{
	set_copied(c, 0);
	evbuffer_free(c->out);
}

static bool append_copy(struct evbuffer *out, const char *type, struct span payload)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_encode(header, type, payload);
	if (evbuffer_expand(out, FRAME_HEADER_BYTES + payload.len) != 0 ||
	    evbuffer_add(out, header, sizeof(header)) != 0)
		return false;
	return payload.len == 0 || evbuffer_add(out, payload.p, payload.len) == 0;
}

static void on_sent_or_dropped(const void *bytes, size_t n, void *shared)
{
	struct shared_bytes *s = shared;

	(void)bytes, (void)n;
	s->release(s);
}

/* Copies the header, references the payload. Returns false if the payload was not queued. */
static bool append_shared(struct evbuffer *out, const char *type, struct shared_bytes *s)
{
	uint8_t header[FRAME_HEADER_BYTES];

	frame_encode(header, type, s->bytes);
	return evbuffer_add(out, header, sizeof(header)) == 0 &&
	       evbuffer_add_reference(out, s->bytes.p, s->bytes.len, on_sent_or_dropped, s) == 0;
}

static bool may_queue(struct conn *c, size_t n)
{
	size_t before = send_queued(c);

	if (before + n <= SEND_QUEUE_LIMIT)
		return true;
	conn_close(c, CLOSE_PLAIN, false, "it does not read: %zu bytes are queued", before);
	return false;
}

static bool close_out_of_memory(struct conn *c, const char *type, size_t n)
{
	conn_close(c, CLOSE_PLAIN, false, "out of memory to send %s of %zu bytes", type, n);
	return false;
}

/* first: the queue was empty. copied: bytes of it that are a copy. */
static void after_queueing(struct conn *c, bool first, size_t copied)
{
	size_t limit =
		c->net->copied_total > SEND_COPIED_MAX ? SEND_CROWDED_BUFFER : NET_SEND_BUFFER_MAX;

	set_copied(c, c->copied + copied);
	if (first) {
		c->send_progress_ms = net_now_ms(c->net);
		event_add(c->writable, NULL);
	}
	if (send_queued(c) > limit)
		c->send_full = true;
}

bool send_message(struct conn *c, const char *type, struct span payload)
{
	bool first = send_queued(c) == 0;

	if (!may_queue(c, payload.len))
		return false;
	if (!append_copy(c->out, type, payload))
		return close_out_of_memory(c, type, payload.len);
	after_queueing(c, first, FRAME_HEADER_BYTES + payload.len);
	return true;
}

bool send_shared_message(struct conn *c, const char *type, struct shared_bytes *s)
{
	bool first = send_queued(c) == 0;

	if (!may_queue(c, s->bytes.len)) {
		s->release(s);
		return false;
	}
	if (!append_shared(c->out, type, s)) {
		close_out_of_memory(c, type, s->bytes.len);
		s->release(s);
		return false;
	}
	after_queueing(c, first, FRAME_HEADER_BYTES);
	return true;
}

/* As evbuffer_write, but without SIGPIPE. */
ssize_t send_some(struct conn *c)
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
		set_copied(c, MIN(c->copied, send_queued(c)));
		c->net->bytes_out += (uint64_t)sent;
		c->send_progress_ms = net_now_ms(c->net);
	}
	return sent;
}

static void write_failed(struct conn *c)
{
	if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
		conn_close(c, CLOSE_PLAIN, false, "%s", strerror(errno));
}

static void report_drained(struct conn *c)
{
	struct net *n = c->net;

	c->send_full = false;
	n->handler.drained(n->handler.arg, c->info.id);
	if (c->state == CONN_OPEN)
		recv_deliver(c); /* its messages were not handled while the queue was full */
}

void send_writable(struct conn *c)
{
	if (send_queued(c) > 0 && send_some(c) < 0) {
		write_failed(c);
		return;
	}
	if (send_queued(c) == 0)
		event_del(c->writable);
	if (c->state == CONN_OPEN && c->send_full && send_queued(c) < NET_SEND_BUFFER_MAX / 2)
		report_drained(c);
}

void send_tick(struct net *n, int64_t now)
{
	list_each_safe (it, &n->conns) {
		struct conn *c = list_entry(it, struct conn, link);

		if (send_queued(c) > 0 && now - c->send_progress_ms >= SEND_STALL_MS)
			conn_close(c, CLOSE_PLAIN, false, "it has read none of %zu bytes for %d s",
				   send_queued(c), SEND_STALL_MS / 1000);
	}
}
