/* Who may come in at the control port. evhttp takes any number of connections, and reads a body to its end before it asks
 * who sends it; so what comes in is watched here until it has shown the secret. */
#include "control/control_priv.h"
#include "node/node_priv.h"

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

#include <tally/base/log.h>
#include <tally/base/mem.h>

#define GUESTS_MAX   64
#define HEAD_BYTES   8192  /* of the first request, where the secret must stand */
#define UNPROVEN_MAX 65536 /* bytes taken from who has not shown it */
#define UNPROVEN_MS  5000
#define PATIENT      16 /* so many may take that time */
#define HURRIED_MS   50 /* the others this: what a program sends is there before it is let in */
#define BACKLOG      1024 /* they wait in order; whom it has no room for knocks again after a second */

struct http_admission {
	struct event_base *base;
	struct evconnlistener *listener; /* freed with evhttp */
	const char *auth;
	struct list guests;
	unsigned n_guests;
};

/* A connection that has not shown the secret. Its bufferevent is evhttp's; the reference held here keeps it, and
 * its descriptor, until it is no longer watched. */
struct guest {
	struct list link;
	struct http_admission *door;
	struct bufferevent *bev;
	struct evbuffer_cb_entry *watch;
	struct event *end; /* of its time, or when it has shown the secret */
	bool proven;
	size_t taken, n_head;
	char head[HEAD_BYTES + 1];
};

static void guest_free(struct guest *g)
{
	struct http_admission *d = g->door;

	list_del(&g->link);
	evbuffer_remove_cb_entry(bufferevent_get_input(g->bev), g->watch);
	event_free(g->end);
	bufferevent_decref(g->bev);
	sodium_memzero(g->head, sizeof(g->head));
	free(g);
	d->n_guests--;
}

static void refuse(struct guest *g, const char *why)
{
	log_debug(LOG_RPC, "control port: connection closed: %s", why);
	shutdown(bufferevent_getfd(g->bev), SHUT_RDWR);
}

static void on_end(evutil_socket_t fd, short what, void *arg)
{
	struct guest *g = arg;
	struct http_admission *d = g->door;

	(void)fd, (void)what;
	if (!g->proven)
		refuse(g, "no secret came");
	guest_free(g);
	if (d->n_guests == GUESTS_MAX - 1)
		evconnlistener_enable(d->listener);
}

/* The value of a header line, where this is the one. */
static bool shows_secret(const struct guest *g, char *line)
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
	return cookie_matches(g->door->auth, line);
}

/* Looks at what is here of the head, line by line. Only to let more in: whether a request is answered is
 * decided by what evhttp makes of it. */
static void look(struct guest *g)
{
	char *line = g->head, *end;

	while (!g->proven && (end = strchr(line, '\n'))) {
		*end = '\0';
		g->proven = shows_secret(g, line);
		line = end + 1;
	}
	g->n_head = strlen(line);
	memmove(g->head, line, g->n_head + 1);
}

static void on_input(struct evbuffer *in, const struct evbuffer_cb_info *info, void *arg)
{
	struct guest *g = arg;
	struct evbuffer_ptr at;
	ev_ssize_t n;

	if (info->n_added == 0 || g->proven)
		return;
	g->taken += info->n_added;
	if (g->taken > UNPROVEN_MAX) {
		refuse(g, "much came, and no secret");
		return;
	}
	if (evbuffer_ptr_set(in, &at, info->orig_size, EVBUFFER_PTR_SET) != 0)
		return;
	n = evbuffer_copyout_from(in, &at, g->head + g->n_head, HEAD_BYTES - g->n_head);
	if (n <= 0)
		return;
	g->n_head += (size_t)n;
	g->head[g->n_head] = '\0';
	look(g);
	if (g->proven)
		event_active(g->end, EV_TIMEOUT, 0);
}

/* A new connection. evhttp makes its events at the base's middle priority by default; ours come after keys. */
static struct bufferevent *guest_comes(struct event_base *base, void *arg)
{
	struct http_admission *d = arg;
	const int ms = d->n_guests < PATIENT ? UNPROVEN_MS : HURRIED_MS;
	const struct timeval time = {.tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000};
	struct guest *g = NEW(struct guest);

	g->door = d;
	g->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
	bufferevent_incref(g->bev);
	bufferevent_priority_set(g->bev, NODE_PRIO_WORK);
	g->watch = evbuffer_add_cb(bufferevent_get_input(g->bev), on_input, g);
	g->end = event_new(base, -1, 0, on_end, g);
	event_priority_set(g->end, NODE_PRIO_WORK);
	event_add(g->end, &time);
	list_add(&d->guests, &g->link);
	/* The others wait in the system's queue. */
	if (++d->n_guests == GUESTS_MAX)
		evconnlistener_disable(d->listener);
	return g->bev;
}

void http_admission_tick(struct http_admission *d)
{
	if (d && d->n_guests < GUESTS_MAX)
		evconnlistener_enable(d->listener);
}

/* Out of descriptors the listener would be told of the same connection over and over: it rests until the next tick.
 * arg is evhttp, which has made itself the listener's. */
static void on_accept_error(struct evconnlistener *l, void *arg)
{
	(void)arg;
	log_warn(LOG_RPC, "control port: a connection can't be taken: %s",
		 evutil_socket_error_to_string(EVUTIL_SOCKET_ERROR()));
	evconnlistener_disable(l);
}

static struct evconnlistener *listen_at(struct event_base *base, uint16_t port)
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
	struct evconnlistener *l = listen_at(base, port);
	struct http_admission *d;

	if (!l)
		return err_set(
			e, ERR_IO, "port-in-use",
			"control port %u is in use: another node runs there, or choose one with --control-port",
			port);
	d = NEW(struct http_admission);
	d->base = base;
	list_init(&d->guests);
	d->listener = l;
	d->auth = auth;
	evhttp_set_bevcb(http, guest_comes, d);
	evhttp_bind_listener(http, l);
	evconnlistener_set_error_cb(l, on_accept_error);
	*out = d;
	return true;
}

void http_admission_free(struct http_admission *d)
{
	if (!d)
		return;
	list_each_safe (it, &d->guests)
		guest_free(list_entry(it, struct guest, link));
	free(d);
}
