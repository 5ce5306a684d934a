/* What peers say they have, and have not. */
#include "protocol/protocol_priv.h"

/* Blocks it announces; those that are not here are put in its queue. *last is the last one taken in. */
static void take_block(struct protocol *p, struct peer *peer, const struct block_hash *hash,
		       size_t *n, struct block_hash *last)
{
	sync_announced(p, peer, hash);
	if (peer->sync.way == SYNC_BY_INV && !sync_settled(p, hash) &&
	    !hash_queue_push(&peer->sync.want, &hash->h)) {
		/* Full: what is left is told again when it is asked for what follows *last. */
		if (*n > 0)
			*n = GETBLOCKS_MAX;
		return;
	}
	*last = *hash;
	(*n)++;
}

/* One that had no chain has one now. */
static void choose_way(struct protocol *p, struct peer *peer)
{
	if (peer->sync.way != SYNC_NOT)
		return;
	if (headers_capable(p, peer))
		headers_choose(p, peer);
	else
		peer->sync.way = SYNC_BY_INV;
}

/* All of them were looked at. */
static void blocks_taken(struct protocol *p, struct peer *peer, size_t n,
			 const struct block_hash *last)
{
	if (peer->sync.way == SYNC_BY_INV) {
		classic_answered(p, peer, n, last);
		return;
	}
	/* An inv says nothing of how its blocks hang together: the headers do. */
	if (!chain_find(p->o.chain, last, NULL))
		headers_ask(p, peer);
	sync_refill(p, peer);
}

/* Without a chain the hashes are kept for later, in order. */
static void join_inv(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct block_hash first, last;
	size_t n = 0;

	for (size_t i = 0; i < l->n; i++) {
		struct inv_item it = msg_inv_at(l, i);

		if (it.type != INV_BLOCK)
			continue;
		if (n++ == 0)
			first.h = it.hash;
		last.h = it.hash;
		if (peer->join.state == JOIN_ASKED)
			hash_queue_push(&peer->sync.want, &it.hash);
	}
	if (n == 0)
		return;
	if (peer->join.state == JOIN_ASKED && n == GETBLOCKS_MAX) {
		peer->sync.more = true;
		peer->sync.last_inv = last;
	}
	join_announced(p, peer, &first);
}

void handle_inv(struct protocol *p, struct peer *peer, struct msg *m)
{
	const struct msg_list *l = &m->u.list;
	struct block_hash last = {0};
	size_t blocks = 0;
	bool txs = false;

	if (!has_chain(p)) {
		join_inv(p, peer, l);
		return;
	}
	for (size_t i = 0; i < l->n; i++) {
		struct inv_item it = msg_inv_at(l, i);
		struct block_hash hash = {it.hash};
		struct txid id = {it.hash};

		if (it.type == INV_BLOCK) {
			choose_way(p, peer);
			take_block(p, peer, &hash, &blocks, &last);
		} else if (it.type == INV_TX) {
			txs_announced(p, peer, &id);
			txs = true;
		}
	}
	if (blocks > 0)
		blocks_taken(p, peer, blocks, &last);
	if (txs)
		txs_refill(p, peer);
}

/* Where headers aren't asked for, what a peer tells by them is an announcement like an inv. */
static void take_as_inv(struct protocol *p, struct peer *peer, const struct msg_list *l)
{
	struct block_hash last = {0};
	size_t blocks = 0;

	peer->sync.way = SYNC_BY_INV;
	for (size_t i = 0; i < l->n; i++) {
		struct block_header h;
		struct block_hash hash;

		msg_header_at(l, i, &h);
		header_hash(&hash, &h);
		take_block(p, peer, &hash, &blocks, &last);
	}
	if (blocks > 0)
		blocks_taken(p, peer, blocks, &last);
}

void handle_headers(struct protocol *p, struct peer *peer, struct msg *m)
{
	if (!has_chain(p))
		return;
	if (!headers_capable(p, peer)) {
		take_as_inv(p, peer, &m->u.list);
		return;
	}
	/* Perhaps it was only late. */
	if (peer->sync.way == SYNC_BY_INV)
		hash_queue_clear(&peer->sync.want);
	headers_choose(p, peer);
	headers_told(p, peer, &m->u.list);
}

void handle_notfound(struct protocol *p, struct peer *peer, struct msg *m)
{
	const struct msg_list *l = &m->u.list;

	for (size_t i = 0; i < l->n; i++) {
		struct inv_item it = msg_inv_at(l, i);
		struct block_hash hash = {it.hash};
		struct txid id = {it.hash};

		if (it.type == INV_BLOCK && has_chain(p))
			request_notfound(p, peer, &hash);
		else if (it.type == INV_BLOCK)
			join_notfound(p, peer, &hash);
		else if (it.type == INV_TX)
			txs_notfound(p, peer, &id);
	}
}
