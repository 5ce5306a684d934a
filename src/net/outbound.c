#include "net/outbound_priv.h"

#include "net/dial_priv.h"
#include "net/dial_state_priv.h"
#include "net/reconnect_backoff_priv.h"

#define GROUPS_MAX         256
#define FEELER_INTERVAL_MS (2 * 60 * 1000) /* on average */

/* The conditions that an address must meet, for addrbook_pick. */
struct search {
	struct net *net;
	int64_t now_ms;
	uint64_t groups[GROUPS_MAX]; /* network groups in use: connected, being dialled or manual */
	size_t n_groups;
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

static void add_group(struct search *s, const struct net_addr *a)
{
	if (s->n_groups < GROUPS_MAX)
		s->groups[s->n_groups++] = net_addr_group(a);
}

static void add_groups_in_use(struct search *s)
{
	const struct net *n = s->net;

	list_each (it, &n->conns) {
		const struct conn *c = list_entry(it, struct conn, link);

		if (c->info.kind != CONN_INBOUND)
			add_group(s, &c->info.peer);
	}
	list_each (it, &n->dials)
		add_group(s, &list_entry(it, struct dial, link)->addr);
	list_each (it, &n->manual_peers)
		add_group(s, &list_entry(it, struct manual_peer, link)->addr);
}

static bool group_in_use(const struct search *s, const struct net_addr *a)
{
	uint64_t group = net_addr_group(a);

	for (size_t i = 0; i < s->n_groups; i++)
		if (s->groups[i] == group)
			return true;
	return false;
}

static bool is_wanted(void *arg, const struct net_addr *a)
{
	const struct search *s = arg;
	const struct net *n = s->net;

	return !group_in_use(s, a) && !dial_is_connected(n, a) && !dial_is_self(n, a) &&
	       !bans_is_banned(n->bans, a) && !bans_is_discouraged(n->bans, a) &&
	       !reconnect_backoff_active(n, a, s->now_ms);
}

/* While all slots are taken no address of the book would ever be tested. A feeler tests one: a new
 * address, or a tried one whose slot another address needs. Source: Bitcoin Core net.h,
 * FEELER_INTERVAL. */
static void dial_feeler(struct net *n, int64_t now)
{
	struct search s = {.net = n, .now_ms = now};
	struct net_addr a;

	if (now < n->next_feeler_ms)
		return;
	n->next_feeler_ms =
		now + FEELER_INTERVAL_MS / 2 + (int64_t)rng_below(n->rng, FEELER_INTERVAL_MS);
	if (n->n_kind[CONN_FEELER] == 0 && addrbook_pick_untested(n->book, is_wanted, &s, &a))
		dial_start(n, &a, CONN_FEELER);
}

void outbound_tick(struct net *n, int64_t now)
{
	if (slots_taken(n) >= NET_OUTBOUND_SLOTS)
		dial_feeler(n, now);
	for (int tries = 0; tries < NET_OUTBOUND_SLOTS && slots_taken(n) < NET_OUTBOUND_SLOTS;
	     tries++) {
		struct search s = {.net = n, .now_ms = now};
		struct net_addr a;

		add_groups_in_use(&s);
		if (!addrbook_pick(n->book, is_wanted, &s, &a))
			return;
		dial_start(n, &a, CONN_OUTBOUND);
	}
}
