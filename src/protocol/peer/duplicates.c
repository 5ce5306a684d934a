#include "protocol/peer/duplicates_priv.h"

#include <inttypes.h>
#include <string.h>

#include <tally/base/checked.h>

#include "protocol/context_priv.h"
#include "protocol/peer_priv.h"

/* A node that closes our connection as a duplicate does so soon after the handshake, and has sent
 * nothing but version and verack on it. */
#define DUPLICATE_CLOSE_MS (5 * 1000)
#define GREETING_MESSAGES  2

/* struct peer_duplicate expires after 30 s the first time, after 16 times as long each next time,
 * and after at most an hour. */
#define DUPLICATE_WAIT_MS     (30 * 1000)
#define DUPLICATE_WAIT_GROWTH 16
#define DUPLICATE_WAIT_MAX_MS (60 * 60 * 1000)

static bool on_this_machine(const struct peer *peer)
{
	return memcmp(peer->info.peer.ip, peer->info.local.ip, sizeof(peer->info.peer.ip)) == 0;
}

/* Two connections lead to the same node if both ends sent the same nonce. The nonce itself proves
 * nothing: an attacker can learn the nonce of a node from its version message, and repeat it to
 * make us close our connection to that node. So the addresses must match, too: the same address, or
 * this machine. Two nodes may listen on this machine, so two outbound connections must also have
 * dialled the same port. */
static bool same_node(const struct peer *a, const struct peer *b)
{
	const bool local = on_this_machine(a) && on_this_machine(b);

	if (a == b || !a->nonce || a->nonce != b->nonce)
		return false;
	if (peer_outbound(a) && peer_outbound(b))
		return local && a->info.peer.port == b->info.peer.port;
	return local || peer_same_ip(a, b);
}

/* Another connection to the same node, outbound or inbound as asked. NULL: none. */
static struct peer *find_duplicate(struct protocol *p, const struct peer *peer, bool outbound)
{
	for (struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (same_node(o, peer) && peer_outbound(o) == outbound &&
		    o->info.kind != CONN_FEELER)
			return o;
	return NULL;
}

static void close_duplicate(struct protocol *p, struct peer *peer, const struct peer *kept)
{
	peer_close(p, peer, CLOSE_PLAIN, "duplicate: peer %" PRIu32 " is the same node",
		   kept->info.id);
}

/* We dialled the same node at two addresses. Keeps the manual connection, otherwise the older one,
 * and notes that the node accepts connections at both addresses. True: `peer` was closed. */
static bool close_second_outbound(struct protocol *p, struct peer *peer, struct peer *other)
{
	const bool keep_new = peer->info.kind == CONN_MANUAL && other->info.kind != CONN_MANUAL;
	struct peer *kept = keep_new ? peer : other, *closed = keep_new ? other : peer;

	kept->listen_addr = closed->info.peer;
	p->net.add_listen_addr(p->net.ctx, kept->info.id, &closed->info.peer);
	close_duplicate(p, closed, kept);
	return closed == peer;
}

/* Two nodes have dialled each other. `second` is the connection of the two whose handshake
 * completed last. True: it is for us to close the inbound one; otherwise the other node closes the
 * one that is inbound for it.
 *
 * A node closes only an inbound connection as a duplicate, because the inbound peer may be an
 * attacker that has learnt the other node's nonce. Both nodes must not close at once, so: a node
 * without a chain keeps the connection that it dialled; otherwise the first connection stays; and
 * of two connections made at the same time, the node with the smaller nonce keeps the one that it
 * dialled. */
static bool ours_to_close(const struct protocol *p, const struct peer *outbound,
			  const struct peer *inbound, const struct peer *second)
{
	if (protocol_has_chain(p) != second->has_chain)
		return second->has_chain;
	if (second == inbound)
		return true;
	return outbound->opened_order < inbound->greeted_order && p->nonce < second->nonce;
}

/* The same node, and the inbound peer says that it listens at the port that we dialled: otherwise
 * an attacker at the same address, which we dialled, too, could repeat the nonce of an inbound peer
 * to get that peer closed. */
static bool dialled_each_other(const struct peer *outbound, const struct peer *inbound)
{
	return peer_outbound(outbound) && !peer_outbound(inbound) && same_node(outbound, inbound) &&
	       inbound->listen_addr.port == outbound->info.peer.port;
}

static bool close_crossed(struct protocol *p, struct peer *peer)
{
	struct peer *outbound, *inbound, *other = peer_next(p, NULL);

	while (other && !dialled_each_other(peer, other) && !dialled_each_other(other, peer))
		other = peer_next(p, other);
	outbound = peer_outbound(peer) ? peer : other;
	inbound = peer_outbound(peer) ? other : peer;
	if (!other || !ours_to_close(p, outbound, inbound, peer))
		return false;
	close_duplicate(p, inbound, outbound);
	return inbound == peer;
}

bool duplicates_close(struct protocol *p, struct peer *peer)
{
	struct peer *other = peer_outbound(peer) ? find_duplicate(p, peer, true) : NULL;

	return other ? close_second_outbound(p, peer, other) : close_crossed(p, peer);
}

/* The other end closed this connection as a duplicate: it has sent only its greeting. A peer that
 * keeps a connection sends a ping at once. Nobody but the node itself can make its connection look
 * like this. */
static bool closed_as_duplicate(const struct protocol *p, const struct peer *peer)
{
	return peer->msgs_in <= GREETING_MESSAGES &&
	       protocol_now_ms(p) - peer->handshaken_ms <= DUPLICATE_CLOSE_MS;
}

void duplicates_peer_lost(struct protocol *p, struct peer *peer)
{
	struct peer *inbound;
	struct peer_duplicate *d;

	if (!peer_live(peer) || !peer_outbound(peer) || !closed_as_duplicate(p, peer))
		return;
	inbound = find_duplicate(p, peer, false);
	if (!inbound)
		return;
	d = &inbound->duplicate;
	d->wait_ms = d->wait_ms ? MIN(DUPLICATE_WAIT_GROWTH * d->wait_ms, DUPLICATE_WAIT_MAX_MS)
				: DUPLICATE_WAIT_MS;
	d->since_ms = protocol_now_ms(p);
	p->net.add_listen_addr(p->net.ctx, inbound->info.id, &peer->info.peer);
}

/* The address that we dialled is dialled again: the inbound peer may have lied. */
static void expire(struct protocol *p, struct peer *peer)
{
	peer->duplicate.since_ms = 0;
	p->net.clear_listen_addrs(p->net.ctx, peer->info.id);
}

/* Of several inbound peers with one nonce at most one is the node that we dialled. When one of them
 * goes, the one that remains may be another node. */
void duplicates_peer_gone(struct protocol *p, struct peer *peer)
{
	if (peer_outbound(peer))
		return;
	for (struct peer *o = peer_next(p, NULL); o; o = peer_next(p, o))
		if (o->duplicate.since_ms && same_node(o, peer))
			expire(p, o);
}

void duplicates_tick(struct protocol *p)
{
	const int64_t now = protocol_now_ms(p);

	for (struct peer *peer = peer_next(p, NULL); peer; peer = peer_next(p, peer))
		if (peer->duplicate.since_ms &&
		    now - peer->duplicate.since_ms >= peer->duplicate.wait_ms)
			expire(p, peer);
}
