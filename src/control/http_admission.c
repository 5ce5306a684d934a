/* Admission to the control port. evhttp accepts any number of connections and reads a whole body
 * before it looks at the headers, so any program on this machine could fill its memory or occupy
 * its connections. A connection is therefore watched here until it has sent the secret: it may send
 * little and must be quick. */
#include "control/http_admission_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <sodium.h>

#include <tally/base/list.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/node/node.h>

#include "control/cookie_priv.h"

#define UNPROVEN_MAX   64    /* connections; with that many, listening pauses */
#define UNPROVEN_BYTES 65536 /* received from one connection */
/* Time to send the secret. With PATIENT_MAX connections waiting, a further one gets little: a
 * program has usually sent its request before its connection is accepted. */
#define PATIENT_MAX 16
#define PATIENT_MS  5000
#define HASTY_MS    50
#define HEAD_BYTES  8192 /* a longer header line can't be the one with the secret */
/* The number of connections that the kernel queues while this program accepts none. If the queue is
 * full, a client's kernel tries to connect again after 1 s. */
#define BACKLOG 1024

struct http_admission {
	struct event_base *base;
	struct evconnlistener *listener; /* freed by evhttp_free */
	struct event *tick;
	const char *auth;
	struct list unproven;
	unsigned n_unproven;
};

/* A connection that has not sent the secret. Its bufferevent is evhttp's; our reference keeps it,
 * and its descriptor, alive until we stop watching. */
struct unproven {
	struct list link;
	struct http_admission *admission;
	struct bufferevent *bev;
	struct evbuffer_cb_entry *watch;
	struct event *end; /* runs when the time is up, or at once when the secret was seen */
	bool proven;
	size_t received, n_head;
	char head[HEAD_BYTES + 1]; /* the last line received so far, incomplete */
};

static void unproven_free(struct unproven *u)
{
	struct http_admission *d = u->admission;

	list_del(&u->link);
	evbuffer_remove_cb_entry(bufferevent_get_input(u->bev), u->watch);
	event_free(u->end);
	bufferevent_decref(u->bev);
	sodium_memzero(u->head, sizeof(u->head));
	free(u);
	d->n_unproven--;
}

static void disconnect(struct unproven *u, const char *why)
{
	log_debug(LOG_RPC, "control port: connection closed: %s", why);
	shutdown(bufferevent_getfd(u->bev), SHUT_RDWR);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct unproven *u = arg;
	struct http_admission *d = u->admission;

	(void)fd, (void)what;
	if (!u->proven)
		disconnect(u, "no secret in time");
	unproven_free(u);
	if (d->n_unproven == UNPROVEN_MAX - 1)
		evconnlistener_enable(d->listener);
}

/* Is this header line the Authorization header with the secret? */
static bool proves(const struct unproven *u, char *line)
{
	static const char name[] = "authorization:";
	size_t n;

	if (strncasecmp(line, name, sizeof(name) - 1) != 0)
		return false;
	line += sizeof(name) - 1;
	line += strspn(line, " \t");
	n = strlen(line);
	while (n > 0 && strchr(" \t\r", line[n - 1]))
		line[--n] = '\0';
	return cookie_matches(u->admission->auth, line);
}

/* Looks for the secret in the complete lines received. This only ends the watch: whether a request
 * is answered is decided by the headers that evhttp parses. */
static void read_lines(struct unproven *u)
{
	char *line = u->head, *end;

	while (!u->proven && (end = strchr(line, '\n'))) {
		*end = '\0';
		u->proven = proves(u, line);
		line = end + 1;
	}
	u->n_head = strlen(line);
	memmove(u->head, line, u->n_head + 1);
}

static void on_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
	struct unproven *u = arg;
	struct evbuffer_ptr at;
	ev_ssize_t n;

	if (info->n_added == 0 || u->proven)
		return;
	u->received += info->n_added;
	if (u->received > UNPROVEN_BYTES) {
		disconnect(u, "64 KB received without the secret");
		return;
	}
	if (evbuffer_ptr_set(in, &at, info->orig_size, EVBUFFER_PTR_SET) != 0)
		return;
	n = evbuffer_copyout_from(in, &at, u->head + u->n_head, HEAD_BYTES - u->n_head);
	if (n <= 0)
		return;
	u->n_head += (size_t)n;
	u->head[u->n_head] = '\0';
	read_lines(u);
	if (u->proven)
		event_active(u->end, EV_TIMEOUT, 0);
}

/* Called by evhttp for each connection that it accepts. Without NODE_PRIO_WORK its events would
 * have the loop's middle priority, before keys and drawing. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
	struct http_admission *d = arg;
	const int ms = d->n_unproven < PATIENT_MAX ? PATIENT_MS : HASTY_MS;
	const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct unproven *u = NEW(struct unproven);

	u->admission = d;
	u->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_incref(u->bev);
	bufferevent_priority_set(u->bev, NODE_PRIO_WORK);
	u->watch = evbuffer_add_cb(bufferevent_get_input(u->bev), on_input, u);
	u->end = event_new(base, -1, 0, on_end, u);
	event_priority_set(u->end, NODE_PRIO_WORK);
	event_add(u->end, &time);
	list_add(&d->unproven, &u->link);
	if (++d->n_unproven == UNPROVEN_MAX)
		evconnlistener_disable(d->listener);
	return u->bev;
}

/* Every second: listens again after accept failed. */
static void on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct http_admission *d = arg;

	(void)fd, (void)what;
	if (d->n_unproven < UNPROVEN_MAX)
		evconnlistener_enable(d->listener);
}

/* Without free descriptors accept fails again and again for the same connection, so listening
 * pauses until the next tick. arg is the evhttp, which has taken over the listener. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
	(void)arg;
	log_warn(LOG_RPC, "control port: cannot accept a connection: %s",
		 evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(l);
}

static struct evconnlistener *listen_on(struct event_base *base, uint16_t port)
{
	const struct sockaddr_in sin = {.sin_family = AF_INET,
					.sin_port = htons(port),
					.sin_addr.s_addr = htonl(INADDR_LOOPBACK)};

	return evconnlistener_new_bind(
		base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
		BACKLOG, (const struct sockaddr *)&sin, sizeof(sin));
}

bool http_admission_open(struct http_admission **out, struct event_base *base, struct evhttp *http,
			 uint16_t port, const char *auth, struct err *e)
{
	struct evconnlistener *l = listen_on(base, port);
	struct http_admission *d;

	if (!l)
		return err_set(e, ERR_IO, "port-in-use",
			       "control port %u is in use, perhaps by another node: choose a free "
			       "one with --control-port",
			       port);
	d = NEW(struct http_admission);
	d->base = base;
	list_init(&d->unproven);
	d->listener = l;
	d->auth = auth;
	d->tick = event_new(base, -1, EV_PERSIST, on_tick, d);
	event_priority_set(d->tick, NODE_PRIO_WORK);
	event_add(d->tick, &(struct timeval){.tv_sec = 1});
	evhttp_set_bevcb(http, on_accept, d);
	evhttp_bind_listener(http, l);
	evconnlistener_set_error_cb(l, on_accept_error);
	*out = d;
	return true;
}

void http_admission_free(struct http_admission *d)
{
	if (!d)
		return;
	list_each_safe (it, &d->unproven)
		unproven_free(list_entry(it, struct unproven, link));
	event_free(d->tick);
	free(d);
}
