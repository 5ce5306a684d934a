/* The lowest file of the layer: access to the parts of a node, scheduling work, stopping. */
#include "node/node_priv.h"

#include <event2/event.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "node/observers_priv.h"

void node_schedule(struct node *n, unsigned work)
{
	n->work |= work;
	event_active(n->work_event, EV_TIMEOUT, 0);
}

void node_stop(struct node *n, const char *why)
{
	if (n->stopping)
		return;
	log_info(LOG_NODE, "stopping: %s", why);
	n->stopping = true;
	n->marked |= NODE_EV_STOP;
	observers_notify(n);
	event_base_loopbreak(n->base);
}

void node_fatal(struct node *n, const struct err *e)
{
	if (n->failed)
		return;
	n->failed = true;
	n->failure = *e;
	log_error(LOG_NODE, "cannot continue: %s: %s", e->token, e->detail);
	node_stop(n, "failure");
}

struct event_base *node_base(const struct node *n)
{
	return n->base;
}

const struct config *node_config(const struct node *n)
{
	return &n->config;
}

enum node_mode node_mode(const struct node *n)
{
	return n->mode;
}

const struct clock *node_clock(const struct node *n)
{
	return &n->clock.clock;
}

struct chain *node_chain(const struct node *n)
{
	return n->chain;
}

struct wallet *node_wallet(const struct node *n)
{
	return n->wallet;
}

struct mining *node_mining(const struct node *n)
{
	return n->mining;
}

struct mempool *node_mempool(const struct node *n)
{
	return n->mempool;
}

struct mempool_file *node_mempool_file(const struct node *n)
{
	return n->mempool_file;
}

struct protocol *node_protocol(const struct node *n)
{
	return n->protocol;
}

struct net *node_net(const struct node *n)
{
	return n->net;
}

struct addrbook *node_addrbook(const struct node *n)
{
	return n->book;
}

struct bans *node_bans(const struct node *n)
{
	return n->bans;
}

bool node_has_chain(const struct node *n)
{
	return chain_has_genesis(n->chain);
}

int64_t node_uptime_s(const struct node *n)
{
	return (clock_mono_us(clock_system()) - n->started_us) / 1000000;
}

uint64_t node_disk_bytes(const struct node *n)
{
	return store_disk_bytes(n->store);
}

struct peer_info *node_peers(const struct node *n, size_t *count)
{
	const size_t n_peers = protocol_peers(n->protocol, NULL, 0);
	struct peer_info *peers = mem_array(n_peers + 1, sizeof(*peers));

	*count = protocol_peers(n->protocol, peers, n_peers);
	return peers;
}
