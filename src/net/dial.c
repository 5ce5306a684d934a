#include "net/dial_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "net/conn_priv.h"
#include "net/dial_state_priv.h"
#include "net/net_state_priv.h"

#define DIAL_TIMEOUT_MS      5000
#define RETRY_UNCONNECTED_MS 3000 /* longest delay for a manual peer without another outbound one */

/* --- attempts ----------------------------------------------------------------------------- */

/* True if the error is about this machine or its network; it says nothing about the address. */
static bool is_local_error(int error)
{
	return error == ENETUNREACH || error == ENETDOWN || error == EMFILE || error == ENFILE ||
	       error == ENOBUFS || error == ENOMEM || error == EADDRNOTAVAIL ||
	       error == EAFNOSUPPORT;
}

/* Postpones the next attempt. A node that has no other outbound peer retries every 3 s, so that a
 * class is connected soon after its central node starts; then only the 1st, 2nd, 4th, 8th, ...
 * failure is logged at level info. */
static void manual_attempt_failed(struct net *n, struct manual_peer *m, const char *name, int error)
{
	const bool connected = dial_has_outbound(n);
	const int64_t delay = manual_peer_postpone(
		m, net_now_ms(n), connected ? DIAL_RETRY_MAX_MS : RETRY_UNCONNECTED_MS);
	const bool power_of_two = (m->failures & (m->failures - 1)) == 0;

	log_line(LOG_NET, connected || power_of_two ? LOG_INFO : LOG_DEBUG,
		 "peer %s: connection failed: %s: next attempt in %lld s", name, strerror(error),
		 (long long)delay / 1000);
}

static void attempt_failed(struct net *n, const struct net_addr *a, enum conn_kind kind, int error)
{
	struct manual_peer *m = manual_peer_find(n, a);
	char name[NET_ADDR_CHARS + 1];

	net_addr_format(name, a);
	if (!is_local_error(error))
		addrbook_failed(n->book, a);
	if (m) {
		manual_attempt_failed(n, m, name, error);
	} else if (kind == CONN_MANUAL || (dial_is_fallback(n, a) && !n->fallback_logged)) {
		log_info(LOG_NET, "peer %s: connection failed: %s", name, strerror(error));
		n->fallback_logged = n->fallback_logged || kind != CONN_MANUAL;
	} else {
		log_debug(LOG_NET, "peer %s: connection failed: %s", name, strerror(error));
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

/* When we dial an unused port of this machine, the system may choose that same port for our end, and
 * TCP's simultaneous open connects the socket to itself. */
static bool is_connected_to_itself(int fd)
{
	struct sockaddr_storage local, remote;
	socklen_t local_len = sizeof(local), remote_len = sizeof(remote);
	struct net_addr a, b;

	return getsockname(fd, (struct sockaddr *)&local, &local_len) == 0 &&
	       getpeername(fd, (struct sockaddr *)&remote, &remote_len) == 0 &&
	       net_addr_from_sockaddr(&a, (struct sockaddr *)&local) &&
	       net_addr_from_sockaddr(&b, (struct sockaddr *)&remote) && net_addr_equal(&a, &b);
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
	if (error == 0 && is_connected_to_itself(fd))
		error = ECONNREFUSED;
	if (error != 0) {
		dial_failed(d, error);
		return;
	}
	d->fd = -1;
	dial_free(d);
	n->fallback_logged = n->fallback_logged && !dial_is_fallback(n, &a);
	conn_open(n, (int)fd, kind, &a);
}

/* Returns a socket whose connect() has begun, or -1 with errno. */
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

void dial_drop_banned(struct net *n)
{
	list_each_safe (it, &n->dials) {
		struct dial *d = list_entry(it, struct dial, link);

		if (bans_is_banned(n->bans, &d->addr))
			dial_free(d);
	}
}

/* --- manual peers ------------------------------------------------------------------------- */

bool net_connect(struct net *n, const struct net_addr *a, bool once, struct err *e)
{
	char name[NET_ADDR_CHARS + 1];
	int error;

	net_addr_format(name, a);
	if (a->port == 0 || net_addr_scope(a) == NET_UNUSABLE)
		return err_set(e, ERR_USAGE, "bad-address",
			       "%s can't be dialled: give a unicast address and a port", name);
	if (addr_ring_has(&n->own_addrs, a) ||
	    (n->all_interfaces && a->port == net_port(n) && net_addr_scope(a) == NET_LOOPBACK))
		return err_set(e, ERR_USAGE, "own-address", "%s is this node itself: dial another",
			       name);
	if (n->stopping)
		return err_set(e, ERR_BUSY, "stopping", "%s is not dialled: this node is stopping",
			       name);
	if (bans_is_banned(n->bans, a))
		return err_set(e, ERR_POLICY, "banned", "%s is banned: remove the ban first", name);
	if (!once)
		manual_peer_add(n, a);
	/* An inbound peer that claims to listen at this address does not count: it may lie, and the
	 * user asked for a connection to this address. */
	if (dial_has_dialled(n, a) || dial_find(n, a))
		return err_set(e, ERR_KNOWN, "already-connected", "%s is already %s", name,
			       dial_has_dialled(n, a) ? "connected" : "being dialled");
	error = dial_start(n, a, CONN_MANUAL);
	if (error != 0 && once)
		return err_set(e, ERR_IO, "no-connection", "%s: connection failed: %s", name,
			       strerror(error));
	return true;
}

bool net_forget(struct net *n, const struct net_addr *a)
{
	struct manual_peer *m = manual_peer_find(n, a);
	struct dial *d = dial_find(n, a);

	if (!m)
		return false;
	manual_peer_remove(m);
	if (d && d->kind == CONN_MANUAL)
		dial_free(d);
	return true;
}

static void retry_manual_peers(struct net *n, int64_t now)
{
	list_each (it, &n->manual_peers) {
		struct manual_peer *m = list_entry(it, struct manual_peer, link);

		if (now >= m->next_ms && !dial_is_connected(n, &m->addr) &&
		    !dial_find(n, &m->addr) && !bans_is_banned(n->bans, &m->addr) &&
		    !addr_ring_has(&n->own_addrs, &m->addr))
			dial_start(n, &m->addr, CONN_MANUAL);
	}
}

/* --- the fallback node -------------------------------------------------------------------- */

static void retry_fallback(struct net *n, int64_t now)
{
	if (!dial_wants_fallback(n) || now < n->fallback_next_ms ||
	    bans_is_banned(n->bans, &n->fallback))
		return;
	n->fallback_next_ms = now + DIAL_FALLBACK_RETRY_MS;
	dial_start(n, &n->fallback, CONN_OUTBOUND);
}

void net_set_fallback(struct net *n, const struct net_addr *a)
{
	n->have_fallback = true;
	n->fallback = *a;
	n->fallback_next_ms = net_now_ms(n);
	n->fallback_logged = false;
	retry_fallback(n, n->fallback_next_ms);
}

/* --- all ---------------------------------------------------------------------------------- */

void dial_tick(struct net *n, int64_t now)
{
	list_each_safe (it, &n->dials) {
		struct dial *d = list_entry(it, struct dial, link);

		if (now >= d->deadline_ms)
			dial_failed(d, ETIMEDOUT);
	}
	retry_manual_peers(n, now);
	retry_fallback(n, now);
}

void dial_stop(struct net *n)
{
	list_each_safe (it, &n->dials)
		dial_free(list_entry(it, struct dial, link));
	list_each_safe (it, &n->manual_peers)
		manual_peer_remove(list_entry(it, struct manual_peer, link));
}

size_t net_dials(const struct net *n, struct net_dial *out, size_t max)
{
	int64_t now = net_now_ms(n);
	size_t k = 0;

	list_each (it, &n->manual_peers) {
		const struct manual_peer *m = list_entry(it, struct manual_peer, link);
		bool dialling = dial_find(n, &m->addr) != NULL;

		if (!dial_is_connected(n, &m->addr) && k < max)
			out[k++] = (struct net_dial){
				.addr = m->addr,
				.manual = true,
				.dialling = dialling,
				.next_ms = dialling ? 0 : MAX(0, m->next_ms - now),
				.failures = m->failures,
			};
	}
	list_each (it, &n->dials) {
		const struct dial *d = list_entry(it, struct dial, link);

		if (!manual_peer_find(n, &d->addr) && k < max)
			out[k++] = (struct net_dial){.addr = d->addr,
						     .manual = d->kind == CONN_MANUAL,
						     .dialling = true};
	}
	if (dial_wants_fallback(n) && !manual_peer_find(n, &n->fallback) && k < max)
		out[k++] = (struct net_dial){.addr = n->fallback,
					     .next_ms = MAX(0, n->fallback_next_ms - now)};
	return k;
}
