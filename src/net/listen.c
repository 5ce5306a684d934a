/* Listening: sockets, and who is let in. */
#include "net/net_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/net/evict.h>

#define REFUSED_LINE_MS 10000

/* --- who is let in --------------------------------------------------------------------- */

/* The place it comes from. Ports don't matter here: whoever is at one address can have them all. */
static uint64_t keyed_group(const struct net *n, const struct net_addr *peer)
{
	struct net_addr place = *peer;
	uint64_t group;

	place.port = 0;
	group = net_addr_group(&place);
	return short_hash(n->group_key, &group, sizeof(group));
}

/* Closes the least deserving inbound connection. False: all are protected. */
static bool make_room(struct net *n)
{
	struct evict_candidate *all = mem_array(n->n_kind[CONN_INBOUND], sizeof(*all));
	struct conn *chosen;
	size_t k = 0;

	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (c->info.kind != CONN_INBOUND)
			continue;
		all[k] = (struct evict_candidate){.id = c->info.id,
						  .group = keyed_group(n, &c->info.peer),
						  .connected_ms = c->opened_ms,
						  .min_ping_us = -1,
						  .discouraged = c->discouraged};
		if (n->handler.merits)
			n->handler.merits(n->handler.arg, c->info.id, &all[k]);
		k++;
	}
	chosen = conn_find(n, evict_choose(all, k));
	free(all);
	if (chosen)
		conn_close(chosen, CLOSE_PLAIN, true,
			   "makes room for another: all %u inbound slots are taken",
			   n->inbound_max);
	return chosen != NULL;
}

/* The one place where it is decided what a newcomer gets. NULL: let in; else why not. */
const char *listen_admit(struct net *n, const struct net_addr *peer)
{
	size_t inbound = n->n_kind[CONN_INBOUND];

	if (bans_is_banned(n->bans, peer))
		return "its address is banned";
	/* A school shares one address: what misbehaved is let in while there is room for everyone. */
	if (inbound >= n->inbound_max / 2 && bans_is_discouraged(n->bans, peer))
		return "it is discouraged and half of the inbound slots are taken";
	if (inbound >= n->inbound_max && !make_room(n))
		return "all inbound slots are taken by peers worth keeping";
	return NULL;
}

/* One line for many: whoever knocks all day must not fill the log. */
static void log_refused(struct net *n, const struct net_addr *peer, const char *why)
{
	char name[NET_ADDR_CHARS + 1];
	int64_t now = net_now_ms(n);

	n->refused++;
	if (n->refused > 1 && now - n->refused_ms < REFUSED_LINE_MS)
		return;
	net_addr_format(name, peer);
	log_warn(LOG_NET,
		 "inbound %s: refused: %s (%zu of %u; %llu refused since the last such line)", name,
		 why, n->n_kind[CONN_INBOUND], n->inbound_max, (unsigned long long)n->refused);
	n->refused = 1;
	n->refused_ms = now;
}

static void take(struct net *n, int fd, const struct sockaddr *sa)
{
	struct net_addr peer;
	const char *why;

	if (!net_addr_from_sockaddr(&peer, sa) || !net_prepare_fd(fd)) {
		close(fd);
		return;
	}
	why = listen_admit(n, &peer);
	if (why) {
		log_refused(n, &peer, why);
		close(fd);
		return;
	}
	conn_open(n, fd, CONN_INBOUND, &peer);
}

/* Out of file descriptors the socket stays readable: the loop would spin. */
static void rest(struct net *n, struct listener *l, int error)
{
	log_warn(LOG_NET, "port %u: can't accept: %s: trying again in %d s", l->port,
		 strerror(error), ACCEPT_REST_MS / 1000);
	event_del(l->event);
	l->resting = true;
	l->rest_until_ms = net_now_ms(n) + ACCEPT_REST_MS;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_TURN; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int taken = accept(fd, (struct sockaddr *)&ss, &len);

		if (taken >= 0) {
			take(n, taken, (struct sockaddr *)&ss);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		for (size_t k = 0; k < n->n_listeners; k++)
			if (n->listeners[k].fd == fd)
				rest(n, &n->listeners[k], errno);
		return;
	}
}

void listen_tick(struct net *n, int64_t now)
{
	for (size_t i = 0; i < n->n_listeners; i++) {
		struct listener *l = &n->listeners[i];

		if (l->resting && now >= l->rest_until_ms) {
			l->resting = false;
			event_add(l->event, NULL);
		}
	}
}

void listen_stop(struct net *n)
{
	for (size_t i = 0; i < n->n_listeners; i++) {
		event_free(n->listeners[i].event);
		close(n->listeners[i].fd);
	}
	n->n_listeners = 0;
}

/* --- sockets ----------------------------------------------------------------------------- */

static int bound_socket(const struct net_addr *a, bool both)
{
	const int one = 1, zero = 0;
	struct sockaddr_storage ss;
	socklen_t len = net_addr_to_sockaddr(&ss, a);
	int fd = socket(ss.ss_family, SOCK_STREAM, 0), error;

	if (fd < 0)
		return -1;
	if (!net_prepare_fd(fd) ||
	    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    (ss.ss_family == AF_INET6 &&
	     setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, both ? &zero : &one, sizeof(one)) != 0) ||
	    bind(fd, (struct sockaddr *)&ss, len) != 0 || listen(fd, SOMAXCONN) != 0) {
		error = errno;
		close(fd);
		errno = error;
		return -1;
	}
	return fd;
}

/* Every interface: one socket for both families, or IPv4 alone where there is no IPv6. */
static int bound_everywhere(uint16_t port)
{
	struct net_addr any6 = {.port = port};
	struct net_addr any4 = {.ip = {[10] = 0xff, [11] = 0xff}, .port = port};
	int fd = bound_socket(&any6, true);

	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL ||
		       errno == EPROTONOSUPPORT || errno == ENOPROTOOPT)) {
		log_info(LOG_NET, "port %u: no IPv6 here, IPv4 alone", port);
		fd = bound_socket(&any4, false);
	}
	return fd;
}

static bool say_why(const char *where, uint16_t port, int error, struct err *e)
{
	if (error == EADDRINUSE)
		return err_set(
			e, ERR_IO, "port-in-use",
			"port %u is in use: another node runs there, or choose one with --port",
			port);
	if (error == EACCES)
		return err_set(
			e, ERR_IO, "port-forbidden",
			"port %u can't be opened: only the system may use it: choose one above 1023 "
			"with --port",
			port);
	if (error == EADDRNOTAVAIL && where)
		return err_set(e, ERR_IO, "bind-address",
			       "%s is no address of this machine: --bind takes one of its own",
			       where);
	return err_set(e, ERR_IO, "listen-failed", "port %u can't be opened: %s", port,
		       strerror(error));
}

static uint16_t real_port(int fd)
{
	struct sockaddr_storage ss;
	socklen_t len = sizeof(ss);
	struct net_addr a = {0};

	if (getsockname(fd, (struct sockaddr *)&ss, &len) == 0)
		net_addr_from_sockaddr(&a, (struct sockaddr *)&ss);
	return a.port;
}

bool net_listen(struct net *n, const char *bind, uint16_t port, struct err *e)
{
	struct listener *l = &n->listeners[n->n_listeners];
	struct net_addr a;
	int fd;

	if (n->n_listeners == LISTENERS_MAX)
		return err_set(e, ERR_USAGE, "too-many-binds",
			       "at most %d addresses can be listened on", LISTENERS_MAX);
	if (bind && !net_addr_parse_bind(&a, bind, e))
		return false;
	a.port = port;
	fd = bind ? bound_socket(&a, false) : bound_everywhere(port);
	if (fd < 0)
		return say_why(bind, port, errno, e);
	*l = (struct listener){.fd = fd, .port = real_port(fd)};
	l->event = net_event(n, fd, EV_READ | EV_PERSIST, on_acceptable, n);
	event_add(l->event, NULL);
	n->n_listeners++;
	n->everywhere = n->everywhere || !bind;
	log_info(LOG_NET, "listening on %s port %u", bind ? bind : "every interface,", l->port);
	return true;
}

uint16_t net_port(const struct net *n)
{
	return n->n_listeners > 0 ? n->listeners[0].port : 0;
}
