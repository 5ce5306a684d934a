#include "protocol/sync/sync_state_priv.h"

#include <tally/base/checked.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/block_requests_priv.h"
#include "protocol/wire/msg_send_priv.h"

#define RECENT_MS       5000
#define FUTURE_LOG_MS   10000
#define MIN_WORK_BLOCKS 144 /* source: tally-protocol(7), CONDUCT */

void sync_state_init(struct sync_state *s)
{
	*s = (struct sync_state){.best_block_ms = LONG_AGO_MS,
				 .many_headers_ms = LONG_AGO_MS,
				 .future_logged_ms = LONG_AGO_MS};
	map_init(&s->requests, HASH_BYTES, sizeof(struct block_request *));
}

void sync_state_free(struct sync_state *s)
{
	map_clear(&s->requests);
}

bool sync_serves_blocks(const struct peer *peer)
{
	return peer->has_chain &&
	       ((peer->services & SERVICE_NETWORK) || peer->version < PROTOCOL_HEADERS_VERSION);
}

bool sync_pending(const struct protocol *p, const struct block_hash *hash)
{
	return map_get(&p->sync.requests, hash) || orphan_blocks_has(&p->orphans, hash) ||
	       chain_has_future(p->o.chain, hash);
}

bool sync_settled(const struct protocol *p, const struct block_hash *hash)
{
	struct chain_entry en;

	/* A block whose header is stored is not from the future any more. */
	if (chain_find(p->o.chain, hash, &en))
		return (en.status & (CHAIN_HAVE_BODY | CHAIN_ANY_FAILED)) ||
		       orphan_blocks_has(&p->orphans, hash);
	return orphan_blocks_has(&p->orphans, hash) || chain_has_future(p->o.chain, hash);
}

bool sync_needs(const struct protocol *p, const struct block_hash *hash)
{
	return !map_get(&p->sync.requests, hash) && !sync_settled(p, hash);
}

void sync_has_block(const struct protocol *p, struct peer *peer, const struct chain_entry *en)
{
	struct peer_sync *s = &peer->sync;

	if (s->best != CHAIN_NONE && u256_cmp(&en->work, &s->best_work) < 0)
		return;
	if (s->best != en->index)
		s->best_since_ms = protocol_now_ms(p);
	s->best = en->index;
	s->best_work = en->work;
	s->best_height = en->height;
	peer->relay.best_announced = en->index;
}

void sync_announced(struct protocol *p, struct peer *peer, const struct block_hash *hash)
{
	struct peer_sync *s = &peer->sync;
	struct chain_entry en;

	peer->has_chain = true;
	if (!chain_find(p->o.chain, hash, &en)) {
		s->last_unknown = *hash;
		return;
	}
	if (hash256_equal(&s->last_unknown.h, &hash->h))
		s->last_unknown = (struct block_hash){0};
	sync_has_block(p, peer, &en);
}

void sync_resolve_unknown(struct protocol *p, struct peer *peer)
{
	struct block_hash hash = peer->sync.last_unknown;

	if (!hash256_is_zero(&hash.h))
		sync_announced(p, peer, &hash);
}

void sync_request(struct protocol *p, struct peer *peer, enum msg_kind kind,
		  const struct sync_locator *l)
{
	struct block_hash locator[CHAIN_LOCATOR_MAX + 1];
	struct msg m = {.kind = kind};
	size_t n = 0;

	if (l->first)
		locator[n++] = *l->first;
	n += chain_locator(p->o.chain, l->from, locator + n);
	/* If it is too long it loses its last hash, genesis: a peer that knows none of the hashes
	 * answers from genesis anyway. */
	m.u.locator.n = MIN(n, CHAIN_LOCATOR_MAX);
	m.u.locator.version = PROTOCOL_VERSION;
	m.u.locator.hashes = locator[0].h.b;
	if (l->stop)
		m.u.locator.stop = *l->stop;
	peer->sync.request_pending = true;
	peer->sync.requested_ms = protocol_now_ms(p);
	peer->sync.accepted_at_request = p->sync.blocks_accepted;
	msg_send(p, peer, &m);
}

void sync_useful_block(const struct protocol *p, struct peer *peer, bool requested)
{
	if (!sync_recent(p, peer->last_block_ms))
		peer->useful_blocks = 0;
	peer->useful_blocks += requested;
	peer->last_block_ms = protocol_now_ms(p);
	peer->last_block = protocol_now_unix(p);
}

bool sync_sends_blocks(const struct protocol *p, const struct peer *peer)
{
	return peer->useful_blocks >= (p->sync.catching_up ? 1 : BEHIND_BLOCKS) &&
	       sync_recent(p, peer->last_block_ms);
}

bool sync_throttled(const struct protocol *p)
{
	return p->sync.pending_bytes > PENDING_BYTES_MAX / 2;
}

struct u256 sync_min_work(const struct protocol *p)
{
	struct chain_entry tip = chain_tip(p->o.chain);
	struct u256 each = work_of_bits(tip.bits), work = tip.work;

	for (unsigned i = 0; i < MIN_WORK_BLOCKS; i++)
		work = u256_sub(&work, &each);
	return work;
}

bool sync_recent(const struct protocol *p, int64_t ms)
{
	return protocol_now_ms(p) - ms < RECENT_MS;
}

size_t sync_headers_ahead(const struct protocol *p)
{
	struct chain_entry best = chain_best_header(p->o.chain), tip = chain_tip(p->o.chain), fork;

	if (u256_cmp(&best.work, &tip.work) > 0 &&
	    chain_entry_at(p->o.chain, chain_fork(p->o.chain, best.index, tip.index), &fork))
		return best.height - fork.height;
	return 0;
}

bool sync_may_log_future(struct protocol *p)
{
	if (protocol_now_ms(p) - p->sync.future_logged_ms < FUTURE_LOG_MS)
		return false;
	p->sync.future_logged_ms = protocol_now_ms(p);
	return true;
}

void sync_refill_later(struct protocol *p, struct peer *peer)
{
	peer->sync.refill = true;
	p->sync.refill_some = true;
}

void sync_refill_all_later(struct protocol *p)
{
	p->sync.refill_all = true;
}

void sync_update_later(struct protocol *p)
{
	p->sync.update = true;
}
