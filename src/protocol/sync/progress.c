#include "protocol/sync/progress_priv.h"

#include <string.h>

#include <tally/base/checked.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/sync/sync_state_priv.h"

#define CLAIM_TRUSTED_SECONDS 10

void progress_tick(struct protocol *p)
{
	struct sync_rate *r = &p->rate;

	r->connected[r->n % RATE_SAMPLES] = p->sync.blocks_connected;
	r->at_ms[r->n % RATE_SAMPLES] = protocol_now_ms(p);
	r->n++;
}

/* Blocks connected a second, since the oldest sample. */
static double blocks_per_s(const struct protocol *p)
{
	const struct sync_rate *r = &p->rate;
	unsigned oldest = r->n < RATE_SAMPLES ? 0 : r->n % RATE_SAMPLES;
	uint64_t n = p->sync.blocks_connected - r->connected[oldest];
	int64_t took;

	if (r->n == 0)
		return 0;
	took = protocol_now_ms(p) - r->at_ms[oldest];
	return took > 0 ? (double)n * 1000.0 / (double)took : 0;
}

/* The height that a peer claims counts only while the peer really sends headers or blocks, or for
 * the first seconds after we have dialled it. A liar could otherwise move the target out of reach;
 * an inbound liar could do it again with each connection. */
static uint32_t claimed_height(const struct protocol *p, const struct peer *peer)
{
	const struct peer_sync *s = &peer->sync;
	bool has_more = s->request_pending || s->more_available || s->announced.len > 0;
	bool trusted = p->sync.headers_peer == peer->info.id ||
		       sync_recent(p, peer->last_block_ms) ||
		       (peer_outbound(peer) &&
			protocol_now_unix(p) - peer->connected < CLAIM_TRUSTED_SECONDS);

	return has_more && trusted ? (uint32_t)MAX(peer->start_height, 0) : 0;
}

static void add_peer(const struct protocol *p, const struct peer *peer, struct sync_info *out)
{
	out->target = MAX(out->target, claimed_height(p, peer));
	if (!protocol_has_chain(p))
		out->target = MAX(out->target, peer->sync.best_height);
	if (peer->sync.n_requests == 0)
		return;
	if (out->n_senders < SYNC_SENDERS_MAX)
		out->senders[out->n_senders] = peer->info.id;
	out->n_senders++;
}

void protocol_sync_info(const struct protocol *p, struct sync_info *out)
{
	memset(out, 0, sizeof(*out));
	out->eta_s = -1;
	out->in_flight = (uint32_t)map_len(&p->sync.requests);
	out->headers_from = p->sync.headers_peer;
	if (protocol_has_chain(p)) {
		out->from = p->sync.start_height;
		out->height = chain_height(p->o.chain);
		out->headers = MAX(out->height, chain_best_header(p->o.chain).height);
		out->target = out->headers;
	}
	for (const struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		add_peer(p, peer, out);
	if (!protocol_has_chain(p))
		return;
	out->downloading = p->sync.catching_up || sync_recent(p, p->sync.many_headers_ms);
	out->active = p->sync.catching_up || out->in_flight > 0 || p->sync.headers_peer != 0;
	out->blocks_per_s = blocks_per_s(p);
	if (out->active && out->blocks_per_s > 0)
		out->eta_s = (int64_t)((double)(out->target - out->height) / out->blocks_per_s);
}
