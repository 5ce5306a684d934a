/* How far the sync is, how fast it goes, who sends. */
#include <string.h>

#include <tally/base/checked.h>

#include "protocol/protocol_priv.h"

void sync_rate_tick(struct protocol *p)
{
	p->rate[p->rate_at % RATE_SAMPLES] = p->connected;
	p->rate_ms[p->rate_at % RATE_SAMPLES] = now_ms(p);
	p->rate_at++;
}

/* Blocks connected a second, over the last few ticks and what came since. */
static double rate(const struct protocol *p)
{
	unsigned oldest = p->rate_at < RATE_SAMPLES ? 0 : p->rate_at % RATE_SAMPLES;
	int64_t took;

	if (p->rate_at == 0)
		return 0;
	took = now_ms(p) - p->rate_ms[oldest];
	return took > 0 ? (double)(p->connected - p->rate[oldest]) * 1000.0 / (double)took : 0;
}

#define BELIEVED_S 10

/* What a peer says of itself counts only while it tells what it has and gives it, but for the first seconds after we
 * have dialled it: a liar would move the goal out of reach, and one that comes to us can come again and again. */
static uint32_t claimed(const struct protocol *p, const struct peer *peer)
{
	const struct peer_sync *s = &peer->sync;
	bool telling = s->asked || s->more || s->want.len > 0;
	bool gives = p->headers_from == peer->info.id || sync_lately(p, peer->last_block_ms) ||
		     (peer_dialled(peer) && now_unix(p) - peer->connected < BELIEVED_S);

	return telling && gives ? (uint32_t)MAX(peer->start_height, 0) : 0;
}

static void add_peer(const struct protocol *p, const struct peer *peer, struct sync_info *out)
{
	out->target = MAX(out->target, claimed(p, peer));
	if (!has_chain(p))
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
	out->in_flight = (uint32_t)map_len(&p->requests);
	out->headers_from = p->headers_from;
	if (has_chain(p)) {
		out->from = p->sync_from;
		out->height = chain_height(p->o.chain);
		out->headers = MAX(out->height, chain_best_header(p->o.chain).height);
		out->target = out->headers;
	}
	for (const struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		add_peer(p, peer, out);
	if (!has_chain(p))
		return;
	out->coming = p->catching_up || sync_lately(p, p->headers_ms);
	out->active = p->catching_up || out->in_flight > 0 || p->headers_from != 0;
	out->blocks_per_s = rate(p);
	if (out->active && out->blocks_per_s > 0)
		out->eta_s = (int64_t)((double)(out->target - out->height) / out->blocks_per_s);
}
