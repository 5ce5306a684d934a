/* The top of the layer: the parts, and every call from outside. */
#include <tally/protocol/protocol.h>

#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/net/evict.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/block_download_priv.h"
#include "protocol/sync/chain_offers_priv.h"
#include "protocol/sync/sync_priv.h"
#include "protocol/wire/dispatch_priv.h"

/* In this order hooks are called: blocks are requested before transactions, and new peers are
 * synchronised before anything else is sent to them. */
static const struct part parts[] = {
	{
		.when = PART_WITH_CHAIN,
		.init = sync_peer_init,
		.ready = sync_peer_ready,
		.gone = sync_peer_gone,
		.tick = sync_tick,
		.leave = sync_run_deferred,
	},
	{
		.when = PART_WITHOUT_CHAIN,
		.ready = chain_discovery_peer_ready,
		.gone = chain_discovery_peer_gone,
		.tick = chain_discovery_tick,
	},
	{
		.init = ping_peer_init,
		.ready = ping_peer_ready,
		.tick = ping_tick,
	},
	{
		.init = addr_relay_peer_init,
		.ready = addr_relay_peer_ready,
		.gone = addr_relay_peer_gone,
		.tick = addr_relay_tick,
	},
	{
		.when = PART_WITH_CHAIN,
		.gone = tx_download_peer_gone,
		.tick = tx_download_tick,
	},
	{
		.when = PART_WITH_CHAIN,
		.init = relay_peer_init,
		.ready = relay_peer_ready,
		.gone = relay_peer_gone,
		.tick = relay_tick,
	},
	{
		.when = PART_WITH_CHAIN,
		.gone = serve_peer_gone,
		.tick = serve_tick,
	},
	{
		.lost = duplicates_peer_lost,
		.gone = duplicates_peer_gone,
		.tick = duplicates_tick,
	},
	{
		.tick = handshake_tick,
	},
	{
		.tick = progress_tick,
	},
};

static void init_parts(struct protocol *p)
{
	shared_payload_init(&p->shared);
	sync_state_init(&p->sync);
	orphan_blocks_init(&p->orphans);
	block_intake_init(&p->intake);
	relay_init(&p->relay);
	tx_download_init(&p->txs);
	p->parts = parts;
	p->n_parts = ARRAY_LEN(parts);
	p->messages = msg_types;
}

struct protocol *protocol_new(const struct protocol_options *o)
{
	struct protocol *p = NEW(struct protocol);

	p->o = *o;
	p->has_chain = chain_has_genesis(o->chain);
	list_init(&p->peers);
	map_init(&p->by_id, sizeof(conn_id), sizeof(struct peer *));
	/* Never 0, which stands for a version without a nonce. */
	p->nonce = rng_u64(o->rng) | 1;
	writer_init(&p->out);
	writer_init(&p->list);
	init_parts(p);
	if (p->has_chain) {
		p->relay.announced = chain_tip(o->chain).index;
		p->sync.start_height = chain_height(o->chain);
	}
	return p;
}

void protocol_free(struct protocol *p)
{
	if (!p)
		return;
	/* All peers are marked first, so that no request moves from one to another. */
	list_each (it, &p->peers)
		list_entry(it, struct peer, link)->closing = true;
	list_each_safe (it, &p->peers)
		peer_gone(p, list_entry(it, struct peer, link), "the node is shutting down");
	chain_offers_free(p);
	tx_download_free(p);
	relay_free(&p->relay);
	block_intake_free(&p->intake);
	orphan_blocks_free(p);
	sync_state_free(&p->sync);
	shared_payload_free(&p->shared);
	writer_clear(&p->list);
	writer_clear(&p->out);
	map_clear(&p->by_id);
	free(p);
}

/* --- from the net ------------------------------------------------------------------- */

static void on_opened(void *arg, const struct conn_info *info)
{
	struct protocol *p = arg;

	protocol_enter(p);
	handshake_start(p, peer_open(p, info));
	protocol_leave(p);
}

static void on_message(void *arg, conn_id id, const char *command, struct span payload)
{
	struct protocol *p = arg;
	struct peer *peer = peer_find(p, id);

	if (!peer)
		return;
	protocol_enter(p);
	dispatch_receive(p, peer, command, payload);
	protocol_leave(p);
}

static void on_drained(void *arg, conn_id id)
{
	struct protocol *p = arg;
	struct peer *peer = peer_find(p, id);

	if (!peer)
		return;
	protocol_enter(p);
	serve_drained(p, peer);
	protocol_leave(p);
}

static void on_closed(void *arg, conn_id id, const char *reason)
{
	struct protocol *p = arg;
	struct peer *peer = peer_find(p, id);

	if (!peer)
		return;
	protocol_enter(p);
	peer_gone(p, peer, reason);
	protocol_leave(p);
}

static void on_eviction_info(void *arg, conn_id id, struct evict_candidate *c)
{
	const struct peer *peer = peer_find(arg, id);

	if (!peer || !peer->handshaken)
		return;
	c->min_ping_us = peer->ping.min_us;
	c->last_block_ms = peer->last_block_ms;
	c->last_tx_ms = peer->last_tx_ms;
	c->blocks_only = !peer->relay.wants_txs && (peer->services & SERVICE_NETWORK);
}

struct net_handler protocol_net_handler(struct protocol *p)
{
	return (struct net_handler){.opened = on_opened,
				    .message = on_message,
				    .drained = on_drained,
				    .closed = on_closed,
				    .eviction_info = on_eviction_info,
				    .arg = p};
}

/* --- from the node ------------------------------------------------------------------- */

void protocol_set_transport(struct protocol *p, struct transport t)
{
	p->net = t;
}

void protocol_set_port(struct protocol *p, uint16_t port)
{
	p->o.port = port;
}

void protocol_drop_peer(struct protocol *p, conn_id id, const char *reason)
{
	struct peer *peer = peer_find(p, id);

	protocol_enter(p);
	if (peer)
		peer_close(p, peer, CLOSE_PLAIN, "%s", reason);
	protocol_leave(p);
}

void protocol_chain_ready(struct protocol *p, struct mempool *mempool)
{
	protocol_enter(p);
	p->o.mempool = mempool;
	if (!p->has_chain && chain_has_genesis(p->o.chain)) {
		p->has_chain = true;
		p->relay.announced = chain_tip(p->o.chain).index;
		chain_discovery_done(p);
		for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
			sync_peer_ready(p, peer);
	}
	protocol_leave(p);
}

void protocol_tick(struct protocol *p)
{
	protocol_enter(p);
	p->second = (p->second + 1) % PEER_RATE_SECONDS;
	list_each (it, &p->peers)
		list_entry(it, struct peer, link)->per_second[p->second] = 0;
	for (size_t i = 0; i < p->n_parts; i++)
		if (parts[i].tick && part_is_due(p, &parts[i]))
			parts[i].tick(p);
	p->wake |= WAKE_PEERS;
	protocol_leave(p);
}

bool protocol_work(struct protocol *p, int64_t budget_us)
{
	int64_t until_us = clock_mono_us(p->o.clock) + MAX(budget_us, 0);
	bool more;

	protocol_enter(p);
	more = sync_work(p);
	more = relay_work(p, until_us) || more;
	more = serve_work(p, until_us) || more;
	protocol_leave(p);
	return more;
}

void protocol_block_connected(struct protocol *p, const struct chain_entry *at,
			      const struct block *b)
{
	protocol_enter(p);
	block_intake_connected(p, at, b);
	sync_resume(p);
	block_download_connected(p);
	tx_download_block_connected(p, b);
	protocol_leave(p);
}

void protocol_block_disconnected(struct protocol *p)
{
	tx_download_block_disconnected(p);
}

void protocol_tip_changed(struct protocol *p, const struct chain_entry *tip)
{
	protocol_enter(p);
	block_intake_tip_changed(p, tip);
	tx_download_tip_changed(p);
	if (!p->sync.catching_up)
		relay_tip(p);
	protocol_leave(p);
}

void protocol_block_invalid(struct protocol *p, const struct block_hash *hash,
			    const struct err *why)
{
	protocol_enter(p);
	block_intake_invalid(p, hash, why);
	protocol_leave(p);
}

void protocol_chain_idle(struct protocol *p)
{
	protocol_enter(p);
	sync_chain_idle(p);
	protocol_leave(p);
}

void protocol_tx_added(struct protocol *p, const struct mempool_entry *en)
{
	protocol_enter(p);
	relay_tx(p, &en->tx->id);
	protocol_leave(p);
}
