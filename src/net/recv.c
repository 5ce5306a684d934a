/* Receiving: bounded buffers, frames cut out of them, memory shared among all peers. */
#include "net/net_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <tally/base/checked.h>
#include <tally/base/clock.h>
#include <tally/base/mem.h>

static size_t buffered(const struct conn *c)
{
	return c->in.len - c->in.at;
}

/* --- memory ------------------------------------------------------------------------ */

/* What all receive buffers together may take before large ones stop growing: room is kept for the
 * small ones and for the one that is let through, so that the sum stays within the bound. */
static size_t shared_bound(const struct net *n)
{
	size_t kept = NET_RECV_BUFFER_MAX + (size_t)n->inbound_max * RECV_SMALL_BYTES;

	return MAX(NET_RECV_TOTAL_MAX / 2, NET_RECV_TOTAL_MAX - MIN(kept, NET_RECV_TOTAL_MAX));
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

/* Memory has come free: whoever waits for it may ask again. */
static void feed_starved(struct net *n)
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
	if (n->leader == c->info.id)
		n->leader = 0;
	n->recv_total -= c->in.cap;
	free(c->in.bytes);
	c->in = (struct recv_buffer){0};
	feed_starved(n);
}

/* The size to grow to: twice what has arrived, never what a header merely announces. */
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

	return cap <= RECV_SMALL_BYTES || n->leader == c->info.id ||
	       n->recv_total + (cap - c->in.cap) <= shared_bound(n);
}

/* Moves what is there into a buffer of the given size. */
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

static bool grow(struct conn *c)
{
	size_t cap = next_cap(c);

	if (cap == c->in.cap)
		return false;
	if (may_grow(c, cap) && set_cap(c, cap))
		return true;
	set_starved(c, true);
	return false;
}

/* Makes sure that something can be read. False: not now. */
static bool make_space(struct conn *c)
{
	struct recv_buffer *in = &c->in;

	if (in->at == in->len)
		in->at = in->len = 0;
	if (in->len < in->cap)
		return true;
	/* What is left moves to the front once that frees as much as it costs. */
	if (in->at > 0 && (in->at >= buffered(c) || in->cap == NET_RECV_BUFFER_MAX)) {
		memmove(in->bytes, in->bytes + in->at, buffered(c));
		in->len -= in->at;
		in->at = 0;
		return true;
	}
	return grow(c);
}

/* Once a large message is through, its room goes back to the others. */
static void shrink(struct conn *c)
{
	struct net *n = c->net;

	if (c->in.cap <= RECV_FIRST_BYTES || buffered(c) >= c->in.cap / 4)
		return;
	if (!set_cap(c, MAX(RECV_FIRST_BYTES, buffered(c) * 2)))
		return;
	if (n->leader == c->info.id)
		n->leader = 0;
	feed_starved(n);
}

/* --- frames ------------------------------------------------------------------------- */

/* Is a whole message there? Closes the connection where the header is wrong. */
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

/* Hands one message over. The connection may be closed afterwards, but is not freed. */
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
	n->handler.message(n->handler.arg, c->info.id, c->frame.command, payload);
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
			   "%s within a message, %zu bytes into it", why, left);
	else
		conn_close(c, CLOSE_PLAIN, c->eof_errno == 0, "%s", why);
}

void recv_ready(struct conn *c)
{
	if (list_empty(&c->ready))
		list_add(&c->net->ready, &c->ready);
	net_soon(c->net);
}

/* A few messages, then it is the others' turn. */
void recv_deliver(struct conn *c)
{
	size_t begin = c->in.at;
	const int64_t until_us = clock_mono_us(clock_system()) + TURN_US;
	unsigned messages = 0;
	bool whole = false;

	list_del(&c->ready);
	/* Some are small and dear: a question for 2,000 headers. */
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
		recv_ready(c);
	} else if (c->at_eof && may_deliver(c)) {
		finish_at_eof(c);
		return;
	}
	shrink(c);
	recv_update(c);
}

/* --- reading ------------------------------------------------------------------------ */

static bool should_read(const struct conn *c)
{
	if (c->state != CONN_OPEN || c->paused || c->starved || c->at_eof || !list_empty(&c->ready))
		return false;
	/* While its send queue is full nothing is delivered, but reading goes on up to the bound:
	 * two nodes that both wait for the other to read would wait for ever. */
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

/* False: nothing more for now. */
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

static void discard(struct conn *c)
{
	uint8_t waste[4096];
	ssize_t got = recv(c->fd, waste, sizeof(waste), 0);

	if (got > 0 || (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)))
		return;
	c->net->n_lingering--;
	conn_destroy(c);
}

void recv_on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct conn *c = arg;
	size_t budget = TURN_READ_BYTES;

	(void)fd;
	(void)what;
	if (c->state == CONN_LINGER) {
		discard(c);
		return;
	}
	if (c->state != CONN_OPEN)
		return;
	while (read_some(c, &budget)) {
		/* A frame's length is known as soon as its header is there. */
		if (!c->have_frame)
			next_frame(c);
		if (c->state != CONN_OPEN)
			return;
	}
	recv_deliver(c);
}

/* --- when memory is short ------------------------------------------------------------- */

static size_t missing(const struct conn *c)
{
	size_t whole =
		c->have_frame ? FRAME_HEADER_BYTES + (size_t)c->frame.length : FRAME_HEADER_BYTES;

	return whole > buffered(c) ? whole - buffered(c) : 0;
}

/* Every buffer may be full of halves of messages. So that somebody gets on, one at a time may grow
 * beyond the bound: the one nearest to its end. */
static void choose_leader(struct net *n, int64_t now)
{
	struct conn *best = NULL;

	list_each (it, &n->conns) {
		struct conn *c = list_entry(it, struct conn, link);

		if (c->starved && !c->paused && !c->send_full &&
		    (!best || missing(c) < missing(best)))
			best = c;
	}
	if (!best)
		return;
	n->leader = best->info.id;
	n->leader_ms = now;
	set_starved(best, false);
	recv_update(best);
}

void recv_tick(struct net *n, int64_t now)
{
	struct conn *leader = conn_find(n, n->leader);

	if (n->leader != 0 && !leader)
		n->leader = 0;
	if (leader && now - MAX(n->leader_ms, leader->last_read_ms) >= RECV_LEADER_PATIENCE_MS) {
		n->leader = 0;
		conn_close(leader, CLOSE_PLAIN, false,
			   "memory is short and it has not sent the rest of %s for %d s",
			   leader->have_frame ? leader->frame.command : "a message",
			   RECV_LEADER_PATIENCE_MS / 1000);
	}
	if (n->leader == 0 && n->n_starved > 0)
		choose_leader(n, now);
	feed_starved(n);
}
