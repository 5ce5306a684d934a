/* Answering getdata, a little at a time: never more than about SERVE_QUEUED_MAX bytes wait to be sent to a
 * peer, and while much is owed to it, nothing more is read from it. To all together about SERVE_TOTAL_MAX: beyond it go
 * small things and the tip; for the others room is made by those who take least. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

/* Owed: reading pauses. So at most so many, and those of one message more, are owed to a peer. */
#define SERVE_PAUSE_ITEMS 1000
#define SERVE_OWED_MAX    500000 /* to all together: 18 MB */
#define SERVE_KEEP_CAP    1024
#define NOTFOUND_MAX      1000

/* When room is short. */
#define SMALL_QUEUE  (64u << 10) /* not counted */
#define SLOW_PACE    (64u << 10) /* of peer_serve.pace: it takes less than 32 KB a second */
#define SLOW_HELD_S  2
#define KEPT_LONG_MS 10000 /* who has waited so long for room gets it from whoever is slowest */

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

static size_t queued_for(const struct protocol *p, const struct peer *peer)
{
	return p->net.queued(p->net.ctx, peer->info.id);
}

/* Bytes that are in memory because they have not been sent. */
static size_t total_queued(const struct protocol *p)
{
	return p->lent_bytes + p->net.queued_all(p->net.ctx);
}

/* What is sent next is small, or everybody wants it. A block that is on its way to others does take room: as long as it
 * is given to more, it stays. */
static bool takes_little(const struct protocol *p, const struct peer *peer, size_t queued)
{
	const struct inv_item *it = &peer->serve.items[peer->serve.head];
	struct block_hash tip;

	if (it->type != INV_BLOCK)
		return queued < SMALL_QUEUE;
	if (!has_chain(p))
		return true;
	tip = chain_tip(p->o.chain).hash;
	return hash256_equal(&it->hash, &tip.h);
}

static void keep_waiting(struct protocol *p, struct peer *peer)
{
	p->serve_short = true;
	if (peer->serve.kept_ms == 0)
		peer->serve.kept_ms = now_ms(p);
}

/* Something is owed to it. */
static bool may_send(struct protocol *p, struct peer *peer)
{
	const size_t queued = queued_for(p, peer);
	const bool full = queued > SERVE_QUEUED_MAX;
	const bool kept =
		!full && total_queued(p) >= SERVE_TOTAL_MAX && !takes_little(p, peer, queued);

	peer->serve.blocked = full || kept;
	if (kept)
		keep_waiting(p, peer);
	else
		peer->serve.kept_ms = 0;
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

/* NULL: nobody waits for room. */
static struct peer *kept_longest(const struct protocol *p)
{
	struct peer *found = NULL;

	for (struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it))
		if (it->serve.len > 0 && it->serve.kept_ms != 0 &&
		    (!found || it->serve.kept_ms < found->serve.kept_ms))
			found = it;
	return found;
}

/* Room goes to who has waited for it longest: who comes again and again stands behind. False: the time is up. */
static bool serve_kept(struct protocol *p, int64_t until_us)
{
	struct peer *peer;

	while (total_queued(p) < SERVE_TOTAL_MAX && (peer = kept_longest(p))) {
		serve_peer(p, peer, until_us);
		if (clock_mono_us(p->o.clock) >= until_us)
			return false;
	}
	return true;
}

/* Everybody in turn. */
bool serve_work(struct protocol *p, int64_t until_us)
{
	struct peer *first = NULL, *peer;
	bool more = false;

	if (!serve_kept(p, until_us))
		return true;
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

/* --- making room ------------------------------------------------------------------------- */

static void measure(const struct protocol *p, struct peer *peer)
{
	const size_t queued = queued_for(p, peer);
	struct peer_serve *s = &peer->serve;
	const uint64_t taken = peer->bytes_out - MIN(peer->bytes_out, queued);

	s->pace = s->pace / 2 + (taken - MIN(taken, s->taken));
	s->taken = taken;
	s->held_s = queued > SMALL_QUEUE ? s->held_s + 1 : 0;
}

/* Of those that came by themselves: no stranger makes us hang up on whom we dialled. NULL: nobody is slower than that. */
static struct peer *slowest(const struct protocol *p, uint64_t pace)
{
	struct peer *found = NULL;

	for (struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it)) {
		if (peer_dialled(it) || it->serve.held_s < SLOW_HELD_S || it->serve.pace >= pace)
			continue;
		pace = it->serve.pace;
		found = it;
	}
	return found;
}

/* Half of what waits for all is dropped. A block that is on its way to several is there until the last of them has it or
 * is gone, so that bytes are counted by queue. */
static void make_room(struct protocol *p, uint64_t pace)
{
	size_t all = 0, dropped = 0;
	struct peer *peer;

	for (peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		all += queued_for(p, peer);
	while (dropped < all / 2 && (peer = slowest(p, pace))) {
		dropped += queued_for(p, peer);
		peer_close(p, peer, CLOSE_DROP,
			   "it takes little of %zu bytes, and others wait for the room",
			   queued_for(p, peer));
	}
}

void serve_tick(struct protocol *p)
{
	const struct peer *kept;
	bool in_need;

	for (struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it))
		measure(p, it);
	kept = kept_longest(p);
	p->serve_short = kept != NULL;
	if (!kept)
		return;
	in_need = now_ms(p) - kept->serve.kept_ms >= KEPT_LONG_MS;
	if (total_queued(p) >= SERVE_TOTAL_MAX)
		make_room(p, in_need ? UINT64_MAX : SLOW_PACE);
	p->wake |= WAKE_WORK;
}
