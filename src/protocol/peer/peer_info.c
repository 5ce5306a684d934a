/* What protocol.h reports about peers. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/peer/peers_priv.h"
#include "protocol/sync/block_requests_priv.h"

/* Inbound peers vote on the clock offset only if they have at least this number of different
 * addresses. */
#define INBOUND_VOTES_MIN 3

static void fill_blocks(const struct protocol *p, const struct peer *peer, struct peer_info *out)
{
	const struct peer_sync *s = &peer->sync;
	struct chain_entry en;

	out->synced_headers = out->synced_blocks = -1;
	out->best_height = s->best_height;
	if (protocol_has_chain(p) && chain_entry_at(p->o.chain, s->best, &en)) {
		out->best = en.hash;
		out->synced_headers = (int32_t)en.height;
		if (chain_entry_at(p->o.chain,
				   chain_fork(p->o.chain, en.index, chain_tip(p->o.chain).index),
				   &en))
			out->synced_blocks = (int32_t)en.height;
	}
	list_each (it, &s->requests) {
		const struct block_request *r = list_entry(it, struct block_request, link);

		if (out->in_flight < PEER_IN_FLIGHT_MAX && chain_find(p->o.chain, &r->hash, &en))
			out->in_flight_heights[out->in_flight] = en.height;
		out->in_flight++;
	}
}

static void fill_info(const struct protocol *p, const struct peer *peer, struct peer_info *out)
{
	memset(out, 0, sizeof(*out));
	out->id = peer->info.id;
	out->kind = peer->info.kind;
	out->addr = peer->info.peer;
	out->local = peer->info.local;
	out->listens = peer->listen_addr;
	text_append(out->agent, sizeof(out->agent), "%s", peer->agent);
	out->version = peer->version;
	out->services = peer->services;
	out->start_height = peer->start_height;
	fill_blocks(p, peer, out);
	out->handshaken = peer->handshaken;
	out->syncing = peer->sync.n_requests > 0 || peer->sync.announced.len > 0 ||
		       p->sync.headers_peer == peer->info.id;
	out->connected = peer->connected;
	out->last_send = peer->last_send;
	out->last_recv = peer->last_recv;
	out->last_block = peer->last_block;
	out->last_tx = peer->last_tx;
	out->ping_us = peer->ping.last_us;
	out->min_ping_us = peer->ping.min_us;
	out->clock_offset = peer->clock_offset;
	out->msgs_in = peer->msgs_in;
	out->msgs_out = peer->msgs_out;
	out->bytes_in = peer->bytes_in;
	out->bytes_out = peer->bytes_out;
	for (size_t i = 0; i < ARRAY_LEN(peer->per_second); i++)
		out->msgs_per_10s += peer->per_second[i];
	out->relay = peer->relay.wants_txs;
	out->prefers_headers = peer->relay.prefers_headers;
}

size_t protocol_peers(const struct protocol *p, struct peer_info *out, size_t max)
{
	size_t n = 0;

	list_each (it, &p->peers) {
		if (n < max)
			fill_info(p, list_entry(it, struct peer, link), &out[n]);
		n++;
	}
	return n;
}

bool protocol_peer(const struct protocol *p, conn_id id, struct peer_info *out)
{
	const struct peer *peer = peer_find(p, id);

	if (peer)
		fill_info(p, peer, out);
	return peer != NULL;
}

static int compare_offsets(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* An inbound peer before this one in the list has the same address. */
static bool same_ip_before(const struct protocol *p, const struct peer *peer)
{
	for (struct peer *o = peer_next(p, NULL); o != peer; o = peer_next(p, o))
		if (!peer_outbound(o) && peer_same_ip(o, peer))
			return true;
	return false;
}

/* Collects one vote of every outbound peer, and one of every address with inbound peers if at least
 * INBOUND_VOTES_MIN addresses vote: otherwise one host, connecting again and again, could set our
 * offset. */
static size_t clock_votes(const struct protocol *p, int64_t *all)
{
	size_t n = 0, outbound;

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer_outbound(peer))
			all[n++] = peer->clock_offset;
	outbound = n;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (!peer_outbound(peer) && !same_ip_before(p, peer))
			all[n++] = peer->clock_offset;
	return n - outbound < INBOUND_VOTES_MIN ? outbound : n;
}

bool protocol_clock_offset(const struct protocol *p, int64_t *offset)
{
	int64_t *all = mem_array(map_len(&p->by_id) + 1, sizeof(*all));
	size_t n = clock_votes(p, all);

	if (n > 0) {
		qsort(all, n, sizeof(*all), compare_offsets);
		/* With an even number of votes, the median is the middle one that is nearer to our
		 * clock. So if there are two votes, one wrong clock has no effect. */
		*offset = n % 2 || llabs(all[n / 2]) < llabs(all[n / 2 - 1]) ? all[n / 2]
									     : all[n / 2 - 1];
	}
	free(all);
	return n > 0;
}

uint64_t protocol_unknown_count(const struct protocol *p)
{
	return p->unknown;
}
