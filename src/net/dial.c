/* Dialling: what a person wishes, and the central node. */
#include "net/net_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>

/* --- what is there already ------------------------------------------------------------------ */

struct wish *dial_wish(const struct net *n, const struct net_addr *a)
{
	list_each (it, &n->wishes) {
		struct wish *w = list_entry(it, struct wish, link);

		if (net_addr_equal(&w->addr, a))
			return w;
	}
	return NULL;
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

/* A connection that we have dialled there ourselves. */
static bool dialled_at(const struct conn *c, const struct net_addr *a)
{
	return c->info.kind != CONN_INBOUND && net_addr_equal(&c->info.peer, a);
}

/* Inbound peers come from ports of the moment, which say nothing about where they listen; and a node may listen
 * at several addresses. What is known of both is in `listens`. */
bool dial_connected_to(const struct net *n, const struct net_addr *a)
{
	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (dialled_at(c, a) || listens_has(c->listens, c->n_listens, a))
			return true;
	}
	return false;
}

static bool has_dialled(const struct net *n, const struct net_addr *a)
{
	list_each (it, &n->conns) {
		if (dialled_at(list_entry(it, struct conn, link), a))
			return true;
	}
	return false;
}

/* One that we have dialled, and that has greeted us: whoever came by itself is no reason to dial nobody. */
static bool anybody_dialled(const struct net *n)
{
	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (c->info.kind != CONN_INBOUND && c->handshaken)
			return true;
	}
	return false;
}

static bool is_fallback(const struct net *n, const struct net_addr *a)
{
	return n->have_fallback && net_addr_equal(&n->fallback, a);
}

/* --- one attempt ------------------------------------------------------------------------------ */

/* 1 s doubling to 60 s. */
static int64_t retry_delay(uint32_t failures)
{
	return failures >= 6 ? RETRY_MAX_MS : (int64_t)RETRY_FIRST_MS << failures;
}

static int64_t put_off(struct wish *w, int64_t now, int64_t most)
{
	int64_t delay = MIN(retry_delay(w->failures), most);

	w->next_ms = now + delay;
	w->failures++;
	return delay;
}

/* Is it our own network that is missing? Then nothing is held against the address. */
static bool our_fault(int error)
{
	return error == ENETUNREACH || error == ENETDOWN || error == EMFILE || error == ENFILE ||
	       error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL ||
	       error == EAFNOSUPPORT;
}

static void attempt_failed(struct net *n, const struct net_addr *a, enum conn_kind kind, int error)
{
	struct wish *w = dial_wish(n, a);
	char name[NET_ADDR_CHARS + 1];

	net_addr_format(name, a);
	if (!our_fault(error))
		addrbook_failed(n->book, a);
	if (w) {
		/* Who has nobody else waits for it, as a class does for the central node; and says so ever more
		 * rarely. */
		const bool alone = !anybody_dialled(n);
		int64_t delay = put_off(w, net_now_ms(n), alone ? RETRY_ALONE_MS : RETRY_MAX_MS);
		const bool told = alone && (w->failures & (w->failures - 1)) != 0;

		log_line(LOG_NET, told ? LOG_DEBUG : LOG_INFO,
			 "peer %s: no connection: %s: next try in %lld s", name, strerror(error),
			 (long long)delay / 1000);
	} else if (kind == CONN_MANUAL || (is_fallback(n, a) && !n->fallback_told)) {
		log_info(LOG_NET, "peer %s: no connection: %s", name, strerror(error));
		n->fallback_told = n->fallback_told || kind != CONN_MANUAL;
	} else {
		log_debug(LOG_NET, "peer %s: no connection: %s", name, strerror(error));
	}
}

static void dial_free(struct dial *d)
{
	list_del(&d->link);
	event_free(d->event);
	if (d->fd >= 0)
		close(d->fd);
	free(d);
}

static void dial_failed(struct dial *d, int error)
{
	struct net *n = d->net;
	struct net_addr a = d->addr;
	enum conn_kind kind = d->kind;

	dial_free(d);
	attempt_failed(n, &a, kind, error);
}

/* Dialling a port of this machine on which nobody listens, the system may choose that very port for
 * our end, and the socket is connected to itself. */
static bool connected_to_itself(int fd)
{
	struct sockaddr_storage here, there;
	socklen_t here_len = sizeof(here), there_len = sizeof(there);
	struct net_addr a, b;

	return getsockname(fd, (struct sockaddr *)&here, &here_len) == 0 &&
	       getpeername(fd, (struct sockaddr *)&there, &there_len) == 0 &&
	       net_addr_from_sockaddr(&a, (struct sockaddr *)&here) &&
	       net_addr_from_sockaddr(&b, (struct sockaddr *)&there) && net_addr_equal(&a, &b);
}

static void on_dialled(evutil_socket_t fd, short what, void *arg)
{
	struct dial *d = arg;
	struct net *n = d->net;
	struct net_addr a = d->addr;
	enum conn_kind kind = d->kind;
	int error = 0;
	socklen_t len = sizeof(error);

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0)
		error = errno;
	if (error == 0 && connected_to_itself(fd))
		error = ECONNREFUSED;
	if (error != 0) {
		dial_failed(d, error);
		return;
	}
	d->fd = -1;
	dial_free(d);
	n->fallback_told = n->fallback_told && !is_fallback(n, &a);
	conn_open(n, (int)fd, kind, &a);
}

static int connecting_socket(const struct net_addr *a)
{
	struct sockaddr_storage ss;
	socklen_t len = net_addr_to_sockaddr(&ss, a);
	int fd = socket(ss.ss_family, SOCK_STREAM, 0), error;

	if (fd < 0)
		return -1;
	if (net_prepare_fd(fd) &&
	    (connect(fd, (struct sockaddr *)&ss, len) == 0 || errno == EINPROGRESS))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

int dial_start(struct net *n, const struct net_addr *a, enum conn_kind kind)
{
	struct dial *d;
	int fd = connecting_socket(a), error = errno;

	addrbook_dialled(n->book, a);
	if (fd < 0) {
		attempt_failed(n, a, kind, error);
		return error;
	}
	d = NEW(struct dial);
	d->net = n;
	d->addr = *a;
	d->kind = kind;
	d->fd = fd;
	d->deadline_ms = net_now_ms(n) + DIAL_TIMEOUT_MS;
	d->event = net_event(n, fd, EV_WRITE, on_dialled, d);
	event_add(d->event, NULL);
	list_add(&n->dials, &d->link);
	return 0;
}

/* --- wishes ---------------------------------------------------------------------------------- */

static struct wish *add_wish(struct net *n, const struct net_addr *a)
{
	struct wish *w = dial_wish(n, a);

	if (!w) {
		w = NEW(struct wish);
		w->addr = *a;
		list_add(&n->wishes, &w->link);
	}
	w->failures = 0;
	w->next_ms = net_now_ms(n);
	return w;
}

bool net_connect(struct net *n, const struct net_addr *a, bool once, struct err *e)
{
	char name[NET_ADDR_CHARS + 1];
	int error;

	net_addr_format(name, a);
	if (a->port == 0 || net_addr_scope(a) == NET_NOWHERE)
		return err_set(e, ERR_USAGE, "bad-address",
			       "%s can't be dialled: HOST:PORT is the form", name);
	if (listens_has(n->own, n->n_own, a) ||
	    (n->everywhere && a->port == net_port(n) && net_addr_scope(a) == NET_LOOPBACK))
		return err_set(e, ERR_USAGE, "own-address", "%s is this node itself: dial another",
			       name);
	if (n->stopping)
		return err_set(e, ERR_BUSY, "stopping", "%s is not dialled: this node stops", name);
	if (bans_is_banned(n->bans, a))
		return err_set(e, ERR_POLICY, "banned", "%s is banned: lift the ban first", name);
	if (!once)
		add_wish(n, a);
	/* Not so where a peer that came is taken for it: a person knows better. */
	if (has_dialled(n, a) || dial_find(n, a))
		return err_set(e, ERR_KNOWN, "already-connected", "%s is %s already", name,
			       has_dialled(n, a) ? "connected" : "being dialled");
	error = dial_start(n, a, CONN_MANUAL);
	if (error != 0 && once)
		return err_set(e, ERR_IO, "no-connection", "%s: no connection: %s", name,
			       strerror(error));
	return true;
}

bool net_forget(struct net *n, const struct net_addr *a)
{
	struct wish *w = dial_wish(n, a);
	struct dial *d = dial_find(n, a);

	if (!w)
		return false;
	list_del(&w->link);
	free(w);
	if (d && d->kind == CONN_MANUAL)
		dial_free(d);
	return true;
}

void dial_conn_closed(struct conn *c)
{
	struct net *n = c->net;
	struct wish *w = dial_wish(n, &c->info.peer);
	int64_t now = net_now_ms(n);
	bool steady = now - c->opened_ms >= RETRY_STEADY_MS;

	/* Found to be connected already: neither success nor failure. */
	if (n->stopping || dial_connected_to(n, &c->info.peer))
		return;
	if (!c->handshaken)
		addrbook_failed(n->book, &c->info.peer);
	if (c->info.kind != CONN_FEELER)
		slots_lost(n, &c->info.peer, !steady, now);
	if (is_fallback(n, &c->info.peer)) {
		n->fallback_failures = c->handshaken ? 0 : n->fallback_failures + 1;
		n->fallback_ms = now + MAX(FALLBACK_RETRY_MS, retry_delay(n->fallback_failures));
	}
	if (w) {
		if (steady)
			w->failures = 0;
		put_off(w, now, RETRY_MAX_MS);
	}
}

void dial_drop_banned(struct net *n)
{
	list_each_safe (it, &n->dials) {
		struct dial *d = list_entry(it, struct dial, link);

		if (bans_is_banned(n->bans, &d->addr))
			dial_free(d);
	}
}

static void retry_wishes(struct net *n, int64_t now)
{
	list_each (it, &n->wishes) {
		struct wish *w = list_entry(it, struct wish, link);

		if (now >= w->next_ms && !dial_connected_to(n, &w->addr) &&
		    !dial_find(n, &w->addr) && !bans_is_banned(n->bans, &w->addr) &&
		    !listens_has(n->own, n->n_own, &w->addr))
			dial_start(n, &w->addr, CONN_MANUAL);
	}
}

/* --- the central node --------------------------------------------------------------------------- */

static bool wants_fallback(const struct net *n)
{
	return n->have_fallback && !anybody_dialled(n) && !dial_connected_to(n, &n->fallback) &&
	       !dial_find(n, &n->fallback);
}

static void try_fallback(struct net *n, int64_t now)
{
	if (!wants_fallback(n) || now < n->fallback_ms || bans_is_banned(n->bans, &n->fallback))
		return;
	n->fallback_ms = now + FALLBACK_RETRY_MS;
	dial_start(n, &n->fallback, CONN_OUTBOUND);
}

void net_set_fallback(struct net *n, const struct net_addr *a)
{
	n->have_fallback = true;
	n->fallback = *a;
	n->fallback_ms = net_now_ms(n);
	n->fallback_told = false;
	try_fallback(n, n->fallback_ms);
}

/* --- time ------------------------------------------------------------------------------------------ */

void dial_tick(struct net *n, int64_t now)
{
	list_each_safe (it, &n->dials) {
		struct dial *d = list_entry(it, struct dial, link);

		if (now >= d->deadline_ms)
			dial_failed(d, ETIMEDOUT);
	}
	retry_wishes(n, now);
	try_fallback(n, now);
	if (n->dial_book)
		slots_fill(n, now);
}

void dial_stop(struct net *n)
{
	list_each_safe (it, &n->dials)
		dial_free(list_entry(it, struct dial, link));
	list_each_safe (it, &n->wishes)
		free(list_entry(it, struct wish, link));
	list_init(&n->wishes);
}

size_t net_dials(const struct net *n, struct net_dial *out, size_t max)
{
	int64_t now = net_now_ms(n);
	size_t k = 0;

	list_each (it, &n->wishes) {
		const struct wish *w = list_entry(it, struct wish, link);
		bool dialling = dial_find(n, &w->addr) != NULL;

		if (!dial_connected_to(n, &w->addr) && k < max)
			out[k++] = (struct net_dial){w->addr, true, dialling,
						     dialling ? 0 : MAX(0, w->next_ms - now),
						     w->failures};
	}
	list_each (it, &n->dials) {
		const struct dial *d = list_entry(it, struct dial, link);

		if (!dial_wish(n, &d->addr) && k < max)
			out[k++] = (struct net_dial){d->addr, d->kind == CONN_MANUAL, true, 0, 0};
	}
	if (wants_fallback(n) && !dial_wish(n, &n->fallback) && k < max)
		out[k++] = (struct net_dial){n->fallback, false, false,
					     MAX(0, n->fallback_ms - now), 0};
	return k;
}
