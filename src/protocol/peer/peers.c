#include "protocol/peer/peers_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"

#define REASON_CHARS 400

/* Warnings about peers that break the rules: at most 30 a minute. */
#define RULE_LOG_LINES     30
#define RULE_LOG_PERIOD_MS 60000

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

bool peer_outbound(const struct peer *peer)
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

const char *peer_name(const struct peer *peer, char out[PEER_NAME_CHARS])
{
	char addr[NET_ADDR_CHARS + 1];

	net_addr_format(addr, &peer->info.peer);
	snprintf(out, PEER_NAME_CHARS, "%" PRIu32 " %s", peer->info.id, addr);
	return out;
}

struct peer *peer_open(struct protocol *p, const struct conn_info *info)
{
	struct peer *peer = NEW(struct peer);

	peer->info = *info;
	peer->opened_ms = peer->last_recv_ms = protocol_now_ms(p);
	peer->opened_order = ++p->order;
	peer->connected = protocol_now_unix(p);
	for (size_t i = 0; i < p->n_parts; i++)
		if (p->parts[i].init)
			p->parts[i].init(p, peer);
	list_add(&p->peers, &peer->link);
	*(struct peer **)map_put(&p->by_id, &info->id, NULL) = peer;
	p->wake |= WAKE_PEERS;
	return peer;
}

void peer_ready(struct protocol *p, struct peer *peer)
{
	for (size_t i = 0; i < p->n_parts && !peer->closing; i++)
		if (p->parts[i].ready && part_is_due(p, &p->parts[i]))
			p->parts[i].ready(p, peer);
}

static void release(struct protocol *p, struct peer *peer)
{
	for (size_t i = 0; i < p->n_parts; i++)
		if (p->parts[i].gone)
			p->parts[i].gone(p, peer);
}

static bool may_log_rule_break(struct protocol *p)
{
	struct rule_log *log = &p->rule_log;
	int64_t now = protocol_now_ms(p);

	if (now - log->since_ms >= RULE_LOG_PERIOD_MS) {
		if (log->n > RULE_LOG_LINES)
			log_warn(LOG_PEER, "%u more peers broke the rules",
				 log->n - RULE_LOG_LINES);
		log->since_ms = now;
		log->n = 0;
	}
	return log->n++ < RULE_LOG_LINES;
}

void peer_close(struct protocol *p, struct peer *peer, enum close_kind kind, const char *fmt, ...)
{
	char name[PEER_NAME_CHARS], raw[REASON_CHARS], reason[REASON_CHARS];
	va_list ap;

	if (peer->closing)
		return;
	peer->closing = true;
	va_start(ap, fmt);
	vsnprintf(raw, sizeof(raw), fmt, ap);
	va_end(ap);
	utf8_sanitise(reason, sizeof(reason), raw, strlen(raw));
	if (kind == CLOSE_DISCOURAGE && may_log_rule_break(p))
		log_warn(LOG_PEER, "peer %s broke the rules: %s", peer_name(peer, name), reason);
	p->net.close(p->net.ctx, peer->info.id, kind, reason);
	release(p, peer);
	p->wake |= WAKE_PEERS;
}

static void call_lost_hooks(struct protocol *p, struct peer *peer)
{
	for (size_t i = 0; i < p->n_parts; i++)
		if (p->parts[i].lost)
			p->parts[i].lost(p, peer);
}

void peer_gone(struct protocol *p, struct peer *peer, const char *reason)
{
	char name[PEER_NAME_CHARS];

	/* Connections that never sent a version must not fill the log. */
	log_line(LOG_PEER, peer_outbound(peer) || peer->version ? LOG_INFO : LOG_DEBUG,
		 "peer %s disconnected: %s", peer_name(peer, name), reason ? reason : "");
	if (!peer->closing)
		call_lost_hooks(p, peer);
	peer->closing = true;
	release(p, peer);
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
	/* Timeouts start again: its answers could not be read during the pause. */
	if (!peer->paused) {
		peer->last_recv_ms = protocol_now_ms(p);
		peer->sync.progress_ms = peer->sync.requested_ms = protocol_now_ms(p);
	}
}
