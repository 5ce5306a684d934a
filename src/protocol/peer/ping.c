#include "protocol/peer/ping_priv.h"

#include <inttypes.h>

#include <tally/base/checked.h>
#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/wire/msg_send_priv.h"

#define PING_INTERVAL_MS (2 * 60 * 1000)
#define SILENCE_MAX_MS   (20 * 60 * 1000)

void ping_peer_init(struct protocol *p, struct peer *peer)
{
	(void)p;
	peer->ping.last_us = peer->ping.min_us = -1;
}

void ping_peer_ready(struct protocol *p, struct peer *peer)
{
	struct msg m = {.kind = MSG_PING};

	peer->ping.next_ms = protocol_now_ms(p) + PING_INTERVAL_MS;
	if (peer->version < VERSION_PING_NONCE)
		return;
	do
		m.u.nonce = rng_u64(p->o.rng);
	while (m.u.nonce == 0);
	peer->ping.nonce = m.u.nonce;
	peer->ping.sent_us = clock_mono_us(p->o.clock);
	msg_send(p, peer, &m);
}

static void ping_tick_peer(struct protocol *p, struct peer *peer)
{
	int64_t now = protocol_now_ms(p);

	if (peer->ping.ponged && !peer->paused && now - peer->last_recv_ms >= SILENCE_MAX_MS) {
		peer_close(p, peer, CLOSE_PLAIN, "silent for 20 minutes");
		return;
	}
	if (now >= peer->ping.next_ms)
		ping_peer_ready(p, peer);
}

void ping_tick(struct protocol *p)
{
	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		ping_tick_peer(p, peer);
}

static bool decode_nonce(struct msg *m, const struct msg_type *type, struct span payload,
			 struct err *e)
{
	struct reader r;

	reader_init(&r, payload.p, payload.len);
	m->u.nonce = get_le64(&r);
	return reader_done(&r) || msg_malformed(e, type->name, "nonce");
}

static void encode_nonce(struct writer *w, const struct msg *m, const struct msg_type *type)
{
	(void)type;
	put_le64(w, m->u.nonce);
}

static void describe_nonce(const struct protocol *p, const struct msg *m, struct msg_record *rec)
{
	(void)p;
	text_append(rec->summary, sizeof(rec->summary), "%016" PRIx64, m->u.nonce);
}

static void handle_ping(struct protocol *p, struct peer *peer, const struct msg *m)
{
	struct msg pong = {.kind = MSG_PONG};

	pong.u.nonce = m->u.nonce;
	msg_send(p, peer, &pong);
}

static void handle_pong(struct protocol *p, struct peer *peer, const struct msg *m)
{
	struct peer_ping *ping = &peer->ping;

	if (!ping->nonce || m->u.nonce != ping->nonce)
		return;
	ping->nonce = 0;
	ping->ponged = true;
	ping->last_us = clock_mono_us(p->o.clock) - ping->sent_us;
	ping->min_us = ping->min_us < 0 ? ping->last_us : MIN(ping->min_us, ping->last_us);
	p->wake |= WAKE_PEERS;
}

const struct msg_type msg_type_ping = {
	.name = "ping",
	.directions = DIR_IN | DIR_OUT,
	.min_version = VERSION_PING_NONCE,
	.decode = decode_nonce,
	.encode = encode_nonce,
	.describe = describe_nonce,
	.handle = handle_ping,
	.handle_without_chain = handle_ping,
	.meaning_in = "the peer checks whether we are still connected",
	.meaning_out = "we check whether the peer is still connected, and how fast it answers",
};

const struct msg_type msg_type_pong = {
	.name = "pong",
	.directions = DIR_IN | DIR_OUT,
	.min_version = VERSION_PING_NONCE,
	.decode = decode_nonce,
	.encode = encode_nonce,
	.describe = describe_nonce,
	.handle = handle_pong,
	.handle_without_chain = handle_pong,
	.meaning_in = "the peer answers our ping: the time between the two is its ping time",
	.meaning_out = "we answer the peer's ping",
};
