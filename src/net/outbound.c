/* The outbound slots: filled from the address book, each from another place. */
#include "net/net_priv.h"

#include <string.h>

#include <tally/base/checked.h>

#define GROUPS_MAX 256
#define FEELER_MS  (2 * 60 * 1000) /* between feelers, on average */

/* What a candidate is held against. */
struct search {
	struct net *net;
	int64_t now_ms;
	uint64_t busy
		[GROUPS_MAX]; /* places not to be dialled again: connected, dialled or wished for */
	size_t n_busy;
};

static size_t slots_taken(const struct net *n)
{
	size_t taken = n->n_kind[CONN_OUTBOUND];

	list_each (it, &n->dials) {
		if (list_entry(it, struct dial, link)->kind == CONN_OUTBOUND)
			taken++;
	}
	return taken;
}

static void add_busy(struct search *s, const struct net_addr *a)
{
	if (s->n_busy < GROUPS_MAX)
		s->busy[s->n_busy++] = net_addr_group(a);
}

static void find_busy(struct search *s)
{
	const struct net *n = s->net;

	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (c->info.kind != CONN_INBOUND)
			add_busy(s, &c->info.peer);
	}
	list_each (it, &n->dials)
		add_busy(s, &list_entry(it, struct dial, link)->addr);
	list_each (it, &n->wishes)
		add_busy(s, &list_entry(it, struct wish, link)->addr);
}

static bool is_busy(const struct search *s, const struct net_addr *a)
{
	uint64_t group = net_addr_group(a);

	for (size_t i = 0; i < s->n_busy; i++)
		if (s->busy[i] == group)
			return true;
	return false;
}

/* Is it this very node? Known for loopback, for the addresses at which peers have reached us, and for those
 * at which we have dialled ourselves. */
static bool is_self(const struct net *n, const struct net_addr *a)
{
	if (listens_has(n->own, n->n_own, a))
		return true;
	if (net_port(n) == 0 || a->port != net_port(n))
		return false;
	if (net_addr_scope(a) == NET_LOOPBACK)
		return true;
	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (memcmp(c->info.local.ip, a->ip, sizeof(a->ip)) == 0)
			return true;
	}
	return false;
}

/* --- connections that end soon ------------------------------------------------------ */

/* A node may greet us and hang up, every time: a success for the address book, and no reason to come again at
 * once. */

static struct soon_lost *find_soon_lost(struct net *n, const struct net_addr *a)
{
	for (unsigned i = 0; i < MIN(n->n_soon_lost, SOON_LOST_MAX); i++)
		if (net_addr_equal(&n->soon_lost[i].addr, a))
			return &n->soon_lost[i];
	return NULL;
}

void slots_lost(struct net *n, const struct net_addr *a, bool soon, int64_t now)
{
	struct soon_lost *l = find_soon_lost(n, a);

	if (!l && soon) {
		l = &n->soon_lost[n->n_soon_lost++ % SOON_LOST_MAX];
		*l = (struct soon_lost){.addr = *a};
	}
	if (!l)
		return;
	l->times = soon ? l->times + 1 : 0;
	l->rest_until_ms = soon ? now + (SOON_LOST_REST_MS << MIN(l->times - 1, 6)) : 0;
}

static bool is_resting(struct net *n, const struct net_addr *a, int64_t now)
{
	const struct soon_lost *l = find_soon_lost(n, a);

	return l && now < l->rest_until_ms;
}

/* --- whom to dial --------------------------------------------------------------------- */

static bool is_wanted(void *arg, const struct net_addr *a)
{
	const struct search *s = arg;
	struct net *n = s->net;

	return !is_busy(s, a) && !dial_connected_to(n, a) && !is_self(n, a) &&
	       !bans_is_banned(n->bans, a) && !bans_is_discouraged(n->bans, a) &&
	       !is_resting(n, a, s->now_ms);
}

/* Where all slots are taken nobody else is ever dialled: so that the addresses heard of, and those that hold a contested
 * place among the tried, are known to be there, one is greeted now and then. Source: Bitcoin Core net.h,
 * FEELER_INTERVAL. */
static void feel(struct net *n, int64_t now)
{
	struct search s = {.net = n, .now_ms = now};
	struct net_addr a;

	if (now < n->feeler_ms)
		return;
	n->feeler_ms = now + FEELER_MS / 2 + (int64_t)rng_below(n->rng, FEELER_MS);
	if (n->n_kind[CONN_FEELER] == 0 && addrbook_pick_untested(n->book, is_wanted, &s, &a))
		dial_start(n, &a, CONN_FEELER);
}

void slots_fill(struct net *n, int64_t now)
{
	if (slots_taken(n) >= NET_OUTBOUND_SLOTS)
		feel(n, now);
	for (int tries = 0; tries < NET_OUTBOUND_SLOTS && slots_taken(n) < NET_OUTBOUND_SLOTS;
	     tries++) {
		struct search s = {.net = n, .now_ms = now};
		struct net_addr a;

		find_busy(&s);
		if (!addrbook_pick(n->book, is_wanted, &s, &a))
			return;
		dial_start(n, &a, CONN_OUTBOUND);
	}
}
