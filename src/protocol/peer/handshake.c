/* The handshake: the node that opened the connection sends version first, and both ends learn each
 * other's chain. It is complete when a version was accepted. Source: tally-protocol(7),
 * MESSAGES. */
#include "protocol/peer/handshake_priv.h"

#include <config.h>

#include <inttypes.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/log.h>
#include <tally/base/text.h>

#include "protocol/context_priv.h"
#include "protocol/peer/addr_relay_priv.h"
#include "protocol/peer/duplicates_priv.h"
#include "protocol/peer_priv.h"
#include "protocol/wire/msg_send_priv.h"
#include "protocol/wire/version_priv.h"

#define HANDSHAKE_MAX_MS (60 * 1000)
/* An address that we dialled successfully is announced to peers, at most once in this time. */
#define ANNOUNCE_AGAIN_SECONDS 3600

static int32_t our_height(const struct protocol *p)
{
	return protocol_has_chain(p) ? (int32_t)chain_height(p->o.chain) : -1;
}

static void our_agent(const struct protocol *p, char *out, size_t size)
{
	char hex[HASH_HEX_CHARS + 1];

	out[0] = '\0';
	text_append(out, size, "/tally:%s", PACKAGE_VERSION);
	if (protocol_has_chain(p)) {
		hash256_hex(hex, &chain_params(p->o.chain)->genesis_hash.h);
		text_append(out, size, "(chain=%s)", hex);
	}
	text_append(out, size, "/");
}

static void send_version(struct protocol *p, struct peer *peer)
{
	char agent[PEER_AGENT_MAX + 1];
	struct msg m = {.kind = MSG_VERSION};
	struct msg_version *v = &m.u.version;

	our_agent(p, agent, sizeof(agent));
	v->version = PROTOCOL_VERSION;
	v->services = SERVICE_NETWORK;
	v->time = protocol_now_unix(p);
	v->to.addr = peer->info.peer;
	v->from.services = SERVICE_NETWORK;
	v->from.addr = peer->info.local;
	v->from.addr.port = p->o.port;
	v->fields = VERSION_FIELDS;
	v->nonce = p->nonce;
	v->agent = (struct span){(const uint8_t *)agent, strlen(agent)};
	v->start_height = our_height(p);
	v->relay = true;
	msg_send(p, peer, &m);
}

void handshake_start(struct protocol *p, struct peer *peer)
{
	char name[PEER_NAME_CHARS];

	if (!peer_outbound(peer)) {
		/* Only debug: anybody can connect again and again, and must not fill the log. */
		log_debug(LOG_PEER, "peer %s: connected (inbound)", peer_name(peer, name));
		return;
	}
	log_info(LOG_PEER, "peer %s: connected (outbound)", peer_name(peer, name));
	send_version(p, peer);
}

void handshake_tick(struct protocol *p)
{
	list_each (it, &p->peers) {
		struct peer *peer = list_entry(it, struct peer, link);

		if (!peer->handshaken && protocol_now_ms(p) - peer->opened_ms >= HANDSHAKE_MAX_MS)
			peer_close(p, peer, CLOSE_PLAIN, "no version within 60 s");
	}
}

/* --- connections to ourselves, and to other chains ------------------------------------ */

static void forget_own_address(struct protocol *p, const struct peer *peer)
{
	if (!peer_outbound(peer))
		return;
	addrbook_remove(p->o.book, &peer->info.peer);
	p->net.add_own_addr(p->net.ctx, &peer->info.peer);
}

/* Closes both ends of a connection to ourselves, and notes not to dial that address again. */
static void close_self(struct protocol *p, struct peer *peer)
{
	list_each (it, &p->peers) {
		struct peer *other = list_entry(it, struct peer, link);

		if (other == peer || !net_addr_equal(&other->info.local, &peer->info.peer) ||
		    !net_addr_equal(&other->info.peer, &peer->info.local))
			continue;
		forget_own_address(p, other);
		peer_close(p, other, CLOSE_PLAIN, "connected to ourselves");
	}
	forget_own_address(p, peer);
	peer_close(p, peer, CLOSE_PLAIN, "connected to ourselves");
}

/* Genesis of our chain, or of the only one that we would join; NULL: any. */
static const struct block_hash *our_chain(const struct protocol *p)
{
	if (protocol_has_chain(p))
		return &chain_params(p->o.chain)->genesis_hash;
	return p->o.want_chain ? &p->o.wanted : NULL;
}

void handshake_close_other_chain(struct protocol *p, struct peer *peer,
				 const struct block_hash *theirs)
{
	const struct block_hash *ours = our_chain(p);
	char theirs_text[HASH_SHORT_CHARS + 1], ours_text[HASH_SHORT_CHARS + 1];

	/* Only outbound peers are reported to a person, who can dial others instead. */
	if (peer_outbound(peer)) {
		p->handshake.has_other_chain = true;
		p->handshake.other_chain = (struct other_chain){.addr = peer->info.peer,
								.theirs = *theirs,
								.ours = *ours,
								.unix_s = protocol_now_unix(p)};
	}
	hash256_short(theirs_text, &theirs->h);
	hash256_short(ours_text, &ours->h);
	peer_close(p, peer, CLOSE_PLAIN, "of another chain: its genesis is %s, ours %s",
		   theirs_text, ours_text);
}

bool protocol_other_chain(const struct protocol *p, struct other_chain *out)
{
	if (p->handshake.has_other_chain)
		*out = p->handshake.other_chain;
	return p->handshake.has_other_chain;
}

/* False: the peer was closed. */
static bool check_chain(struct protocol *p, struct peer *peer)
{
	const struct block_hash *ours = our_chain(p);

	if (!ours || !peer->has_chain_tag || hash256_equal(&ours->h, &peer->chain_tag.h))
		return true;
	handshake_close_other_chain(p, peer, &peer->chain_tag);
	return false;
}

/* --- version ---------------------------------------------------------------------------- */

static void store_version(struct protocol *p, struct peer *peer, const struct msg_version *v)
{
	peer->version = v->version;
	peer->services = v->services;
	peer->start_height = v->start_height;
	peer->has_chain = v->start_height >= 0;
	peer->nonce = v->fields > 0 ? v->nonce : 0;
	peer->relay.wants_txs = v->relay;
	/* The peer may send any number: limit it to the range of header times, so that the
	 * difference can't overflow. */
	peer->clock_offset = MIN(MAX(v->time, 0), (int64_t)UINT32_MAX) - protocol_now_unix(p);
	peer->our_addr = v->to.addr;
	peer->sync.best_height = peer->has_chain ? (uint32_t)v->start_height : 0;
	utf8_sanitise(peer->agent, sizeof(peer->agent), v->agent.p, v->agent.len);
	peer->listen_addr = peer->info.peer;
	if (!peer_outbound(peer))
		peer->listen_addr.port = v->from.addr.port;
}

static bool verified_recently(const struct protocol *p, const struct net_addr *a)
{
	struct addrbook_entry en;

	return addrbook_get(p->o.book, a, &en) && en.succeeded != 0 &&
	       protocol_now_unix(p) - en.succeeded < ANNOUNCE_AGAIN_SECONDS;
}

static void store_address(struct protocol *p, struct peer *peer)
{
	bool announce;

	if (!peer_outbound(peer)) {
		/* Its own claim: announced to others only after we have dialled it. */
		if (peer->listen_addr.port)
			addrbook_add(p->o.book, &peer->listen_addr, peer->services, 0,
				     &peer->info.peer);
		return;
	}
	p->net.add_listen_addr(p->net.ctx, peer->info.id, &peer->info.peer);
	announce = !verified_recently(p, &peer->info.peer);
	addrbook_succeeded(p->o.book, &peer->info.peer, peer->services);
	if (announce)
		addr_relay_announce(p, &peer->info.peer, peer->services, peer);
}

static void handshake_done(struct protocol *p, struct peer *peer)
{
	char name[PEER_NAME_CHARS];

	log_info(LOG_PEER, "peer %s%s: version %" PRId32 " %s height %" PRId32,
		 peer_name(peer, name), peer_outbound(peer) ? "" : " (inbound)", peer->version,
		 peer->agent, peer->start_height);
	p->wake |= WAKE_PEERS;
	store_address(p, peer);
	if (peer->info.kind == CONN_FEELER)
		peer_close(p, peer, CLOSE_PLAIN, "feeler connection: the address works");
	else if (!duplicates_close(p, peer))
		peer_ready(p, peer);
}

static void handle_version(struct protocol *p, struct peer *peer, const struct msg *m)
{
	const struct msg_version *v = &m->u.version;

	if (v->fields > 0 && v->nonce == p->nonce) {
		close_self(p, peer);
		return;
	}
	if (!version_chain_tag(v->agent, &peer->chain_tag, &peer->has_chain_tag)) {
		peer_close(p, peer, CLOSE_DISCOURAGE,
			   "malformed version: user agent: chain= needs 64 hex digits");
		return;
	}
	store_version(p, peer, v);
	if (!peer_outbound(peer))
		send_version(p, peer);
	if (!check_chain(p, peer))
		return;
	peer->handshaken = true;
	peer->handshaken_ms = protocol_now_ms(p);
	peer->greeted_order = ++p->order;
	msg_send_empty(p, peer, MSG_VERACK);
	handshake_done(p, peer);
}

const struct msg_type msg_type_version = {
	.name = "version",
	.directions = DIR_IN | DIR_OUT,
	.first = true,
	.decode = version_decode,
	.encode = version_encode,
	.describe = version_describe,
	.handle = handle_version,
	.handle_without_chain = handle_version,
	.meaning_in = "the peer introduces itself: its program, its chain and its height",
	.meaning_out = "we introduce ourselves: our program, our chain and our height",
};

/* No effect: a peer that never sends verack is served, too. */
const struct msg_type msg_type_verack = {
	.name = "verack",
	.directions = DIR_IN | DIR_OUT,
	.decode = msg_decode_empty,
	.meaning_in = "the peer has accepted our version: the handshake is complete",
	.meaning_out = "we have accepted the peer's version: the handshake is complete",
};
