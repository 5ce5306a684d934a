/* The list of peers: opening, closing, pausing, looking up. */
#ifndef TALLY_PROTOCOL_PEER_PEERS_PRIV_H
#define TALLY_PROTOCOL_PEER_PEERS_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/net/addr.h>
#include <tally/net/transport.h>

struct peer;
struct protocol;

#define PEER_NAME_CHARS (NET_ADDR_CHARS + 16)

/* Bounds the warnings about peers that break the rules: anybody can connect again and again. */
struct rule_log {
	int64_t since_ms; /* start of the current minute */
	unsigned n;       /* peers that broke the rules in it */
};

struct peer *peer_find(const struct protocol *p, conn_id id); /* NULL: gone */

/* Returns the live peer that follows `after` in order of id, or the first if `after` is NULL.
 * Returns NULL if there are no more. */
struct peer *peer_next(const struct protocol *p, const struct peer *after);

/* A connection was opened: adds it to the list. */
struct peer *peer_open(struct protocol *p, const struct conn_info *info);

/* The handshake is complete: calls the `ready` hook of every part, as long as none closes the
 * peer. */
void peer_ready(struct protocol *p, struct peer *peer);

/* Disconnects. fmt gives the reason, which is logged and shown. The peer stays in the list until
 * the network reports the end of the connection, but is not live any more. Does nothing if it is
 * closing already. */
void peer_close(struct protocol *p, struct peer *peer, enum close_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The connection has ended: removes and frees the peer. */
void peer_gone(struct protocol *p, struct peer *peer, const char *reason);

/* Sets or clears one reason (PAUSE_...) not to read from the peer. */
void peer_pause(struct protocol *p, struct peer *peer, unsigned why, bool paused);

bool peer_live(const struct peer *peer); /* handshaken and not closing */

/* We opened the connection. An inbound connection costs an attacker nothing, so outbound peers are
 * preferred wherever peers compete. */
bool peer_outbound(const struct peer *peer);
bool peer_same_ip(const struct peer *a, const struct peer *b);
bool peer_near(const struct peer *peer); /* its address is loopback or private */

/* "ID ADDRESS:PORT", for log lines. */
const char *peer_name(const struct peer *peer, char out[PEER_NAME_CHARS]);

#endif
