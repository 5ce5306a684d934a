/* Answering getdata, in slices. At most about SERVE_QUEUED_MAX bytes wait in a peer's send queue,
 * and while it has many unanswered requests it is not read from. At most about SERVE_TOTAL_MAX
 * bytes wait in all queues together; above that only small payloads and the tip are sent, and the
 * slowest inbound peers are disconnected to make room. Source: tally-protocol(7), CONDUCT. */
#include "protocol/serve/serve_getdata_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/sync_state_priv.h"
#include "protocol/wire/msg_describe_priv.h"
#include "protocol/wire/msg_send_priv.h"

/* Unanswered requests of one peer: above this it is not read from. The last message read may exceed
 * it by INV_MAX. */
#define SERVE_PAUSE_ITEMS 1000
#define SERVE_ITEMS_MAX   500000 /* of all peers together: 18 MB */
#define SERVE_KEEP_CAP    1024   /* a larger array is freed when it is empty */
#define NOTFOUND_MAX      1000   /* entries in one notfound */

#define SERVE_TOTAL_MAX (64u << 20) /* bytes in all send queues together */

/* Disconnecting slow peers when room is short. */
#define SMALL_QUEUE  (64u << 10) /* bytes: a shorter send queue takes no room worth counting */
#define SLOW_RATE    (64u << 10) /* a send_rate below it means less than 32 KB/s */
#define SLOW_SECONDS 2           /* the queue has not been small for this time */
/* When a peer has waited for this time, the slowest inbound peer is disconnected, whatever its
 * rate. */
#define WAITING_MAX_MS 10000

void serve_peer_gone(struct protocol *p, struct peer *peer)
{
	(void)p;
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

/* Many peers that request much and read nothing could fill the memory together. */
static bool too_many_requests(const struct protocol *p)
{
	size_t n = 0;

	for (const struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it))
		n += it->serve.len;
	return n > SERVE_ITEMS_MAX;
}

static void handle_getdata(struct protocol *p, struct peer *peer, const struct msg *m)
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
	if (too_many_requests(p))
		peer_close(p, peer, CLOSE_PLAIN,
			   "%zu requests at once, while all peers together have more than %d",
			   peer->serve.len, SERVE_ITEMS_MAX);
}

const struct msg_type msg_type_getdata = {
	.name = "getdata",
	.directions = DIR_IN | DIR_OUT,
	.item_bytes = INV_ITEM_BYTES,
	.items_max = INV_MAX,
	.decode = msg_decode_list,
	.encode = msg_encode_list,
	.describe = describe_inv,
	.handle = handle_getdata,
	.handle_without_chain = handle_getdata, /* answers notfound */
	.meaning_in = "the peer requests these blocks or transactions",
	.meaning_out = "we request these blocks or transactions",
};

/* --- serving -------------------------------------------------------------------------- */

/* The last block of a full answer to getblocks was sent: announces the tip, so that the peer
 * requests the rest. */
static void announce_continue(struct protocol *p, struct peer *peer, const struct block_hash *sent)
{
	struct chain_entry tip = chain_tip(p->o.chain);

	if (!peer->serve.has_continue || !hash256_equal(&peer->serve.continue_hash.h, &sent->h))
		return;
	peer->serve.has_continue = false;
	put_inv_item(&p->list, INV_BLOCK, &tip.hash.h);
	msg_send_list(p, peer, MSG_INV);
}

static bool send_block(struct protocol *p, struct peer *peer, const struct hash256 *hash)
{
	struct block_hash want = {*hash};
	struct msg m = {.kind = MSG_BLOCK};
	struct chain_entry en;
	struct err e;

	err_clear(&e);
	if (!protocol_has_chain(p) || !chain_find(p->o.chain, &want, &en) ||
	    !(en.status & CHAIN_HAVE_BODY) || (en.status & CHAIN_ANY_FAILED))
		return false;
	if (!chain_read_block(p->o.chain, en.index, &m.u.block, &e)) {
		if (e.cls != ERR_NOTFOUND)
			log_error(LOG_PEER, "cannot read a stored block: %s", e.detail);
		return false;
	}
	msg_send(p, peer, &m);
	sync_has_block(p, peer, &en);
	relay_block_shown(p, peer, en.index);
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
	hash_memory_add(&peer->relay.known_txs, hash);
	msg_send(p, peer, &m);
	return true;
}

/* False: we don't have it. */
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

/* Bytes in memory that wait to be sent to any peer. A block that several peers wait for counts
 * once. */
static size_t total_queued(const struct protocol *p)
{
	return p->shared.bytes + p->net.queued_all(p->net.ctx);
}

/* The next payload is sent even if room is short: it is small, or it is the tip, which every peer
 * needs. An older block would take room even if it is in memory for another peer: each new
 * recipient keeps it there longer. */
static bool sent_without_room(const struct protocol *p, const struct peer *peer, size_t queued)
{
	const struct inv_item *it = &peer->serve.items[peer->serve.head];
	struct block_hash tip;

	if (it->type != INV_BLOCK)
		return queued < SMALL_QUEUE;
	if (!protocol_has_chain(p))
		return true;
	tip = chain_tip(p->o.chain).hash;
	return hash256_equal(&it->hash, &tip.h);
}

/* The peer has an unanswered request. True: the next payload may be queued now. */
static bool may_send(struct protocol *p, struct peer *peer)
{
	struct peer_serve *s = &peer->serve;
	const size_t queued = queued_for(p, peer);
	const bool full = queued > SERVE_QUEUED_MAX;
	const bool waits =
		!full && total_queued(p) >= SERVE_TOTAL_MAX && !sent_without_room(p, peer, queued);

	s->blocked = full || waits;
	if (!waits) {
		s->waiting_since_ms = 0;
	} else {
		p->serve.peers_waiting = true;
		if (s->waiting_since_ms == 0)
			s->waiting_since_ms = protocol_now_ms(p);
	}
	return !s->blocked;
}

/* Sends until its queue is full, its requests are answered or the time is up. What we don't have is
 * listed in one notfound at the end; it is gathered apart from p->list, because announce_continue
 * uses that meanwhile. */
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
		msg_send_list(p, peer, MSG_NOTFOUND);
	}
	writer_clear(&missing);
	if (s->len <= SERVE_PAUSE_ITEMS / 2)
		peer_pause(p, peer, PAUSE_SERVE, false);
}

/* The peer that has waited longest for room; NULL: none waits. */
static struct peer *longest_waiting(const struct protocol *p)
{
	struct peer *found = NULL;

	for (struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it))
		if (it->serve.len > 0 && it->serve.waiting_since_ms != 0 &&
		    (!found || it->serve.waiting_since_ms < found->serve.waiting_since_ms))
			found = it;
	return found;
}

/* New room goes to the peer that has waited longest. A peer that reconnects to get a turn earlier
 * waits again. False: the time is up. */
static bool serve_waiting(struct protocol *p, int64_t until_us)
{
	struct peer *peer;

	while (total_queued(p) < SERVE_TOTAL_MAX && (peer = longest_waiting(p))) {
		serve_peer(p, peer, until_us);
		if (clock_mono_us(p->o.clock) >= until_us)
			return false;
	}
	return true;
}

bool serve_work(struct protocol *p, int64_t until_us)
{
	struct peer *first = NULL, *peer;
	bool more = false;

	if (!serve_waiting(p, until_us))
		return true;
	/* Round-robin: begins after the peer that was served last. */
	for (peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (!first && peer->info.id > p->serve.last_served && peer->serve.len > 0)
			first = peer;
	for (peer = first ? first : peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		if (peer->serve.len == 0 || !may_send(p, peer))
			continue;
		serve_peer(p, peer, until_us);
		p->serve.last_served = peer->info.id;
		if (clock_mono_us(p->o.clock) >= until_us)
			break;
	}
	if (!peer)
		p->serve.last_served = 0;
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
	const uint64_t sent = peer->bytes_out - MIN(peer->bytes_out, queued);

	s->send_rate = s->send_rate / 2 + (sent - MIN(sent, s->sent_bytes));
	s->sent_bytes = sent;
	s->backlogged_s = queued > SMALL_QUEUE ? s->backlogged_s + 1 : 0;
}

/* The slowest inbound peer with a send_rate below `rate`; NULL: none. An outbound peer is never
 * disconnected for this: otherwise inbound peers could make us disconnect it by filling the
 * room. */
static struct peer *slowest(const struct protocol *p, uint64_t rate)
{
	struct peer *found = NULL;

	for (struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it)) {
		if (peer_outbound(it) || it->serve.backlogged_s < SLOW_SECONDS ||
		    it->serve.send_rate >= rate)
			continue;
		rate = it->serve.send_rate;
		found = it;
	}
	return found;
}

/* Disconnects slow peers until half of all queued bytes are dropped. A shared block stays in memory
 * until the last of its queues is done, so bytes are counted by queue here. */
static void make_room(struct protocol *p, uint64_t rate)
{
	size_t all = 0, dropped = 0;
	struct peer *peer;

	for (peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		all += queued_for(p, peer);
	while (dropped < all / 2 && (peer = slowest(p, rate))) {
		dropped += queued_for(p, peer);
		peer_close(p, peer, CLOSE_DROP,
			   "reads too slowly: %zu bytes are queued, and other peers need the room",
			   queued_for(p, peer));
	}
}

void serve_tick(struct protocol *p)
{
	const struct peer *waiting;
	bool urgent;

	for (struct peer *it = peer_next(p, NULL); it; it = peer_next(p, it))
		measure(p, it);
	waiting = longest_waiting(p);
	p->serve.peers_waiting = waiting != NULL;
	if (!waiting)
		return;
	urgent = protocol_now_ms(p) - waiting->serve.waiting_since_ms >= WAITING_MAX_MS;
	if (total_queued(p) >= SERVE_TOTAL_MAX)
		make_room(p, urgent ? UINT64_MAX : SLOW_RATE);
	p->wake |= WAKE_WORK;
}
