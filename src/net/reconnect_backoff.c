#include "net/reconnect_backoff_priv.h"

#include <tally/base/checked.h>

#define BACKOFF_FIRST_MS      INT64_C(10000)
#define BACKOFF_DOUBLINGS_MAX 6

/* Index in net.backoffs, or RECONNECT_BACKOFF_MAX if the address has none. */
static unsigned find_backoff(const struct net *n, const struct net_addr *a)
{
	for (unsigned i = 0; i < MIN(n->n_backoffs, RECONNECT_BACKOFF_MAX); i++)
		if (net_addr_equal(&n->backoffs[i].addr, a))
			return i;
	return RECONNECT_BACKOFF_MAX;
}

void reconnect_backoff_note(struct net *n, const struct net_addr *a, bool soon, int64_t now)
{
	unsigned at = find_backoff(n, a);
	struct reconnect_backoff *b;

	if (at == RECONNECT_BACKOFF_MAX) {
		if (!soon)
			return;
		at = n->n_backoffs++ % RECONNECT_BACKOFF_MAX;
		n->backoffs[at] = (struct reconnect_backoff){.addr = *a};
	}
	b = &n->backoffs[at];
	b->times = soon ? b->times + 1 : 0;
	b->until_ms =
		soon ? now + (BACKOFF_FIRST_MS << MIN(b->times - 1, BACKOFF_DOUBLINGS_MAX)) : 0;
}

bool reconnect_backoff_active(const struct net *n, const struct net_addr *a, int64_t now)
{
	const unsigned at = find_backoff(n, a);

	return at < RECONNECT_BACKOFF_MAX && now < n->backoffs[at].until_ms;
}
