/* Answering getdata, a little at a time: never more than about SERVE_QUEUED_MAX bytes wait to be sent to a
 * peer, and while much is owed to it, nothing more is read from it. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

/* Owed: reading pauses. So at most so many, and those of one message more, are owed to a peer. */
#define SERVE_PAUSE_ITEMS 1000
#define SERVE_OWED_MAX    500000 /* to all together: 18 MB */
#define SERVE_KEEP_CAP    1024
#define NOTFOUND_MAX      1000

void serve_peer_gone(struct peer *peer)
{
	free(peer->serve.items);
	memset(&peer->serve, 0, sizeof(peer->serve));
}

static void push(struct peer_serve *s, const struct inv_item *it)
{
	if (s->head > 0 && s->head + s->len == s->cap) {
		memmove(s->items, s->items + s->head, s->len * sizeof(*s->items));
		s->head = 0;
	}
	mem_reserve(&s->items, &s->cap, s->head + s->len + 1, sizeof(*s->items));
	s->items[s->head + s->len++] = *it;
}

static struct inv_item pop(struct peer_serve *s)
{
	struct inv_item it = s->items[s->head++];

	if (--s->len == 0) {
		s->head = 0;
		if (s->cap > SERVE_KEEP_CAP) {
			free(s->items);
			s->items = NULL;
			s->cap = 0;
		}
	}
	return it;
}

/* Those who ask for much and take nothing could fill the memory together. */
static bool owed_too_much(const struct protocol *p)
{
	size_t n = 0;

	for (const struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it))
		n += it->serve.len;
	return n > SERVE_OWED_MAX;
}

void handle_getdata(struct protocol *p, struct peer *peer, struct msg *m)
{
	const struct msg_list *l = &m->u.list;

	for (size_t i = 0; i < l->n; i++) {
		struct inv_item it = msg_inv_at(l, i);

		push(&peer->serve, &it);
	}
	p->wake |= WAKE_WORK;
	if (peer->serve.len <= SERVE_PAUSE_ITEMS)
		return;
	peer_pause(p, peer, PAUSE_SERVE, true);
	if (owed_too_much(p))
		peer_close(p, peer, CLOSE_PLAIN, "it asks for %zu things at once while others do",
			   peer->serve.len);
}

/* After the last of a full answer to getblocks: the tip, of which it asks for what lies between. */
static void announce_continue(struct protocol *p, struct peer *peer, const struct block_hash *sent)
{
	struct chain_entry tip = chain_tip(p->o.chain);

	if (!peer->serve.has_last || !hash256_equal(&peer->serve.last.h, &sent->h))
		return;
	peer->serve.has_last = false;
	put_inv_item(&p->list, INV_BLOCK, &tip.hash.h);
	gate_send_list(p, peer, MSG_INV);
}

static bool send_block(struct protocol *p, struct peer *peer, const struct hash256 *hash)
{
	struct block_hash want = {*hash};
	struct msg m = {.kind = MSG_BLOCK};
	struct chain_entry en;
	struct err e;

	err_clear(&e);
	if (!has_chain(p) || !chain_find(p->o.chain, &want, &en) ||
	    !(en.status & CHAIN_HAVE_BODY) || (en.status & CHAIN_ANY_FAILED))
		return false;
	if (!chain_read_block(p->o.chain, en.index, &m.u.block, &e)) {
		if (e.cls != ERR_NOTFOUND)
			log_error(LOG_PEER, "a block can't be read: %s", e.detail);
		return false;
	}
	gate_send(p, peer, &m);
	sync_has_block(p, peer, &en);
	relay_seen_ours(p, peer, en.index);
	block_unref(m.u.block);
	return true;
}

static bool send_tx(struct protocol *p, struct peer *peer, const struct hash256 *hash)
{
	struct msg m = {.kind = MSG_TX};
	struct txid want = {*hash};
	struct mempool_entry en;

	if (!p->o.mempool || !mempool_get(p->o.mempool, &want, &en))
		return false;
	m.u.tx = en.tx;
	hash_memory_add(&peer->relay.known, hash);
	gate_send(p, peer, &m);
	return true;
}

/* False: not here. */
static bool send_one(struct protocol *p, struct peer *peer, const struct inv_item *it)
{
	if (it->type == INV_TX)
		return send_tx(p, peer, &it->hash);
	return it->type == INV_BLOCK && send_block(p, peer, &it->hash);
}

static bool may_send(struct protocol *p, struct peer *peer)
{
	peer->serve.blocked = p->net.queued(p->net.ctx, peer->info.id) > SERVE_QUEUED_MAX;
	return !peer->serve.blocked;
}

/* Returns when its queue is full, its wishes are fulfilled or the time is up. What is missing is
 * told at the end, in one message; p->list is in use meanwhile by nobody else but announce_continue. */
static void serve_peer(struct protocol *p, struct peer *peer, int64_t until_us)
{
	struct peer_serve *s = &peer->serve;
	struct writer missing;

	writer_init(&missing);
	while (s->len > 0 && !peer->closing && may_send(p, peer)) {
		struct inv_item it = pop(s);
		struct block_hash hash = {it.hash};

		if (!send_one(p, peer, &it))
			put_inv_item(&missing, it.type, &it.hash);
		else if (it.type == INV_BLOCK)
			announce_continue(p, peer, &hash);
		if (missing.len >= NOTFOUND_MAX * INV_ITEM_BYTES ||
		    clock_mono_us(p->o.clock) >= until_us)
			break;
	}
	if (missing.len > 0) {
		put_bytes(&p->list, missing.buf, missing.len);
		gate_send_list(p, peer, MSG_NOTFOUND);
	}
	writer_clear(&missing);
	if (s->len <= SERVE_PAUSE_ITEMS / 2)
		peer_pause(p, peer, PAUSE_SERVE, false);
}

/* Everybody in turn. */
bool serve_work(struct protocol *p, int64_t until_us)
{
	struct peer *first = NULL, *peer;
	bool more = false;

	for (peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (!first && peer->info.id > p->serve_after && peer->serve.len > 0)
			first = peer;
	for (peer = first ? first : peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		if (peer->serve.len == 0 || !may_send(p, peer))
			continue;
		serve_peer(p, peer, until_us);
		p->serve_after = peer->info.id;
		if (clock_mono_us(p->o.clock) >= until_us)
			break;
	}
	if (!peer)
		p->serve_after = 0;
	for (peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		more = more || (peer->serve.len > 0 && !peer->serve.blocked);
	return more;
}

void serve_drained(struct protocol *p, struct peer *peer)
{
	peer->serve.blocked = false;
	p->wake |= WAKE_WORK;
}
