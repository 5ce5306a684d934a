/* What peers announce, and what they don't have: inv, headers, notfound. */
#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/block_requests_priv.h"
#include "protocol/sync/chain_discovery_priv.h"
#include "protocol/sync/headers_first_priv.h"
#include "protocol/sync/sync_getblocks_priv.h"
#include "protocol/sync/sync_state_priv.h"
#include "protocol/wire/msg_describe_priv.h"

/* The blocks of one message. */
struct announced_blocks {
	size_t n;
	struct block_hash last;
};

/* With getblocks, blocks that we don't have are added to the peer's queue. */
static void announce_block(struct protocol *p, struct peer *peer, const struct block_hash *hash,
			   struct announced_blocks *blocks)
{
	sync_announced(p, peer, hash);
	if (peer->sync.method == SYNC_BY_GETBLOCKS && !sync_settled(p, hash) &&
	    !hash_queue_push(&peer->sync.announced, &hash->h)) {
		/* The queue is full. Counted as a full answer, so that the rest is requested again
		 * later, by a getblocks after the last block in the queue. */
		if (blocks->n > 0)
			blocks->n = GETBLOCKS_MAX;
		return;
	}
	blocks->last = *hash;
	blocks->n++;
}

/* The peer had no chain when it connected, and has one now. */
static void choose_method(struct protocol *p, struct peer *peer)
{
	if (peer->sync.method != SYNC_METHOD_NONE)
		return;
	if (headers_capable(p, peer))
		headers_choose(p, peer);
	else
		peer->sync.method = SYNC_BY_GETBLOCKS;
}

static void request_blocks_of_message(struct protocol *p, struct peer *peer,
				      const struct announced_blocks *blocks)
{
	if (blocks->n == 0)
		return;
	if (peer->sync.method == SYNC_BY_GETBLOCKS) {
		getblocks_inv_received(p, peer, blocks->n, &blocks->last);
		return;
	}
	/* An inv doesn't say how its blocks are connected: request the headers first. */
	if (!chain_find(p->o.chain, &blocks->last, NULL))
		headers_request(p, peer);
	sync_refill_later(p, peer);
}

static void handle_inv(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_list *l = &m->u.list;
	struct announced_blocks blocks = {0};
	bool txs = false;

	for (size_t i = 0; i < l->n; i++) {
		struct inv_item it = msg_inv_at(l, i);
		struct block_hash hash = {it.hash};
		struct txid id = {it.hash};

		if (it.type == INV_BLOCK) {
			choose_method(p, peer);
			announce_block(p, peer, &hash, &blocks);
		} else if (it.type == INV_TX) {
			tx_download_announced(p, peer, &id);
			txs = true;
		}
	}
	request_blocks_of_message(p, peer, &blocks);
	if (txs)
		tx_download_refill(p, peer);
}

const struct msg_type msg_type_inv = {
	.name = "inv",
	.directions = DIR_IN | DIR_OUT,
	.item_bytes = INV_ITEM_BYTES,
	.items_max = INV_MAX,
	.decode = msg_decode_list,
	.encode = msg_encode_list,
	.describe = describe_inv,
	.handle = handle_inv,
	.handle_without_chain = chain_discovery_inv,
	.meaning_in = "the peer announces blocks or transactions that it has",
	.meaning_out = "we announce blocks or transactions that we have",
};

/* This node is set not to use headers: it takes them as announcements, like an inv. */
static void headers_as_inv(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct announced_blocks blocks = {0};

	peer->sync.method = SYNC_BY_GETBLOCKS;
	for (size_t i = 0; i < l->n; i++) {
		struct block_header h;
		struct block_hash hash;

		msg_header_at(l, i, &h);
		header_hash(&hash, &h);
		announce_block(p, peer, &hash, &blocks);
	}
	request_blocks_of_message(p, peer, &blocks);
}

static void handle_headers(struct protocol *p, struct peer *peer, const struct msg *m)
{
	if (!headers_capable(p, peer)) {
		headers_as_inv(p, peer, &m->u.list);
		return;
	}
	/* Its headers timed out before, and it was synchronised by getblocks since: back to
	 * headers. */
	if (peer->sync.method == SYNC_BY_GETBLOCKS)
		hash_queue_clear(&peer->sync.announced);
	headers_choose(p, peer);
	headers_receive(p, peer, &m->u.list);
}

/* A list; each header is followed by a number of transactions that is always 0. */
static bool decode_headers(struct msg *m, const struct msg_type *type, struct span payload,
			   struct err *e)
{
	if (!msg_decode_list(m, type, payload, e))
		return false;
	for (size_t i = 0; i < m->u.list.n; i++)
		if (m->u.list.items[i * HEADERS_ITEM_BYTES + HEADER_BYTES] != 0)
			return msg_malformed(e, type->name, "transaction-count");
	return true;
}

static void describe_headers(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	const struct msg_list *l = &m->u.list;
	struct block_header h;
	struct block_hash hash;

	(void)p;
	if (l->n == 0) {
		text_append(rec->summary, sizeof(rec->summary), "none");
		return;
	}
	describe_count(rec, l->n, "header");
	msg_header_at(l, 0, &h);
	header_hash(&hash, &h);
	rec->about = hash.h;
	describe_hash(rec, " ", &rec->about);
}

const struct msg_type msg_type_headers = {
	.name = "headers",
	.directions = DIR_IN | DIR_OUT,
	.item_bytes = HEADERS_ITEM_BYTES,
	.items_max = HEADERS_MAX,
	.decode = decode_headers,
	.encode = msg_encode_list,
	.describe = describe_headers,
	.handle = handle_headers,
	.meaning_in = "the peer sends block headers without the blocks, in order",
	.meaning_out = "we send block headers without the blocks, in order",
};

static void handle_notfound(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_list *l = &m->u.list;

	for (size_t i = 0; i < l->n; i++) {
		struct inv_item it = msg_inv_at(l, i);
		struct block_hash hash = {it.hash};
		struct txid id = {it.hash};

		if (it.type == INV_BLOCK)
			block_request_notfound(p, peer, &hash);
		else if (it.type == INV_TX)
			tx_download_notfound(p, peer, &id);
	}
}

static void notfound_without_chain(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_list *l = &m->u.list;

	for (size_t i = 0; i < l->n; i++) {
		struct inv_item it = msg_inv_at(l, i);
		struct block_hash hash = {it.hash};

		if (it.type == INV_BLOCK)
			chain_discovery_notfound(p, peer, &hash);
	}
}

const struct msg_type msg_type_notfound = {
	.name = "notfound",
	.directions = DIR_IN | DIR_OUT,
	.item_bytes = INV_ITEM_BYTES,
	.items_max = INV_MAX,
	.decode = msg_decode_list,
	.encode = msg_encode_list,
	.describe = describe_inv,
	.handle = handle_notfound,
	.handle_without_chain = notfound_without_chain,
	.meaning_in = "the peer doesn't have these blocks or transactions, which we requested",
	.meaning_out = "we don't have these blocks or transactions, which the peer requested",
};
