/* Fetching transactions: each is asked of one peer at a time; where it doesn't come, of the next that
 * announced it. What only those tell of that kept one back before is left to others for a second. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define PATIENCE_MS      60000
#define PATIENCE_NEAR_MS 2000 /* where the peer asked is on this machine or network */
#define WAIT_MS          1000
#define WAITING_MAX      1000 /* transactions that are left to others */
#define PARENTS_MAX      25   /* asked for, of one orphan */

static struct tx_request *find(const struct protocol *p, const struct txid *id)
{
	struct tx_request *const *at = map_get(&p->tx_requests, id);

	return at ? *at : NULL;
}

static bool is_wanted(const struct protocol *p, const struct txid *id)
{
	return !mempool_has(p->o.mempool, id) && !hash_memory_has(&p->rejected, &id->h) &&
	       !hash_memory_has(&p->confirmed, &id->h);
}

/* Nobody is asked for it now. */
static void unlist(struct protocol *p, struct tx_request *r)
{
	struct peer *peer = peer_find(p, r->asked);

	if (!list_empty(&r->link) && r->asked == 0)
		p->n_tx_waiting--;
	if (peer && peer->relay.in_flight > 0)
		peer->relay.in_flight--;
	list_del(&r->link);
	r->asked = 0;
}

static void ask(struct protocol *p, struct peer *peer, struct tx_request *r)
{
	unlist(p, r);
	r->asked = peer->info.id;
	r->asked_ms = now_ms(p);
	list_add(peer_near(peer) ? &p->tx_hasty : &p->tx_patient, &r->link);
	peer->relay.in_flight++;
	put_inv_item(&p->list, INV_TX, &r->id.h);
}

static void wait_for_others(struct protocol *p, struct tx_request *r)
{
	r->asked_ms = now_ms(p);
	list_add(&p->tx_waiting, &r->link);
	p->n_tx_waiting++;
}

static void request_free(struct protocol *p, struct tx_request *r)
{
	unlist(p, r);
	map_del(&p->tx_requests, &r->id);
	free(r);
}

/* Whoever was asked won't send it: the next, or nobody. It may be here by now, from one who was slow. */
static void ask_next(struct protocol *p, struct tx_request *r)
{
	unlist(p, r);
	while (r->n_others > 0 && is_wanted(p, &r->id)) {
		struct peer *peer = peer_find(p, r->others[0]);

		r->n_others--;
		memmove(r->others, r->others + 1, r->n_others * sizeof(r->others[0]));
		if (!peer || !peer_live(peer))
			continue;
		ask(p, peer, r);
		gate_send_list(p, peer, MSG_GETDATA);
		return;
	}
	request_free(p, r);
}

/* Those that we dialled come first, then those that gave us one before, last those that kept one back. */
static int rank(const struct peer *peer)
{
	if (!peer || peer->relay.kept_back)
		return 0;
	return peer_dialled(peer) ? 3 : peer->last_tx ? 2 : 1;
}

/* By rank, and in the place of those of the lowest: else whoever makes many connections could keep a transaction
 * back for long. Source: Bitcoin Core txrequest.h. */
static void add_candidate(struct protocol *p, struct tx_request *r, const struct peer *peer)
{
	unsigned at = r->n_others;

	if (r->asked == peer->info.id)
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

/* While catching up most of them are confirmed already, or can't be checked. */
void txs_announced(struct protocol *p, struct peer *peer, const struct txid *id)
{
	if (!p->o.mempool || p->catching_up)
		return;
	hash_memory_add(&peer->relay.known, &id->h);
	if (is_wanted(p, id))
		hash_queue_push(&peer->relay.todo, &id->h);
	else
		mempool_orphan_told(p->o.mempool, id, peer->info.id);
}

static void ask_one(struct protocol *p, struct peer *peer, const struct txid *id)
{
	struct tx_request *r = find(p, id);

	if (!r) {
		r = NEW(struct tx_request);
		r->id = *id;
		list_init(&r->link);
		*(struct tx_request **)map_put(&p->tx_requests, id, NULL) = r;
		if (peer->relay.kept_back)
			wait_for_others(p, r);
	}
	if (r->asked == 0 && !peer->relay.kept_back)
		ask(p, peer, r);
	else
		add_candidate(p, r, peer);
}

/* Is there room for what it tells of? */
static bool may_ask(const struct protocol *p, const struct peer *peer)
{
	return peer->relay.kept_back ? p->n_tx_waiting < WAITING_MAX
				     : peer->relay.in_flight < TX_IN_FLIGHT_MAX;
}

void txs_refill(struct protocol *p, struct peer *peer)
{
	struct hash_queue *q = &peer->relay.todo;

	if (!peer_live(peer) || (peer->paused & PAUSE_MEMPOOL))
		return;
	while (q->len > 0 && may_ask(p, peer)) {
		const struct hash256 *h = hash_queue_at(q, 0);
		struct txid id;

		if (h)
			id.h = *h;
		hash_queue_pop(q);
		if (h && is_wanted(p, &id))
			ask_one(p, peer, &id);
	}
	gate_send_list(p, peer, MSG_GETDATA);
}

void txs_notfound(struct protocol *p, struct peer *peer, const struct txid *id)
{
	struct tx_request *r = find(p, id);

	if (!r || r->asked != peer->info.id)
		return;
	ask_next(p, r);
	txs_refill(p, peer);
}

static void give_up(struct protocol *p, struct list *requests, int64_t patience)
{
	while (!list_empty(requests)) {
		struct tx_request *r = list_first(requests, struct tx_request, link);

		struct peer *peer = peer_find(p, r->asked);

		if (now_ms(p) - r->asked_ms < patience)
			return;
		if (peer)
			peer->relay.kept_back = true;
		ask_next(p, r);
	}
}

void txs_tick(struct protocol *p)
{
	give_up(p, &p->tx_waiting, WAIT_MS);
	give_up(p, &p->tx_hasty, PATIENCE_NEAR_MS);
	give_up(p, &p->tx_patient, PATIENCE_MS);
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer)) {
		if ((peer->paused & PAUSE_MEMPOOL) &&
		    !mempool_queue_full(p->o.mempool, peer->info.id))
			peer_pause(p, peer, PAUSE_MEMPOOL, false);
		txs_refill(p, peer);
	}
}

static void move_on(struct protocol *p, struct list *requests, conn_id id)
{
	list_each_safe (it, requests) {
		struct tx_request *r = list_entry(it, struct tx_request, link);

		if (r->asked == id)
			ask_next(p, r);
	}
}

/* Only a peer that was asked for something has requests to look through. ask_next puts what it asks again
 * at the end of a list, of somebody else: it is met once more and left alone. */
void txs_peer_gone(struct protocol *p, struct peer *peer)
{
	if (peer->relay.in_flight == 0)
		return;
	move_on(p, &p->tx_hasty, peer->info.id);
	move_on(p, &p->tx_patient, peer->info.id);
}

void txs_free(struct protocol *p)
{
	list_each_safe (it, &p->tx_waiting)
		request_free(p, list_entry(it, struct tx_request, link));
	list_each_safe (it, &p->tx_hasty)
		request_free(p, list_entry(it, struct tx_request, link));
	list_each_safe (it, &p->tx_patient)
		request_free(p, list_entry(it, struct tx_request, link));
}

void handle_tx(struct protocol *p, struct peer *peer, struct msg *m)
{
	struct tx *tx = m->u.tx;
	struct tx_request *r = find(p, &tx->id);

	if (!p->o.mempool)
		return;
	hash_memory_add(&peer->relay.known, &tx->id.h);
	if (r && r->asked == peer->info.id) {
		peer->relay.kept_back = false;
		request_free(p, r);
	}
	if (p->catching_up || !is_wanted(p, &tx->id)) {
		txs_refill(p, peer);
		return;
	}
	if (mempool_submit(p->o.mempool, tx, peer->info.id, NULL))
		p->wake |= WAKE_MEMPOOL;
	/* Its queue is bounded: it waits until some are checked. */
	if (mempool_queue_full(p->o.mempool, peer->info.id))
		peer_pause(p, peer, PAUSE_MEMPOOL, true);
	if (peer->relay.in_flight < TX_IN_FLIGHT_MAX / 2)
		txs_refill(p, peer);
}

/* Parents that are neither waiting nor among the coins; one that is spent already is answered by
 * notfound. */
static void ask_parents(struct protocol *p, struct peer *peer, const struct tx *tx)
{
	struct coin_view coins = chain_coins(p->o.chain);
	unsigned asked = 0;

	for (uint32_t i = 0; i < tx->n_in && asked < PARENTS_MAX; i++) {
		struct coin coin;

		if (!is_wanted(p, &tx->in[i].prev.txid) ||
		    coins.get(coins.ctx, &tx->in[i].prev, &coin, NULL))
			continue;
		hash_queue_push(&peer->relay.todo, &tx->in[i].prev.txid.h);
		asked++;
	}
	txs_refill(p, peer);
}

void protocol_tx_verdict(struct protocol *p, const struct tx *tx, uint64_t origin,
			 const struct err *err)
{
	struct peer *peer = origin && origin <= UINT32_MAX ? peer_find(p, (conn_id)origin) : NULL;

	enter(p);
	switch (err->cls) {
	case ERR_INVALID:
	case ERR_DECODE:
	case ERR_MUTATED:
		hash_memory_add(&p->rejected, &tx->id.h);
		if (peer)
			peer_close(p, peer, CLOSE_DISCOURAGE, "invalid transaction: %s: %s",
				   err->token, err->detail);
		break;
	case ERR_ORPHAN:
		if (peer)
			ask_parents(p, peer, tx);
		break;
	case ERR_POLICY:
	case ERR_FUTURE:
		hash_memory_add(&p->rejected, &tx->id.h);
		break;
	case ERR_NONE:
		if (peer)
			peer_gave_tx(p, peer);
		break;
	case ERR_USAGE:
	case ERR_KNOWN:
	case ERR_NOTFOUND:
	case ERR_BUSY:
	case ERR_FUNDS:
	case ERR_IO:
	case ERR_NOSPACE:
	case ERR_CORRUPT:
	case ERR_INTERNAL:
		break;
	}
	if (peer && (peer->paused & PAUSE_MEMPOOL) && !mempool_queue_full(p->o.mempool, origin))
		peer_pause(p, peer, PAUSE_MEMPOOL, false);
	leave(p);
}
