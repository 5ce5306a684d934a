/* Fetching transactions: each is asked of one peer at a time; where it doesn't come, of the next that
 * announced it. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#include "protocol/protocol_priv.h"

#define PATIENCE_MS      60000
#define PATIENCE_NEAR_MS 2000 /* where the peer asked is on this machine or network */
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

static void ask(struct protocol *p, struct peer *peer, struct tx_request *r)
{
	r->asked = peer->info.id;
	r->asked_ms = now_ms(p);
	list_del(&r->link);
	list_add(peer_near(peer) ? &p->tx_hasty : &p->tx_patient, &r->link);
	peer->relay.in_flight++;
	put_inv_item(&p->list, INV_TX, &r->id.h);
}

/* It is no longer awaited from whom it was asked of. */
static void unask(struct protocol *p, struct tx_request *r)
{
	struct peer *peer = peer_find(p, r->asked);

	if (peer && peer->relay.in_flight > 0)
		peer->relay.in_flight--;
	r->asked = 0;
}

static void request_free(struct protocol *p, struct tx_request *r)
{
	unask(p, r);
	map_del(&p->tx_requests, &r->id);
	list_del(&r->link);
	free(r);
}

/* Whoever was asked won't send it: the next, or nobody. It may be here by now, from one who was slow. */
static void ask_next(struct protocol *p, struct tx_request *r)
{
	unask(p, r);
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

static bool is_dialled(const struct protocol *p, conn_id id)
{
	const struct peer *peer = peer_find(p, id);

	return peer && peer_dialled(peer);
}

/* Those that we dialled come first, and in the place of those that came by themselves: else whoever makes many
 * connections could keep a transaction back for long. Source: Bitcoin Core txrequest.h. */
static void add_candidate(struct protocol *p, struct tx_request *r, const struct peer *peer)
{
	unsigned at = r->n_others;

	if (r->asked == peer->info.id)
		return;
	for (unsigned i = 0; i < r->n_others; i++)
		if (r->others[i] == peer->info.id)
			return;
	for (unsigned i = 0; i < at && peer_dialled(peer); i++)
		if (!is_dialled(p, r->others[i]))
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
}

static void ask_one(struct protocol *p, struct peer *peer, const struct txid *id)
{
	struct tx_request *r = find(p, id);

	if (r) {
		add_candidate(p, r, peer);
		return;
	}
	r = NEW(struct tx_request);
	r->id = *id;
	list_init(&r->link);
	*(struct tx_request **)map_put(&p->tx_requests, id, NULL) = r;
	ask(p, peer, r);
}

void txs_refill(struct protocol *p, struct peer *peer)
{
	struct hash_queue *q = &peer->relay.todo;

	if (!peer_live(peer) || (peer->paused & PAUSE_MEMPOOL))
		return;
	while (q->len > 0 && peer->relay.in_flight < TX_IN_FLIGHT_MAX) {
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

		if (now_ms(p) - r->asked_ms < patience)
			return;
		ask_next(p, r);
	}
}

void txs_tick(struct protocol *p)
{
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
	if (r && r->asked == peer->info.id)
		request_free(p, r);
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
