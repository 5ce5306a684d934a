/* Is the other end still there, and how far away? */
#include <tally/base/checked.h>

#include "protocol/protocol_priv.h"

#define PING_INTERVAL_MS (2 * 60 * 1000)
#define SILENT_MS        (20 * 60 * 1000)

void ping_send(struct protocol *p, struct peer *peer)
{
	struct msg m = {.kind = MSG_PING};

	peer->next_ping_ms = now_ms(p) + PING_INTERVAL_MS;
	if (peer->version < VERSION_PING_NONCE)
		return;
	do
		m.u.nonce = rng_u64(p->o.rng);
	while (m.u.nonce == 0);
	peer->ping_nonce = m.u.nonce;
	peer->ping_sent_us = clock_mono_us(p->o.clock);
	gate_send(p, peer, &m);
}

void ping_tick(struct protocol *p, struct peer *peer)
{
	int64_t now = now_ms(p);

	if (peer->ponged && !peer->paused && now - peer->last_recv_ms >= SILENT_MS) {
		peer_close(p, peer, CLOSE_PLAIN, "silent for 20 minutes");
		return;
	}
	if (now >= peer->next_ping_ms)
		ping_send(p, peer);
}

void handle_ping(struct protocol *p, struct peer *peer, struct msg *m)
{
	struct msg pong = {.kind = MSG_PONG};

	pong.u.nonce = m->u.nonce;
	gate_send(p, peer, &pong);
}

void handle_pong(struct protocol *p, struct peer *peer, struct msg *m)
{
	int64_t took;

	if (!peer->ping_nonce || m->u.nonce != peer->ping_nonce)
		return;
	took = clock_mono_us(p->o.clock) - peer->ping_sent_us;
	peer->ping_nonce = 0;
	peer->ponged = true;
	peer->ping_us = took;
	peer->min_ping_us = peer->min_ping_us < 0 ? took : MIN(peer->min_ping_us, took);
	p->wake |= WAKE_PEERS;
}
