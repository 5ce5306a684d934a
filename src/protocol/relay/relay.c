#include "protocol/relay/relay_priv.h"

#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/wire/msg_send_priv.h"

/* If a peer lacks at most this number of blocks up to a new tip, each is announced. If it lacks
 * more, only the tip is announced, and the peer requests the others by getblocks or getheaders. */
#define ANNOUNCE_BLOCKS_MAX 8
#define TX_INV_MAX          1000 /* transactions in one inv */
#define TX_RELAY_RING       8192
#define MEMPOOL_AGAIN_MS    10000 /* mempool is answered again after this time */
#define MEMPOOL_SLICE       256

void relay_init(struct relay_state *r)
{
	*r = (struct relay_state){.announced = CHAIN_NONE, .tip_last_tick = CHAIN_NONE};
}

void relay_free(struct relay_state *r)
{
	free(r->ring);
}

void relay_peer_init(struct protocol *p, struct peer *peer)
{
	hash_memory_init(&peer->relay.known_txs, TX_KNOWN_MAX);
	hash_queue_init(&peer->relay.announced_txs, TX_ANNOUNCED_MAX);
	peer->relay.cursor = p->relay.ring_head;
	peer->relay.best_announced = peer->relay.best_shown = CHAIN_NONE;
}

void relay_peer_ready(struct protocol *p, struct peer *peer)
{
	peer->relay.cursor = p->relay.ring_head;
}

void relay_peer_gone(struct protocol *p, struct peer *peer)
{
	(void)p;
	hash_memory_clear(&peer->relay.known_txs);
	hash_queue_clear(&peer->relay.announced_txs);
}

/* --- tips --------------------------------------------------------------------- */

/* Number of blocks from what the peer is known to have to the tip; UINT32_MAX: unknown. */
static uint32_t gap(const struct protocol *p, const struct peer *peer,
		    const struct chain_entry *tip)
{
	struct chain_entry fork;

	if (peer->relay.best_announced == CHAIN_NONE)
		return UINT32_MAX;
	if (!chain_entry_at(p->o.chain,
			    chain_fork(p->o.chain, peer->relay.best_announced, tip->index), &fork))
		return UINT32_MAX;
	return tip->height - fork.height;
}

static void put_block(struct protocol *p, const struct chain_entry *en, bool as_header)
{
	struct block_header h;

	if (!as_header)
		put_inv_item(&p->list, INV_BLOCK, &en->hash.h);
	else if (chain_read_header(p->o.chain, en->index, &h, NULL))
		put_headers_item(&p->list, &h);
}

static void announce_tip(struct protocol *p, struct peer *peer, const struct chain_entry *tip)
{
	uint32_t n = gap(p, peer, tip);
	/* Headers are useful only to a peer that has the block before them. */
	bool headers = peer->relay.prefers_headers && n <= ANNOUNCE_BLOCKS_MAX;
	struct chain_entry en;

	if (n == 0)
		return;
	/* After a single inv the peer knows only the tip's hash. best_announced stays until the
	 * peer requests the blocks below; before that, headers would not connect to what it has. */
	if (n <= ANNOUNCE_BLOCKS_MAX)
		peer->relay.best_announced = tip->index;
	else
		n = 1;
	for (uint32_t h = tip->height - n + 1; h <= tip->height; h++)
		if (chain_at_height(p->o.chain, h, &en))
			put_block(p, &en, headers);
	relay_block_shown(p, peer, tip->index);
	msg_send_list(p, peer, headers ? MSG_HEADERS : MSG_INV);
}

void relay_block_shown(const struct protocol *p, struct peer *peer, chain_index i)
{
	struct chain_entry now, before;

	if (chain_entry_at(p->o.chain, i, &now) &&
	    (!chain_entry_at(p->o.chain, peer->relay.best_shown, &before) ||
	     u256_cmp(&now.work, &before.work) >= 0))
		peer->relay.best_shown = i;
}

/* A peer that announced the tip to us needs no announcement. But if we fetched the block from
 * another peer, this one doesn't know that we have it now: announce it. Source: tally-protocol(7),
 * MESSAGES, sendheaders. */
static void confirm_tip(struct protocol *p, struct peer *peer, const struct chain_entry *tip)
{
	const bool headers = peer->relay.prefers_headers;

	if (peer->relay.best_shown == tip->index || peer->relay.best_announced != tip->index ||
	    peer->version < PROTOCOL_HEADERS_VERSION)
		return;
	peer->relay.best_shown = tip->index;
	put_block(p, tip, headers);
	msg_send_list(p, peer, headers ? MSG_HEADERS : MSG_INV);
}

/* Confirms a tip only when it has stayed for a second, so that blocks in quick succession are only
 * announced. */
static void confirm_stable_tip(struct protocol *p)
{
	struct chain_entry tip = chain_tip(p->o.chain);
	bool stable = p->relay.tip_last_tick == tip.index && p->relay.announced == tip.index &&
		      !p->sync.catching_up;

	p->relay.tip_last_tick = tip.index;
	for (struct peer *peer = peer_next(p, NULL); stable && peer; peer = peer_next(p, peer))
		confirm_tip(p, peer, &tip);
}

void relay_tip(struct protocol *p)
{
	struct chain_entry tip = chain_tip(p->o.chain);

	if (tip.index == p->relay.announced)
		return;
	p->relay.announced = tip.index;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		announce_tip(p, peer, &tip);
}

static void handle_sendheaders(struct protocol *p, struct peer *peer, const struct msg *m)
{
	(void)m;
	peer->relay.prefers_headers = true;
	p->wake |= WAKE_PEERS;
}

const struct msg_type msg_type_sendheaders = {
	.name = "sendheaders",
	.directions = DIR_IN | DIR_OUT,
	.decode = msg_decode_empty,
	.handle = handle_sendheaders,
	.handle_without_chain = handle_sendheaders,
	.meaning_in = "the peer wants us to announce new blocks by headers",
	.meaning_out = "we want the peer to announce new blocks by headers",
};

/* --- transactions ------------------------------------------------------------- */

/* All peers read one ring, each from its own position. A peer that is more than a ring behind
 * misses the oldest announcements. */
void relay_tx(struct protocol *p, const struct txid *id)
{
	if (!p->relay.ring)
		p->relay.ring = mem_array(TX_RELAY_RING, sizeof(*p->relay.ring));
	p->relay.ring[p->relay.ring_head++ % TX_RELAY_RING] = *id;
	p->wake |= WAKE_WORK;
}

/* False: nothing was sent, because the peer's send queue is full. */
static bool announce_txs(struct protocol *p, struct peer *peer)
{
	struct peer_relay *r = &peer->relay;
	struct mempool_entry en;

	if (p->net.queued(p->net.ctx, peer->info.id) > SERVE_QUEUED_MAX)
		return false;
	if (p->relay.ring_head - r->cursor > TX_RELAY_RING)
		r->cursor = p->relay.ring_head - TX_RELAY_RING;
	while (r->cursor < p->relay.ring_head && p->list.len < TX_INV_MAX * INV_ITEM_BYTES) {
		const struct txid *id = &p->relay.ring[r->cursor++ % TX_RELAY_RING];

		if (hash_memory_has(&r->known_txs, &id->h) || !mempool_get(p->o.mempool, id, &en))
			continue;
		hash_memory_add(&r->known_txs, &id->h);
		put_inv_item(&p->list, INV_TX, &id->h);
	}
	msg_send_list(p, peer, MSG_INV);
	return true;
}

bool relay_work(struct protocol *p, int64_t until_us)
{
	bool more = false;

	if (!p->o.mempool || p->sync.catching_up)
		return false;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		if (!peer->relay.wants_txs || peer->relay.cursor == p->relay.ring_head)
			continue;
		if (clock_mono_us(p->o.clock) > until_us)
			return true;
		if (announce_txs(p, peer))
			more = more || peer->relay.cursor < p->relay.ring_head;
	}
	return more;
}

/* --- the whole mempool ----------------------------------------------------------- */

/* A node that has just started missed the announcements of unconfirmed transactions. When it is up
 * to date it requests the mempools of its outbound peers, once each. */
static void request_mempools(struct protocol *p)
{
	if (p->sync.catching_up)
		return;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		const struct peer_sync *s = &peer->sync;

		if (peer->relay.mempool_requested || !peer_outbound(peer) || !peer->has_chain ||
		    peer->version < VERSION_MEMPOOL || s->request_pending || s->n_requests > 0 ||
		    s->announced.len > 0)
			continue;
		peer->relay.mempool_requested = true;
		msg_send_empty(p, peer, MSG_MEMPOOL);
	}
}

void relay_tick(struct protocol *p)
{
	confirm_stable_tip(p);
	request_mempools(p);
}

static void handle_mempool(struct protocol *p, struct peer *peer, const struct msg *m)
{
	struct mempool_entry some[MEMPOOL_SLICE];
	uint64_t after = 0;
	size_t n;

	(void)m;
	if (!p->o.mempool || (peer->relay.mempool_sent &&
			      protocol_now_ms(p) - peer->relay.mempool_ms < MEMPOOL_AGAIN_MS))
		return;
	peer->relay.mempool_sent = true;
	peer->relay.mempool_ms = protocol_now_ms(p);
	while ((n = mempool_list(p->o.mempool, after, some, MEMPOOL_SLICE)) > 0 &&
	       p->list.len / INV_ITEM_BYTES + n <= INV_MAX) {
		for (size_t i = 0; i < n; i++) {
			hash_memory_add(&peer->relay.known_txs, &some[i].tx->id.h);
			put_inv_item(&p->list, INV_TX, &some[i].tx->id.h);
		}
		after = some[n - 1].seq;
	}
	msg_send_list(p, peer, MSG_INV);
}

const struct msg_type msg_type_mempool = {
	.name = "mempool",
	.directions = DIR_IN | DIR_OUT,
	.min_version = VERSION_MEMPOOL,
	.decode = msg_decode_empty,
	.handle = handle_mempool,
	.meaning_in = "the peer requests the ids of our unconfirmed transactions",
	.meaning_out = "we request the ids of the peer's unconfirmed transactions",
};
