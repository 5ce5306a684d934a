#include "net/listen_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/net/evict.h>

#include "net/conn_close_priv.h"
#include "net/conn_priv.h"
#include "net/net_state_priv.h"

#define REFUSED_LOG_MS  10000
#define ACCEPT_PER_TURN 16
#define ACCEPT_PAUSE_MS 1000

/* --- accepting -------------------------------------------------------------------------- */

/* Without the port: one machine can use every port of its address. */
static uint64_t keyed_group(const struct net *n, const struct net_addr *peer)
{
	struct net_addr host = *peer;
	uint64_t group;

	host.port = 0;
	group = net_addr_group(&host);
	return short_hash(n->group_key, &group, sizeof(group));
}

/* Returns false if all inbound connections are protected. */
static bool evict_one(struct net *n)
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
		if (n->handler.eviction_info)
			n->handler.eviction_info(n->handler.arg, c->info.id, &all[k]);
		k++;
	}
	chosen = conn_find(n, evict_choose(all, k));
	free(all);
	if (chosen)
		conn_close(chosen, CLOSE_PLAIN, true,
			   "evicted for another peer: all %u inbound slots are taken",
			   n->inbound_max);
	return chosen != NULL;
}

const char *listen_admit(struct net *n, const struct net_addr *peer)
{
	size_t inbound = n->n_kind[CONN_INBOUND];

	if (bans_is_banned(n->bans, peer))
		return "its address is banned";
	/* A whole school may share one address. So a discouraged address is accepted as long as that
	 * takes no slot from others. */
	if (inbound >= n->inbound_max / 2 && bans_is_discouraged(n->bans, peer))
		return "it is discouraged and half of the inbound slots are taken";
	if (inbound >= n->inbound_max && !evict_one(n))
		return "all inbound slots are taken by protected peers";
	return NULL;
}

/* Logs one line in 10 s at most, so that an attacker can't fill the log. */
static void log_refused(struct net *n, const struct net_addr *peer, const char *why)
{
	char name[NET_ADDR_CHARS + 1];
	int64_t now = net_now_ms(n);

	n->refused++;
	if (n->refused > 1 && now - n->refused_ms < REFUSED_LOG_MS)
		return;
	net_addr_format(name, peer);
	log_warn(
		LOG_NET,
		"inbound %s: refused: %s (%zu of %u slots taken; %llu refused since the last such line)",
		name, why, n->n_kind[CONN_INBOUND], n->inbound_max, (unsigned long long)n->refused);
	n->refused = 1;
	n->refused_ms = now;
}

static void accept_peer(struct net *n, int fd, const struct sockaddr *sa)
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

/* When accept() fails for lack of file descriptors, the socket stays readable and the loop would spin.
 */
static void pause_listener(struct net *n, struct listener *l, int error)
{
	log_warn(LOG_NET, "port %u: accepting a connection failed: %s: next attempt in %d s",
		 l->port, strerror(error), ACCEPT_PAUSE_MS / 1000);
	event_del(l->event);
	l->paused = true;
	l->resume_ms = net_now_ms(n) + ACCEPT_PAUSE_MS;
}

static void on_acceptable(evutil_socket_t fd, short what, void *arg)
{
	struct net *n = arg;

	(void)what;
	for (int i = 0; i < ACCEPT_PER_TURN; i++) {
		struct sockaddr_storage ss;
		socklen_t len = sizeof(ss);
		int accepted = accept(fd, (struct sockaddr *)&ss, &len);

		if (accepted >= 0) {
			accept_peer(n, accepted, (struct sockaddr *)&ss);
			continue;
		}
		if (errno == ECONNABORTED || errno == EINTR)
			continue;
		if (errno == EAGAIN || errno == EWOULDBLOCK)
			return;
		for (size_t k = 0; k < n->n_listeners; k++)
			if (n->listeners[k].fd == fd)
				pause_listener(n, &n->listeners[k], errno);
		return;
	}
}

void listen_tick(struct net *n, int64_t now)
{
	for (size_t i = 0; i < n->n_listeners; i++) {
		struct listener *l = &n->listeners[i];

		if (l->paused && now >= l->resume_ms) {
			l->paused = false;
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

/* Returns a listening socket, or -1 with errno. both: an IPv6 socket accepts IPv4, too. */
static int listening_socket(const struct net_addr *a, bool both)
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

/* On every interface: one socket for IPv6 and IPv4, or for IPv4 only if the system has no IPv6. */
static int listening_on_all(uint16_t port)
{
	struct net_addr any6 = {.port = port};
	struct net_addr any4 = {.ip = {[10] = 0xff, [11] = 0xff}, .port = port};
	int fd = listening_socket(&any6, true);

	if (fd < 0 && (errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL ||
		       errno == EPROTONOSUPPORT || errno == ENOPROTOOPT)) {
		log_info(LOG_NET, "port %u: this system has no IPv6: listening on IPv4 only", port);
		fd = listening_socket(&any4, false);
	}
	return fd;
}

static bool listen_error(const char *bind, uint16_t port, int error, struct err *e)
{
	if (error == EADDRINUSE)
		return err_set(
			e, ERR_IO, "port-in-use",
			"port %u is in use: stop the program that uses it, or choose another with -port",
			port);
	if (error == EACCES)
		return err_set(e, ERR_IO, "port-forbidden",
			       "port %u can be used by root only: choose one above 1023 with -port",
			       port);
	if (error == EADDRNOTAVAIL && bind)
		return err_set(
			e, ERR_IO, "bind-address",
			"%s is not an address of this machine: give one of its addresses to -bind",
			bind);
	return err_set(e, ERR_IO, "listen-failed", "listening on port %u failed: %s", port,
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
			       "too many addresses to listen at: at most %d", LISTENERS_MAX);
	if (bind && !net_addr_parse_bind(&a, bind, e))
		return false;
	a.port = port;
	fd = bind ? listening_socket(&a, false) : listening_on_all(port);
	if (fd < 0)
		return listen_error(bind, port, errno, e);
	*l = (struct listener){.fd = fd, .port = real_port(fd)};
	l->event = net_event(n, fd, EV_READ | EV_PERSIST, on_acceptable, n);
	event_add(l->event, NULL);
	n->n_listeners++;
	n->all_interfaces = n->all_interfaces || !bind;
	log_info(LOG_NET, "listening on %s, port %u", bind ? bind : "every interface", l->port);
	return true;
}
