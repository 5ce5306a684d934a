/* Telling peers of new tips and transactions. */
#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define ANNOUNCE_BLOCKS_MAX 8 /* a longer way to the tip is asked for by getblocks */
#define MEMPOOL_AGAIN_MS    10000
#define MEMPOOL_SLICE       256

void relay_peer_init(struct protocol *p, struct peer *peer)
{
	hash_memory_init(&peer->relay.known, TX_KNOWN_MAX);
	hash_queue_init(&peer->relay.todo, TX_ANNOUNCED_MAX);
	peer->relay.cursor = p->relay_head;
	peer->relay.told = peer->relay.ours = CHAIN_NONE;
}

void relay_peer_ready(struct protocol *p, struct peer *peer)
{
	peer->relay.cursor = p->relay_head;
}

void relay_peer_gone(struct peer *peer)
{
	hash_memory_clear(&peer->relay.known);
	hash_queue_clear(&peer->relay.todo);
}

/* --- tips --------------------------------------------------------------------- */

/* How many blocks lie between what the peer is known to have and the tip. */
static uint32_t gap(const struct protocol *p, const struct peer *peer,
		    const struct chain_entry *tip)
{
	struct chain_entry fork;

	if (peer->relay.told == CHAIN_NONE)
		return UINT32_MAX;
	if (!chain_entry_at(p->o.chain, chain_fork(p->o.chain, peer->relay.told, tip->index),
			    &fork))
		return UINT32_MAX;
	return tip->height - fork.height;
}

static void put_announced(struct protocol *p, const struct chain_entry *en, bool headers)
{
	struct block_header h;

	if (!headers)
		put_inv_item(&p->list, INV_BLOCK, &en->hash.h);
	else if (chain_read_header(p->o.chain, en->index, &h, NULL))
		put_headers_item(&p->list, &h);
}

static void announce_tip(struct protocol *p, struct peer *peer, const struct chain_entry *tip)
{
	uint32_t n = gap(p, peer, tip);
	/* Headers are of use only to one that has the block before them. */
	bool headers = peer->relay.prefers_headers && n <= ANNOUNCE_BLOCKS_MAX;
	struct chain_entry en;

	if (n == 0)
		return;
	/* It has the tip's hash then, and not yet what is below: until it asks, headers would follow nothing. */
	if (n <= ANNOUNCE_BLOCKS_MAX)
		peer->relay.told = tip->index;
	else
		n = 1;
	for (uint32_t h = tip->height - n + 1; h <= tip->height; h++)
		if (chain_at_height(p->o.chain, h, &en))
			put_announced(p, &en, headers);
	relay_seen_ours(p, peer, tip->index);
	gate_send_list(p, peer, headers ? MSG_HEADERS : MSG_INV);
}

void relay_seen_ours(const struct protocol *p, struct peer *peer, chain_index i)
{
	struct chain_entry now, before;

	if (chain_entry_at(p->o.chain, i, &now) &&
	    (!chain_entry_at(p->o.chain, peer->relay.ours, &before) ||
	     u256_cmp(&now.work, &before.work) >= 0))
		peer->relay.ours = i;
}

/* Who told of the tip before we had it, and didn't give it to us, need not be told of it and so would never
 * learn that we have it, too. */
static void confirm_tip(struct protocol *p, struct peer *peer, const struct chain_entry *tip)
{
	const bool headers = peer->relay.prefers_headers;

	if (peer->relay.ours == tip->index || peer->relay.told != tip->index ||
	    peer->version < PROTOCOL_HEADERS_VERSION)
		return;
	peer->relay.ours = tip->index;
	put_announced(p, tip, headers);
	gate_send_list(p, peer, headers ? MSG_HEADERS : MSG_INV);
}

/* Once the tip stands: while blocks come one upon the other only announcements are sent. */
void relay_tick(struct protocol *p)
{
	struct chain_entry tip = chain_tip(p->o.chain);
	bool stands = p->steady == tip.index && p->announced == tip.index && !p->catching_up;

	p->steady = tip.index;
	for (struct peer *peer = peer_next(p, NULL); stands && peer; peer = peer_next(p, peer))
		confirm_tip(p, peer, &tip);
}

void relay_tip(struct protocol *p)
{
	struct chain_entry tip = chain_tip(p->o.chain);

	if (tip.index == p->announced)
		return;
	p->announced = tip.index;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		announce_tip(p, peer, &tip);
}

void handle_sendheaders(struct protocol *p, struct peer *peer, struct msg *m)
{
	(void)m;
	peer->relay.prefers_headers = true;
	p->wake |= WAKE_PEERS;
}

/* --- transactions ------------------------------------------------------------- */

/* All peers read one ring, each at its own place: what one is too slow for it misses. */
void relay_tx(struct protocol *p, const struct txid *id)
{
	if (!p->relay_ring)
		p->relay_ring = mem_array(TX_RELAY_RING, sizeof(*p->relay_ring));
	p->relay_ring[p->relay_head++ % TX_RELAY_RING] = *id;
	p->wake |= WAKE_WORK;
}

/* False: it must wait. */
static bool announce_txs(struct protocol *p, struct peer *peer)
{
	struct peer_relay *r = &peer->relay;
	struct mempool_entry en;

	if (p->net.queued(p->net.ctx, peer->info.id) > SERVE_QUEUED_MAX)
		return false;
	if (p->relay_head - r->cursor > TX_RELAY_RING)
		r->cursor = p->relay_head - TX_RELAY_RING;
	while (r->cursor < p->relay_head && p->list.len < TX_INV_MAX * INV_ITEM_BYTES) {
		const struct txid *id = &p->relay_ring[r->cursor++ % TX_RELAY_RING];

		if (hash_memory_has(&r->known, &id->h) || !mempool_get(p->o.mempool, id, &en))
			continue;
		hash_memory_add(&r->known, &id->h);
		put_inv_item(&p->list, INV_TX, &id->h);
	}
	gate_send_list(p, peer, MSG_INV);
	return true;
}

bool relay_work(struct protocol *p, int64_t until_us)
{
	bool more = false;

	if (!p->o.mempool || p->catching_up)
		return false;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		if (!peer->relay.wants_txs || peer->relay.cursor == p->relay_head)
			continue;
		if (clock_mono_us(p->o.clock) > until_us)
			return true;
		if (announce_txs(p, peer))
			more = more || peer->relay.cursor < p->relay_head;
	}
	return more;
}

/* --- the whole mempool ----------------------------------------------------------- */

/* A node that comes late has missed the announcements: once it is up to date it asks those it dialled what
 * is waiting. */
void relay_ask_mempool(struct protocol *p)
{
	if (p->catching_up)
		return;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		const struct peer_sync *s = &peer->sync;

		if (peer->relay.mempool_asked || !peer_dialled(peer) || !peer->has_chain ||
		    peer->version < VERSION_MEMPOOL || s->asked || s->n_requests > 0 ||
		    s->want.len > 0)
			continue;
		peer->relay.mempool_asked = true;
		gate_send_empty(p, peer, MSG_MEMPOOL);
	}
}

void handle_mempool(struct protocol *p, struct peer *peer, struct msg *m)
{
	struct mempool_entry some[MEMPOOL_SLICE];
	uint64_t after = 0;
	size_t n;

	(void)m;
	if (!p->o.mempool ||
	    (peer->relay.mempool_sent && now_ms(p) - peer->relay.mempool_ms < MEMPOOL_AGAIN_MS))
		return;
	peer->relay.mempool_sent = true;
	peer->relay.mempool_ms = now_ms(p);
	while ((n = mempool_list(p->o.mempool, after, some, MEMPOOL_SLICE)) > 0 &&
	       p->list.len / INV_ITEM_BYTES + n <= INV_MAX) {
		for (size_t i = 0; i < n; i++) {
			hash_memory_add(&peer->relay.known, &some[i].tx->id.h);
			put_inv_item(&p->list, INV_TX, &some[i].tx->id.h);
		}
		after = some[n - 1].seq;
	}
	gate_send_list(p, peer, MSG_INV);
}
