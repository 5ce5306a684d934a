#include <tally/protocol/protocol.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/net/evict.h>

#include "protocol/protocol_priv.h"

#define REJECTED_REMEMBERED  5000
#define CONFIRMED_REMEMBERED 10000

int64_t now_ms(const struct protocol *p)
{
	return clock_mono_ms(p->o.clock);
}

int64_t now_unix(const struct protocol *p)
{
	return clock_unix(p->o.clock);
}

bool has_chain(const struct protocol *p)
{
	return p->joined;
}

/* Callbacks may call in again (adopt does): only the outermost call tells. */
void enter(struct protocol *p)
{
	p->depth++;
}

void leave(struct protocol *p)
{
	static const struct protocol_events none;
	const struct protocol_events *ev = p->o.events ? p->o.events : &none;
	void *arg = p->o.events_arg;
	unsigned wake = p->wake;

	if (--p->depth > 0)
		return;
	p->wake = 0;
	if ((wake & WAKE_CHAIN) && ev->chain_work)
		ev->chain_work(arg);
	if ((wake & WAKE_MEMPOOL) && ev->mempool_work)
		ev->mempool_work(arg);
	if ((wake & WAKE_WORK) && ev->protocol_work)
		ev->protocol_work(arg);
	if ((wake & WAKE_PEERS) && ev->peers)
		ev->peers(arg);
	if ((wake & WAKE_OFFERS) && ev->offers)
		ev->offers(arg);
}

struct protocol *protocol_new(const struct protocol_options *o)
{
	struct protocol *p = NEW(struct protocol);

	p->o = *o;
	p->joined = chain_has_genesis(o->chain);
	p->towards_ms = p->headers_ms = p->future_told_ms = LONG_AGO_MS;
	list_init(&p->peers);
	map_init(&p->by_id, sizeof(conn_id), sizeof(struct peer *));
	/* 0 is what a version without a nonce counts as. */
	p->nonce = rng_u64(o->rng) | 1;
	writer_init(&p->out);
	writer_init(&p->list);
	map_init(&p->lendings, HASH_BYTES, sizeof(struct lending *));
	map_init(&p->requests, HASH_BYTES, sizeof(struct block_request *));
	hold_init(&p->hold);
	map_init(&p->senders, HASH_BYTES, sizeof(conn_id));
	p->announced = p->steady = p->last_tip = CHAIN_NONE;
	map_init(&p->tx_requests, HASH_BYTES, sizeof(struct tx_request *));
	list_init(&p->tx_patient);
	list_init(&p->tx_hasty);
	list_init(&p->tx_waiting);
	hash_memory_init(&p->rejected, REJECTED_REMEMBERED);
	hash_memory_init(&p->confirmed, CONFIRMED_REMEMBERED);
	if (p->joined) {
		p->announced = chain_tip(o->chain).index;
		p->sync_from = chain_height(o->chain);
	}
	return p;
}

void protocol_free(struct protocol *p)
{
	if (!p)
		return;
	list_each (it, &p->peers)
		list_entry(it, struct peer, link)->closing = true;
	list_each_safe (it, &p->peers)
		peer_gone(p, list_entry(it, struct peer, link), "closing down");
	join_free(p);
	txs_free(p);
	hash_memory_clear(&p->confirmed);
	hash_memory_clear(&p->rejected);
	map_clear(&p->tx_requests);
	senders_free(p);
	hold_free(p);
	map_clear(&p->requests);
	map_clear(&p->lendings);
	writer_clear(&p->list);
	writer_clear(&p->out);
	map_clear(&p->by_id);
	free(p->relay_ring);
	free(p);
}

static void on_opened(void *arg, const struct conn_info *info)
{
	struct protocol *p = arg;

	enter(p);
	handshake_opened(p, peer_open(p, info));
	leave(p);
}

static void on_message(void *arg, conn_id id, const char *command, struct span payload)
{
	struct protocol *p = arg;
	struct peer *peer = peer_find(p, id);

	if (!peer)
		return;
	enter(p);
	gate_receive(p, peer, command, payload);
	leave(p);
}

static void on_drained(void *arg, conn_id id)
{
	struct protocol *p = arg;
	struct peer *peer = peer_find(p, id);

	if (!peer)
		return;
	enter(p);
	serve_drained(p, peer);
	leave(p);
}

static void on_closed(void *arg, conn_id id, const char *reason)
{
	struct protocol *p = arg;
	struct peer *peer = peer_find(p, id);

	if (!peer)
		return;
	enter(p);
	peer_gone(p, peer, reason);
	leave(p);
}

static void on_eviction_info(void *arg, conn_id id, struct evict_candidate *c)
{
	const struct peer *peer = peer_find(arg, id);

	if (!peer || !peer->handshaken)
		return;
	c->min_ping_us = peer->min_ping_us;
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

void protocol_set_transport(struct protocol *p, struct transport t)
{
	p->net = t;
}

void protocol_set_port(struct protocol *p, uint16_t port)
{
	p->o.port = port;
}

void protocol_chain_ready(struct protocol *p, struct mempool *mempool)
{
	enter(p);
	p->o.mempool = mempool;
	if (!p->joined && chain_has_genesis(p->o.chain)) {
		p->joined = true;
		p->announced = chain_tip(p->o.chain).index;
		join_ready(p);
	}
	leave(p);
}

void protocol_tick(struct protocol *p)
{
	enter(p);
	p->second = (p->second + 1) % ARRAY_LEN(((struct peer *)NULL)->per_second);
	list_each (it, &p->peers) {
		struct peer *peer = list_entry(it, struct peer, link);

		peer->per_second[p->second] = 0;
		handshake_tick(p, peer);
		if (peer_live(peer))
			ping_tick(p, peer);
		if (peer_live(peer))
			addrs_tick(p, peer);
	}
	if (has_chain(p)) {
		sync_tick(p);
		txs_tick(p);
		relay_tick(p);
		relay_ask_mempool(p);
		serve_tick(p);
	} else {
		join_tick(p);
	}
	sync_rate_tick(p);
	p->wake |= WAKE_PEERS;
	leave(p);
}

bool protocol_work(struct protocol *p, int64_t budget_us)
{
	int64_t until_us = clock_mono_us(p->o.clock) + MAX(budget_us, 0);
	bool more;

	enter(p);
	more = sync_work(p);
	more = relay_work(p, until_us) || more;
	more = serve_work(p, until_us) || more;
	leave(p);
	return more;
}

void protocol_block_connected(struct protocol *p, const struct chain_entry *at,
			      const struct block *b)
{
	enter(p);
	p->connected++;
	map_del(&p->senders, &at->hash);
	p->ahead_bytes -= MIN(p->ahead_bytes, b->raw.len);
	p->ahead_blocks -= MIN(p->ahead_blocks, 1u);
	sync_resume(p);
	window_moved(p);
	/* A block that was set aside for the clock is accepted by the chain itself: its children may
	 * wait here. */
	hold_release(p, &at->hash);
	/* Nobody needs to send again what has just been confirmed. */
	if (!p->catching_up)
		for (uint32_t i = 1; i < b->n_tx; i++)
			hash_memory_add(&p->confirmed, &b->tx[i].id.h);
	leave(p);
}

void protocol_block_disconnected(struct protocol *p)
{
	/* What was confirmed may have to be sent again. */
	hash_memory_clear(&p->confirmed);
}

void protocol_tip_changed(struct protocol *p, const struct chain_entry *tip)
{
	struct chain_entry before;

	enter(p);
	/* Such a branch has shown its work: there may be another. */
	if (chain_entry_at(p->o.chain, p->last_tip, &before) &&
	    chain_ancestor(p->o.chain, tip->index, before.height) != before.index) {
		p->low_bytes = 0;
		p->low_told = false;
		for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
			peer->sync.low_refused = false;
	}
	p->last_tip = tip->index;
	/* What was refused may be valid on the new tip. */
	hash_memory_clear(&p->rejected);
	if (!p->catching_up)
		relay_tip(p);
	leave(p);
}

void protocol_block_invalid(struct protocol *p, const struct block_hash *hash,
			    const struct err *why)
{
	const conn_id *from = map_get(&p->senders, hash);
	struct peer *peer = from ? peer_find(p, *from) : NULL;

	enter(p);
	map_del(&p->senders, hash);
	if (peer)
		peer_close(p, peer, CLOSE_DISCOURAGE, "invalid block: %s: %s", why->token,
			   why->detail);
	leave(p);
}

void protocol_chain_idle(struct protocol *p)
{
	enter(p);
	/* What is still counted lies on branches that lost. */
	p->ahead_bytes = 0;
	p->ahead_blocks = 0;
	if (has_chain(p)) {
		sync_resume(p);
		sync_refill_all(p);
		sync_update(p);
	}
	leave(p);
}

void protocol_tx_added(struct protocol *p, const struct mempool_entry *en)
{
	enter(p);
	relay_tx(p, &en->tx->id);
	leave(p);
}
