/* Requesting transactions. Each is requested from one peer at a time; if it doesn't arrive in time,
 * from the next peer that announced it. If the last request to a peer timed out, the next
 * transaction that it announces is deferred for a second, so that other peers can announce it and
 * get the request. Source: Bitcoin Core txrequest.h. */
#include "protocol/relay/tx_download_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/primitives/amount.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/wire/msg_describe_priv.h"
#include "protocol/wire/msg_send_priv.h"

#define TIMEOUT_REMOTE_MS 60000
#define TIMEOUT_NEARBY_MS 2000
#define DEFER_MS          1000
#define DEFERRED_MAX      1000
#define PARENTS_MAX       25 /* requested for one orphan transaction */

#define REJECTED_REMEMBERED  5000
#define CONFIRMED_REMEMBERED 10000

#define OUTPUTS_SHOWN 3

struct tx_request {
	struct list link; /* of tx_download.remote, nearby or deferred */
	struct txid id;
	conn_id from;     /* requested from this peer; 0: deferred */
	int64_t since_ms; /* of the request, or deferred since */
	unsigned n_others;
	conn_id others[TX_CANDIDATES]; /* they announced it, too; best first */
};

void tx_download_init(struct tx_download *d)
{
	map_init(&d->requests, HASH_BYTES, sizeof(struct tx_request *));
	list_init(&d->remote);
	list_init(&d->nearby);
	list_init(&d->deferred);
	hash_memory_init(&d->rejected, REJECTED_REMEMBERED);
	hash_memory_init(&d->confirmed, CONFIRMED_REMEMBERED);
}

static struct tx_request *tx_request_find(const struct protocol *p, const struct txid *id)
{
	struct tx_request *const *at = map_get(&p->txs.requests, id);

	return at ? *at : NULL;
}

static bool is_wanted(const struct protocol *p, const struct txid *id)
{
	return !mempool_has(p->o.mempool, id) && !hash_memory_has(&p->txs.rejected, &id->h) &&
	       !hash_memory_has(&p->txs.confirmed, &id->h);
}

/* Takes it out of its list: from now on it is neither requested nor deferred. */
static void unlist(struct protocol *p, struct tx_request *r)
{
	struct peer *peer = peer_find(p, r->from);

	if (!list_empty(&r->link) && r->from == 0)
		p->txs.n_deferred--;
	if (peer && peer->relay.in_flight > 0)
		peer->relay.in_flight--;
	list_del(&r->link);
	r->from = 0;
}

/* The caller sends getdata. */
static void request(struct protocol *p, struct peer *peer, struct tx_request *r)
{
	unlist(p, r);
	r->from = peer->info.id;
	r->since_ms = protocol_now_ms(p);
	list_add(peer_near(peer) ? &p->txs.nearby : &p->txs.remote, &r->link);
	peer->relay.in_flight++;
	put_inv_item(&p->list, INV_TX, &r->id.h);
}

static void defer(struct protocol *p, struct tx_request *r)
{
	r->since_ms = protocol_now_ms(p);
	list_add(&p->txs.deferred, &r->link);
	p->txs.n_deferred++;
}

static void tx_request_free(struct protocol *p, struct tx_request *r)
{
	unlist(p, r);
	map_del(&p->txs.requests, &r->id);
	free(r);
}

/* Requests it from the next candidate. Without one, or if the transaction arrived meanwhile from a
 * slow peer, the request ends. */
static void request_from_next(struct protocol *p, struct tx_request *r)
{
	unlist(p, r);
	while (r->n_others > 0 && is_wanted(p, &r->id)) {
		struct peer *peer = peer_find(p, r->others[0]);

		r->n_others--;
		memmove(r->others, r->others + 1, r->n_others * sizeof(r->others[0]));
		if (!peer || !peer_live(peer))
			continue;
		request(p, peer, r);
		msg_send_list(p, peer, MSG_GETDATA);
		return;
	}
	tx_request_free(p, r);
}

/* Order of candidates: outbound peers, peers that have sent a new transaction before, other peers,
 * and last those with a timeout. */
static int rank(const struct peer *peer)
{
	if (!peer || peer->relay.tx_timed_out)
		return 0;
	return peer_outbound(peer) ? 3 : peer->last_tx ? 2 : 1;
}

/* Adds the peer before candidates of lower rank. When all places are taken the last candidate is
 * dropped: otherwise an attacker with many inbound connections could take all places, and delay a
 * transaction by one timeout each. */
static void add_candidate(struct protocol *p, struct tx_request *r, const struct peer *peer)
{
	unsigned at = r->n_others;

	if (r->from == peer->info.id)
		return;
	for (unsigned i = 0; i < r->n_others; i++)
		if (r->others[i] == peer->info.id)
			return;
	for (unsigned i = 0; i < at; i++)
		if (rank(peer_find(p, r->others[i])) < rank(peer))
			at = i;
	if (at == TX_CANDIDATES)
		return;
	if (r->n_others < TX_CANDIDATES)
		r->n_others++;
	memmove(r->others + at + 1, r->others + at, (r->n_others - 1 - at) * sizeof(r->others[0]));
	r->others[at] = peer->info.id;
}

void tx_download_announced(struct protocol *p, struct peer *peer, const struct txid *id)
{
	/* While catching up, most announced transactions spend coins that are not known yet. */
	if (!p->o.mempool || p->sync.catching_up)
		return;
	hash_memory_add(&peer->relay.known_txs, &id->h);
	if (is_wanted(p, id))
		hash_queue_push(&peer->relay.announced_txs, &id->h);
	else
		mempool_orphan_announced(p->o.mempool, id, peer->info.id);
}

static void request_one(struct protocol *p, struct peer *peer, const struct txid *id)
{
	struct tx_request *r = tx_request_find(p, id);

	if (!r) {
		r = NEW(struct tx_request);
		r->id = *id;
		list_init(&r->link);
		*(struct tx_request **)map_put(&p->txs.requests, id, NULL) = r;
		if (peer->relay.tx_timed_out)
			defer(p, r);
	}
	if (r->from == 0 && !peer->relay.tx_timed_out)
		request(p, peer, r);
	else
		add_candidate(p, r, peer);
}

/* There is room for one more request, or for one more deferred transaction. */
static bool may_request(const struct protocol *p, const struct peer *peer)
{
	return peer->relay.tx_timed_out ? p->txs.n_deferred < DEFERRED_MAX
					: peer->relay.in_flight < TX_IN_FLIGHT_MAX;
}

void tx_download_refill(struct protocol *p, struct peer *peer)
{
	struct hash_queue *q = &peer->relay.announced_txs;

	if (!peer_live(peer) || (peer->paused & PAUSE_MEMPOOL))
		return;
	while (q->len > 0 && may_request(p, peer)) {
		const struct hash256 *h = hash_queue_at(q, 0);
		struct txid id;

		if (h)
			id.h = *h;
		hash_queue_pop(q);
		if (h && is_wanted(p, &id))
			request_one(p, peer, &id);
	}
	msg_send_list(p, peer, MSG_GETDATA);
}

void tx_download_notfound(struct protocol *p, struct peer *peer, const struct txid *id)
{
	struct tx_request *r = tx_request_find(p, id);

	if (!r || r->from != peer->info.id)
		return;
	request_from_next(p, r);
	tx_download_refill(p, peer);
}

static void tx_requests_time_out(struct protocol *p, struct list *requests, int64_t timeout_ms)
{
	while (!list_empty(requests)) {
		struct tx_request *r = list_first(requests, struct tx_request, link);
		struct peer *peer = peer_find(p, r->from);

		if (protocol_now_ms(p) - r->since_ms < timeout_ms)
			return;
		if (peer)
			peer->relay.tx_timed_out = true;
		request_from_next(p, r);
	}
}

void tx_download_tick(struct protocol *p)
{
	tx_requests_time_out(p, &p->txs.deferred, DEFER_MS);
	tx_requests_time_out(p, &p->txs.nearby, TIMEOUT_NEARBY_MS);
	tx_requests_time_out(p, &p->txs.remote, TIMEOUT_REMOTE_MS);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		if ((peer->paused & PAUSE_MEMPOOL) &&
		    !mempool_queue_full(p->o.mempool, peer->info.id))
			peer_pause(p, peer, PAUSE_MEMPOOL, false);
		tx_download_refill(p, peer);
	}
}

/* request_from_next adds the request to the end of a list, under another peer: the loop meets it
 * again and skips it. */
static void move_requests(struct protocol *p, struct list *requests, conn_id id)
{
	list_each_safe (it, requests) {
		struct tx_request *r = list_entry(it, struct tx_request, link);

		if (r->from == id)
			request_from_next(p, r);
	}
}

void tx_download_peer_gone(struct protocol *p, struct peer *peer)
{
	if (peer->relay.in_flight == 0)
		return;
	move_requests(p, &p->txs.nearby, peer->info.id);
	move_requests(p, &p->txs.remote, peer->info.id);
}

void tx_download_free(struct protocol *p)
{
	list_each_safe (it, &p->txs.deferred)
		tx_request_free(p, list_entry(it, struct tx_request, link));
	list_each_safe (it, &p->txs.nearby)
		tx_request_free(p, list_entry(it, struct tx_request, link));
	list_each_safe (it, &p->txs.remote)
		tx_request_free(p, list_entry(it, struct tx_request, link));
	hash_memory_clear(&p->txs.confirmed);
	hash_memory_clear(&p->txs.rejected);
	map_clear(&p->txs.requests);
}

void tx_download_block_connected(struct protocol *p, const struct block *b)
{
	if (p->sync.catching_up)
		return;
	for (uint32_t i = 1; i < b->n_tx; i++)
		hash_memory_add(&p->txs.confirmed, &b->tx[i].id.h);
}

void tx_download_block_disconnected(struct protocol *p)
{
	hash_memory_clear(&p->txs.confirmed);
}

void tx_download_tip_changed(struct protocol *p)
{
	hash_memory_clear(&p->txs.rejected);
}

/* --- the mempool's verdict ---------------------------------------------------------- */

/* Requests the parents of an orphan transaction that are neither in the mempool nor among the
 * coins. The peer answers notfound for a parent that is confirmed and spent. */
static void request_parents(struct protocol *p, struct peer *peer, const struct tx *tx)
{
	struct coin_view coins = chain_coins(p->o.chain);
	unsigned n = 0;

	for (uint32_t i = 0; i < tx->n_in && n < PARENTS_MAX; i++) {
		struct coin coin;

		if (!is_wanted(p, &tx->in[i].prev.txid) ||
		    coins.get(coins.ctx, &tx->in[i].prev, &coin, NULL))
			continue;
		hash_queue_push(&peer->relay.announced_txs, &tx->in[i].prev.txid.h);
		n++;
	}
	tx_download_refill(p, peer);
}

static void useful_tx(struct protocol *p, struct peer *peer)
{
	peer->last_tx_ms = protocol_now_ms(p);
	peer->last_tx = protocol_now_unix(p);
}

/* peer: the sender; NULL: it has gone, or the transaction is our own. */
static void apply_verdict(struct protocol *p, struct peer *peer, const struct tx *tx,
			  const struct err *err)
{
	switch (err->cls) {
	case ERR_INVALID:
	case ERR_DECODE:
	case ERR_MUTATED:
		hash_memory_add(&p->txs.rejected, &tx->id.h);
		if (peer)
			peer_close(p, peer, CLOSE_DISCOURAGE, "invalid transaction: %s: %s",
				   err->token, err->detail);
		break;
	case ERR_ORPHAN:
		if (peer)
			request_parents(p, peer, tx);
		break;
	case ERR_POLICY:
	case ERR_FUTURE:
		hash_memory_add(&p->txs.rejected, &tx->id.h);
		break;
	case ERR_NONE:
		if (peer)
			useful_tx(p, peer);
		break;
	case ERR_USAGE:
	case ERR_KNOWN:
	case ERR_NOTFOUND:
	case ERR_BUSY:
	case ERR_FUNDS:
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_LIMIT:
	case ERR_PERMISSION:
	case ERR_CORRUPT:
	case ERR_INTERNAL:
		break;
	}
}

void protocol_tx_verdict(struct protocol *p, const struct tx *tx, uint64_t origin,
			 const struct err *err)
{
	struct peer *peer = origin && origin <= UINT32_MAX ? peer_find(p, (conn_id)origin) : NULL;

	protocol_enter(p);
	apply_verdict(p, peer, tx, err);
	if (peer && (peer->paused & PAUSE_MEMPOOL) && !mempool_queue_full(p->o.mempool, origin))
		peer_pause(p, peer, PAUSE_MEMPOOL, false);
	protocol_leave(p);
}

/* --- the message tx ------------------------------------------------------------------- */

static bool decode_tx(struct msg *m, const struct msg_type *type, struct span payload,
		      struct err *e)
{
	return tx_decode(&m->u.tx, payload.p, payload.len, e) || err_prefix(e, "%s", type->name);
}

static void clear_tx(struct msg *m)
{
	tx_unref(m->u.tx);
	m->u.tx = NULL;
}

static struct span raw_tx(const struct msg *m)
{
	return m->u.tx->raw;
}

/* Up to OUTPUTS_SHOWN amounts are listed, because a sum would hide which is the payment and which
 * the change. */
static void describe_outputs(const struct tx *tx, struct msg_record *rec)
{
	const size_t size = sizeof(rec->summary);
	char amount[AMOUNT_CHARS + 1];
	int64_t sum = 0;
	bool fits = true;

	if (tx->n_out <= OUTPUTS_SHOWN) {
		for (uint32_t i = 0; i < tx->n_out; i++) {
			amount_format(amount, tx->out[i].value);
			text_append(rec->summary, size, "%s%s", i ? "+" : " ", amount);
		}
		return;
	}
	for (uint32_t i = 0; i < tx->n_out; i++)
		fits = amount_add(&sum, tx->out[i].value) && fits;
	amount_format(amount, sum);
	text_append(rec->summary, size, " %s", fits ? amount : "?");
}

static void describe_tx(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	const struct tx *tx = m->u.tx;

	(void)p;
	describe_hash(rec, "", &tx->id.h);
	text_append(rec->summary, sizeof(rec->summary), " %" PRIu32 "in %" PRIu32 "out", tx->n_in,
		    tx->n_out);
	describe_outputs(tx, rec);
	text_append(rec->summary, sizeof(rec->summary), " coins");
	rec->about = tx->id.h;
}

static void handle_tx(struct protocol *p, struct peer *peer, const struct msg *m)
{
	struct tx *tx = m->u.tx;
	struct tx_request *r = tx_request_find(p, &tx->id);

	if (!p->o.mempool)
		return;
	hash_memory_add(&peer->relay.known_txs, &tx->id.h);
	if (r && r->from == peer->info.id) {
		peer->relay.tx_timed_out = false;
		tx_request_free(p, r);
	}
	if (p->sync.catching_up || !is_wanted(p, &tx->id)) {
		tx_download_refill(p, peer);
		return;
	}
	if (mempool_submit(p->o.mempool, tx, peer->info.id, NULL))
		p->wake |= WAKE_MEMPOOL;
	/* The queue of transactions to verify is bounded for each peer: it is not read from while
	 * its queue is full. */
	if (mempool_queue_full(p->o.mempool, peer->info.id))
		peer_pause(p, peer, PAUSE_MEMPOOL, true);
	if (peer->relay.in_flight < TX_IN_FLIGHT_MAX / 2)
		tx_download_refill(p, peer);
}

const struct msg_type msg_type_tx = {
	.name = "tx",
	.directions = DIR_IN | DIR_OUT,
	.decode = decode_tx,
	.clear = clear_tx,
	.raw = raw_tx,
	.describe = describe_tx,
	.handle = handle_tx,
	.meaning_in = "the peer sends a transaction: we verify it and keep it for a block",
	.meaning_out = "we send a transaction that the peer requested",
};
