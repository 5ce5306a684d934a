#include "net/net_state_priv.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>

int64_t net_now_ms(const struct net *n)
{
	return clock_mono_ms(n->clock);
}

struct event *net_event(struct net *n, int fd, short what, event_callback_fn fn, void *arg)
{
	struct event *ev = event_new(n->base, fd, what, fn, arg);
	int last = event_base_get_npriorities(n->base) - 1;

	if (!ev) {
		log_error(LOG_NET, "out of memory for an event");
		abort();
	}
	event_priority_set(ev, MIN(MAX(n->priority, 0), last));
	return ev;
}

/* Uses a timer instead of event_active(): an event that is activated from its own callback runs
 * again before the loop polls anything else. */
void net_schedule(struct net *n)
{
	const struct timeval now = {0, 0};

	if (!event_pending(n->next_turn, EV_TIMEOUT, NULL))
		event_add(n->next_turn, &now);
}

bool net_prepare_fd(int fd)
{
	const int one = 1;
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0 ||
	    fcntl(fd, F_SETFD, FD_CLOEXEC) < 0)
		return false;
	/* Fails if the peer has disconnected already; the next read reports that. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	return true;
}

struct conn *conn_find(const struct net *n, conn_id id)
{
	struct conn *const *c = map_get(&n->by_id, &id);

	return c ? *c : NULL;
}

bool addr_ring_has(const struct addr_ring *r, const struct net_addr *a)
{
	for (unsigned i = 0; i < MIN(r->added, ADDR_RING_MAX); i++)
		if (net_addr_equal(&r->addrs[i], a))
			return true;
	return false;
}

void addr_ring_add(struct addr_ring *r, const struct net_addr *a)
{
	if (!addr_ring_has(r, a))
		r->addrs[r->added++ % ADDR_RING_MAX] = *a;
}

uint16_t net_port(const struct net *n)
{
	return n->n_listeners > 0 ? n->listeners[0].port : 0;
}
