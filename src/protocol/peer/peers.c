/* The peers there are. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#include "protocol/protocol_priv.h"

#define REASON_CHARS    400
#define BLAME_LINES     30 /* in the log, in */
#define BLAME_PERIOD_MS 60000

#define INBOUND_VOTES_LEAST 3

struct peer *peer_find(const struct protocol *p, conn_id id)
{
	struct peer *const *at = map_get(&p->by_id, &id);

	return at ? *at : NULL;
}

struct peer *peer_next(const struct protocol *p, const struct peer *after)
{
	const struct list *it = after ? after->link.next : p->peers.next;

	for (; it != &p->peers; it = it->next) {
		struct peer *peer = list_entry(it, struct peer, link);

		if (peer_live(peer))
			return peer;
	}
	return NULL;
}

bool peer_live(const struct peer *peer)
{
	return peer->handshaken && !peer->closing;
}

bool peer_dialled(const struct peer *peer)
{
	return peer->info.kind != CONN_INBOUND;
}

bool peer_same_ip(const struct peer *a, const struct peer *b)
{
	return memcmp(a->info.peer.ip, b->info.peer.ip, sizeof(a->info.peer.ip)) == 0;
}

bool peer_near(const struct peer *peer)
{
	enum net_scope s = net_addr_scope(&peer->info.peer);

	return s == NET_LOOPBACK || s == NET_PRIVATE;
}

const char *peer_name(const struct peer *peer, char out[NET_ADDR_CHARS + 16])
{
	char addr[NET_ADDR_CHARS + 1];

	net_addr_format(addr, &peer->info.peer);
	snprintf(out, NET_ADDR_CHARS + 16, "%" PRIu32 " %s", peer->info.id, addr);
	return out;
}

struct peer *peer_open(struct protocol *p, const struct conn_info *info)
{
	struct peer *peer = NEW(struct peer);

	peer->info = *info;
	peer->opened_ms = peer->last_recv_ms = now_ms(p);
	peer->opened_order = ++p->order;
	peer->connected = now_unix(p);
	peer->ping_us = peer->min_ping_us = -1;
	sync_peer_init(peer);
	relay_peer_init(p, peer);
	addrs_peer_init(p, peer);
	list_add(&p->peers, &peer->link);
	*(struct peer **)map_put(&p->by_id, &info->id, NULL) = peer;
	p->wake |= WAKE_PEERS;
	return peer;
}

void peer_gave_block(const struct protocol *p, struct peer *peer, bool requested)
{
	if (!sync_lately(p, peer->last_block_ms))
		peer->run = 0;
	peer->run += requested;
	peer->last_block_ms = now_ms(p);
	peer->last_block = now_unix(p);
}

void peer_gave_tx(const struct protocol *p, struct peer *peer)
{
	peer->last_tx_ms = now_ms(p);
	peer->last_tx = now_unix(p);
}

/* What the peer held up is free for others. */
static void peer_release(struct protocol *p, struct peer *peer)
{
	sync_peer_gone(p, peer);
	txs_peer_gone(p, peer);
	join_peer_gone(p, peer);
	serve_peer_gone(peer);
	relay_peer_gone(peer);
	addrs_peer_gone(peer);
}

/* Whoever comes again and again to break the rules must not fill the log. */
static bool may_blame(struct protocol *p)
{
	int64_t now = now_ms(p);

	if (now - p->blame_since_ms >= BLAME_PERIOD_MS) {
		if (p->blamed > BLAME_LINES)
			log_warn(LOG_PEER, "%u more peers broke the rules",
				 p->blamed - BLAME_LINES);
		p->blame_since_ms = now;
		p->blamed = 0;
	}
	return p->blamed++ < BLAME_LINES;
}

void peer_close(struct protocol *p, struct peer *peer, enum close_kind kind, const char *fmt, ...)
{
	char name[NET_ADDR_CHARS + 16], raw[REASON_CHARS], reason[REASON_CHARS];
	va_list ap;

	if (peer->closing)
		return;
	peer->closing = true;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	utf8_sanitise(reason, sizeof(reason), raw, strlen(raw));
	if (kind == CLOSE_DISCOURAGE && may_blame(p))
		log_warn(LOG_PEER, "peer %s broke the rules: %s", peer_name(peer, name), reason);
	p->net.close(p->net.ctx, peer->info.id, kind, reason);
	peer_release(p, peer);
	p->wake |= WAKE_PEERS;
}

void peer_gone(struct protocol *p, struct peer *peer, const char *reason)
{
	char name[NET_ADDR_CHARS + 16];

	log_line(LOG_PEER, peer_dialled(peer) || peer->version ? LOG_INFO : LOG_DEBUG,
		 "peer %s gone: %s", peer_name(peer, name), reason ? reason : "");
	handshake_peer_lost(p, peer);
	peer->closing = true;
	peer_release(p, peer);
	if (p->o.mempool)
		mempool_forget_origin(p->o.mempool, peer->info.id);
	list_del(&peer->link);
	map_del(&p->by_id, &peer->info.id);
	free(peer);
	p->wake |= WAKE_PEERS;
}

void peer_pause(struct protocol *p, struct peer *peer, unsigned why, bool paused)
{
	unsigned before = peer->paused;

	peer->paused = paused ? before | why : before & ~why;
	if (!before == !peer->paused || peer->closing)
		return;
	p->net.pause(p->net.ctx, peer->info.id, peer->paused != 0);
	/* The time it couldn't be heard is not held against it. */
	if (!peer->paused) {
		peer->last_recv_ms = now_ms(p);
		peer->sync.progress_ms = peer->sync.asked_ms = now_ms(p);
	}
}

static void fill_blocks(const struct protocol *p, const struct peer *peer, struct peer_info *out)
{
	const struct peer_sync *s = &peer->sync;
	struct chain_entry en;

	out->synced_headers = out->synced_blocks = -1;
	out->best_height = s->best_height;
	if (has_chain(p) && chain_entry_at(p->o.chain, s->best, &en)) {
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
	out->listens = peer->listens;
	text_append(out->agent, sizeof(out->agent), "%s", peer->agent);
	out->version = peer->version;
	out->services = peer->services;
	out->start_height = peer->start_height;
	fill_blocks(p, peer, out);
	out->handshaken = peer->handshaken;
	out->syncing = peer->sync.n_requests > 0 || peer->sync.want.len > 0 ||
		       p->headers_from == peer->info.id;
	out->connected = peer->connected;
	out->last_send = peer->last_send;
	out->last_recv = peer->last_recv;
	out->last_block = peer->last_block;
	out->last_tx = peer->last_tx;
	out->ping_us = peer->ping_us;
	out->min_ping_us = peer->min_ping_us;
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

void protocol_drop_peer(struct protocol *p, conn_id id, const char *reason)
{
	struct peer *peer = peer_find(p, id);

	enter(p);
	if (peer)
		peer_close(p, peer, CLOSE_PLAIN, "%s", reason);
	leave(p);
}

static int compare_offsets(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

static bool same_ip_before(const struct protocol *p, const struct peer *peer)
{
	for (struct peer *o = peer_next(p, NULL); o != peer; o = peer_next(p, o))
		if (!peer_dialled(o) && peer_same_ip(o, peer))
			return true;
	return false;
}

/* Whom we dialled votes. Of those that came there is one vote an address, and not before there are three: else one
 * that comes again and again could tell us any time. */
bool protocol_clock_offset(const struct protocol *p, int64_t *offset)
{
	int64_t *all = mem_array(map_len(&p->by_id) + 1, sizeof(*all));
	size_t n = 0, dialled;

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer_dialled(peer))
			all[n++] = peer->clock_offset;
	dialled = n;
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (!peer_dialled(peer) && !same_ip_before(p, peer))
			all[n++] = peer->clock_offset;
	if (n - dialled < INBOUND_VOTES_LEAST)
		n = dialled;
	if (n > 0) {
		qsort(all, n, sizeof(*all), compare_offsets);
		/* Of two the nearer to ours: one odd clock can't move it alone. */
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
