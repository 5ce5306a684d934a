/* What the net layer knows about addresses to dial: manual peers, running attempts, the fallback
 * node, and which addresses are connected. Starts no attempt itself. */
#ifndef TALLY_NET_DIAL_STATE_PRIV_H
#define TALLY_NET_DIAL_STATE_PRIV_H

#include "net/net_priv.h"

#define DIAL_RETRY_MAX_MS      60000 /* longest delay between attempts */
#define DIAL_FALLBACK_RETRY_MS 3000  /* first delay for the fallback node */

/* Manual peers. find: NULL if there is none. */
struct manual_peer *manual_peer_find(const struct net *n, const struct net_addr *a);
/* Adds a manual peer, or resets the failures of one. It is due at once. */
void manual_peer_add(struct net *n, const struct net_addr *a);
void manual_peer_remove(struct manual_peer *m);
/* Counts a failure and sets the next attempt: 1 s later, doubling with each failure up to 60 s or
 * max_ms. Returns the delay in milliseconds. */
int64_t manual_peer_postpone(struct manual_peer *m, int64_t now, int64_t max_ms);

struct dial *dial_find(const struct net *n, const struct net_addr *a); /* NULL: not being dialled */
/* True if we have dialled this address and are connected. */
bool dial_has_dialled(const struct net *n, const struct net_addr *a);
/* True if the node that listens at this address is connected, inbound or outbound. */
bool dial_is_connected(const struct net *n, const struct net_addr *a);
/* True if an outbound connection has completed its handshake. Inbound peers don't count: an attacker
 * that connects to us must not keep us from dialling. */
bool dial_has_outbound(const struct net *n);
bool dial_is_fallback(const struct net *n, const struct net_addr *a);
/* True if the fallback node should be dialled now or after its delay. */
bool dial_wants_fallback(const struct net *n);
/* True if this node itself listens at the address. Known are the addresses at which it reached
 * itself, loopback, and local addresses of its connections. */
bool dial_is_self(const struct net *n, const struct net_addr *a);
/* Updates the address book and all delays after a connection that we dialled was closed. */
void dial_conn_closed(struct conn *c);

#endif
