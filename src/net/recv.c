#include "net/recv_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <tally/base/checked.h>
#include <tally/base/clock.h>
#include <tally/base/mem.h>

#include "net/conn_close_priv.h"
#include "net/net_state_priv.h"

/* What one connection may do in a loop turn before the others have their turn. */
#define TURN_READ_BYTES    (64u << 10)
#define TURN_MESSAGES      16
#define TURN_MESSAGE_BYTES (256u << 10)
#define TURN_US            500

#define RECV_FIRST_BYTES 4096 /* initial capacity of a buffer */
/* A buffer may always grow to this, so that small messages arrive however little memory is left. */
#define RECV_SMALL_BYTES   16384
#define EXEMPT_PATIENCE_MS 10000 /* without a byte from the exempt connection */

static size_t buffered(const struct conn *c)
{
	return c->in.len - c->in.at;
}

/* --- memory ------------------------------------------------------------------------ */

/* The total above which buffers over RECV_SMALL_BYTES stop growing. It reserves room for a small
 * buffer of every inbound peer and for one full buffer (see choose_exempt), so that the total stays
 * within NET_RECV_TOTAL_MAX. */
static size_t shared_bound(const struct net *n)
{
	size_t reserved = NET_RECV_BUFFER_MAX + (size_t)n->inbound_max * RECV_SMALL_BYTES;

	return MAX(NET_RECV_TOTAL_MAX / 2, NET_RECV_TOTAL_MAX - MIN(reserved, NET_RECV_TOTAL_MAX));
}

static void set_starved(struct conn *c, bool starved)
{
	if (c->starved == starved)
		return;
	c->starved = starved;
	if (starved)
		c->net->n_starved++;
	else
		c->net->n_starved--;
}

/* Memory was freed: starved connections may try again. */
static void retry_starved(struct net *n)
{
	if (n->n_starved == 0 || n->recv_total >= shared_bound(n))
		return;
	list_each (it, &n->conns) {
		struct conn *c = list_entry(it, struct conn, link);

		set_starved(c, false);
		recv_update(c);
	}
}

void recv_clear(struct conn *c)
{
	struct net *n = c->net;

	set_starved(c, false);
	if (n->exempt == c->info.id)
		n->exempt = 0;
	n->recv_total -= c->in.cap;
	free(c->in.bytes);
	c->in = (struct recv_buffer){0};
	retry_starved(n);
}

/* The capacity to grow to: twice the present one. A header that announces 4 MB does not make us
 * allocate 4 MB before the bytes arrive. */
static size_t next_cap(const struct conn *c)
{
	size_t cap = MIN(MAX(c->in.cap * 2, RECV_FIRST_BYTES), NET_RECV_BUFFER_MAX);
	size_t whole = FRAME_HEADER_BYTES + (size_t)c->frame.length;

	if (c->have_frame && whole > c->in.cap && whole < cap)
		cap = whole;
	return cap;
}

static bool may_grow(struct conn *c, size_t cap)
{
	struct net *n = c->net;

	return cap <= RECV_SMALL_BYTES || n->exempt == c->info.id ||
	       n->recv_total + (cap - c->in.cap) <= shared_bound(n);
}

/* Moves the buffered bytes into a new buffer of this capacity. */
static bool set_cap(struct conn *c, size_t cap)
{
	size_t n = buffered(c);
	uint8_t *bytes = mem_try(cap);

	if (!bytes)
		return false;
	if (n > 0)
		memcpy(bytes, c->in.bytes + c->in.at, n);
	free(c->in.bytes);
	c->net->recv_total = c->net->recv_total - c->in.cap + cap;
	c->in = (struct recv_buffer){.bytes = bytes, .len = n, .cap = cap};
	return true;
}

static bool grow_buffer(struct conn *c)
{
	size_t cap = next_cap(c);

	if (cap == c->in.cap)
		return false;
	if (may_grow(c, cap) && set_cap(c, cap))
		return true;
	set_starved(c, true);
	return false;
}

/* Makes room for at least one byte. Returns false if there is none now. */
static bool make_space(struct conn *c)
{
	struct recv_buffer *in = &c->in;

	if (in->at == in->len)
		in->at = in->len = 0;
	if (in->len < in->cap)
		return true;
	/* Moves the rest to the front once that frees at least as many bytes as it moves. */
	if (in->at > 0 && (in->at >= buffered(c) || in->cap == NET_RECV_BUFFER_MAX)) {
		memmove(in->bytes, in->bytes + in->at, buffered(c));
		in->len -= in->at;
		in->at = 0;
		return true;
	}
	return grow_buffer(c);
}

/* Returns the memory of a large message once it is delivered. */
static void shrink_buffer(struct conn *c)
{
	struct net *n = c->net;

	if (c->in.cap <= RECV_FIRST_BYTES || buffered(c) >= c->in.cap / 4)
		return;
	if (!set_cap(c, MAX(RECV_FIRST_BYTES, buffered(c) * 2)))
		return;
	if (n->exempt == c->info.id)
		n->exempt = 0;
	retry_starved(n);
}

/* --- frames ------------------------------------------------------------------------- */

/* True if a complete message is buffered. Closes the connection if its header is invalid. */
static bool next_frame(struct conn *c)
{
	struct err e;

	if (!c->have_frame) {
		if (buffered(c) < FRAME_HEADER_BYTES)
			return false;
		if (!frame_decode(&c->frame, c->in.bytes + c->in.at, &e)) {
			conn_close(c, CLOSE_DISCOURAGE, false, "%s", e.detail);
			return false;
		}
		c->have_frame = true;
	}
	return buffered(c) >= FRAME_HEADER_BYTES + (size_t)c->frame.length;
}

/* Delivers one message. Afterwards the connection may be closed, but it is not freed. */
static void deliver_one(struct conn *c)
{
	struct net *n = c->net;
	struct span payload = {c->in.bytes + c->in.at + FRAME_HEADER_BYTES, c->frame.length};
	struct err e;

	if (!frame_check(&c->frame, payload, &e)) {
		conn_close(c, CLOSE_DISCOURAGE, false, "%s", e.detail);
		return;
	}
	c->in.at += FRAME_HEADER_BYTES + payload.len;
	c->have_frame = false;
	n->handler.message(n->handler.arg, c->info.id, c->frame.type, payload);
}

static bool may_deliver(const struct conn *c)
{
	return c->state == CONN_OPEN && !c->paused && !c->send_full;
}

static void finish_at_eof(struct conn *c)
{
	const char *why = c->eof_errno ? strerror(c->eof_errno) : "the peer closed the connection";
	size_t left = buffered(c);

	if (left > 0)
		conn_close(c, CLOSE_PLAIN, c->eof_errno == 0,
			   "%s after %zu bytes of an incomplete message", why, left);
	else
		conn_close(c, CLOSE_PLAIN, c->eof_errno == 0, "%s", why);
}

void recv_schedule(struct conn *c)
{
	if (list_empty(&c->ready))
		list_add(&c->net->ready, &c->ready);
	net_schedule(c->net);
}

void recv_deliver(struct conn *c)
{
	size_t begin = c->in.at;
	const int64_t until_us = clock_mono_us(clock_system()) + TURN_US;
	unsigned messages = 0;
	bool whole = false;

	list_del(&c->ready);
	/* The limits on bytes and number don't suffice: a small getheaders asks for 2,000 headers. */
	while (may_deliver(c) && (whole = next_frame(c)) && messages < TURN_MESSAGES &&
	       c->in.at - begin < TURN_MESSAGE_BYTES &&
	       (messages == 0 || clock_mono_us(clock_system()) < until_us)) {
		deliver_one(c);
		messages++;
		whole = false;
	}
	if (c->state != CONN_OPEN)
		return;
	if (whole) {
		recv_schedule(c);
	} else if (c->at_eof && may_deliver(c)) {
		finish_at_eof(c);
		return;
	}
	shrink_buffer(c);
	recv_update(c);
}

/* --- reading ------------------------------------------------------------------------ */

static bool should_read(const struct conn *c)
{
	if (c->state != CONN_OPEN || c->paused || c->starved || c->at_eof || !list_empty(&c->ready))
		return false;
	/* Even with a full send queue, when nothing is delivered, it reads on up to the bound. Else
	 * two nodes that both send much would block each other: neither reads, so neither can send. */
	return buffered(c) < NET_RECV_BUFFER_MAX;
}

void recv_update(struct conn *c)
{
	bool want = should_read(c);

	if (want == c->reading)
		return;
	c->reading = want;
	if (want)
		event_add(c->readable, NULL);
	else
		event_del(c->readable);
}

/* Returns false if there is nothing more to read in this turn. */
static bool read_some(struct conn *c, size_t *budget)
{
	size_t room;
	ssize_t got;

	if (*budget == 0 || buffered(c) >= NET_RECV_BUFFER_MAX || !make_space(c))
		return false;
	room = MIN(c->in.cap - c->in.len, *budget);
	got = recv(c->fd, c->in.bytes + c->in.len, room, 0);
	if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR))
		return false;
	if (got <= 0) {
		c->at_eof = true;
		c->eof_errno = got < 0 ? errno : 0;
		return false;
	}
	c->in.len += (size_t)got;
	*budget -= (size_t)got;
	c->net->bytes_in += (uint64_t)got;
	c->last_read_ms = net_now_ms(c->net);
	return (size_t)got == room;
}

void recv_readable(struct conn *c)
{
	size_t budget = TURN_READ_BYTES;

	if (c->state != CONN_OPEN)
		return;
	while (read_some(c, &budget)) {
		/* Reads the length of the next message early: next_cap needs it. */
		if (!c->have_frame)
			next_frame(c);
		if (c->state != CONN_OPEN)
			return;
	}
	recv_deliver(c);
}

/* --- out of buffer space -------------------------------------------------------------- */

static size_t missing_bytes(const struct conn *c)
{
	size_t whole =
		c->have_frame ? FRAME_HEADER_BYTES + (size_t)c->frame.length : FRAME_HEADER_BYTES;

	return whole > buffered(c) ? whole - buffered(c) : 0;
}

/* All buffers may be full of incomplete messages, and then no message would ever complete. So one
 * connection at a time may exceed the bound: the one that misses the fewest bytes. */
static void choose_exempt(struct net *n, int64_t now)
{
	struct conn *best = NULL;

	list_each (it, &n->conns) {
		struct conn *c = list_entry(it, struct conn, link);

		if (c->starved && !c->paused && !c->send_full &&
		    (!best || missing_bytes(c) < missing_bytes(best)))
			best = c;
	}
	if (!best)
		return;
	n->exempt = best->info.id;
	n->exempt_ms = now;
	set_starved(best, false);
	recv_update(best);
}

void recv_tick(struct net *n, int64_t now)
{
	struct conn *exempt = conn_find(n, n->exempt);

	if (n->exempt != 0 && !exempt)
		n->exempt = 0;
	if (exempt && now - MAX(n->exempt_ms, exempt->last_read_ms) >= EXEMPT_PATIENCE_MS) {
		n->exempt = 0;
		conn_close(exempt, CLOSE_PLAIN, false,
			   "memory is short and it sent nothing more of an incomplete %s for %d s",
			   exempt->have_frame ? exempt->frame.type : "message",
			   EXEMPT_PATIENCE_MS / 1000);
	}
	if (n->exempt == 0 && n->n_starved > 0)
		choose_exempt(n, now);
	retry_starved(n);
}
