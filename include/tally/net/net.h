/* Connections over libevent: listening, dialling, framing and bounded buffers. This layer does not
 * know the meaning of any message. */
#ifndef TALLY_NET_NET_H
#define TALLY_NET_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/base/rng.h>
#include <tally/net/addrbook.h>
#include <tally/net/bans.h>
#include <tally/net/transport.h>

struct event_base;
struct net;

#define NET_INBOUND_MAX     125
#define NET_OUTBOUND_SLOTS  8
#define NET_RECV_BUFFER_MAX (5u << 20) /* bytes received and not yet delivered, per peer */
#define NET_SEND_BUFFER_MAX \
	(1u << 20) /* bytes queued per peer; above, its messages are not handled */
#define NET_RECV_TOTAL_MAX (64u << 20) /* bytes of all receive buffers */

struct net_options {
	struct event_base *base; /* borrowed */
	int priority;            /* of its events */
	const struct clock *clock;
	const struct rng *rng;
	struct addrbook *book; /* borrowed */
	struct bans *bans;     /* borrowed */
	struct net_handler handler;
	unsigned inbound_max; /* 0: NET_INBOUND_MAX */
	bool dial_book;       /* see net_dial_book */
};

struct net *net_new(const struct net_options *o);
/* Closes all connections; the handler receives `closed` for each. */
void net_free(struct net *n);
/* Listens on every interface with IPv6 and IPv4, or only at `bind` (an address without a port).
 * Port 0: the system chooses. Fails with ERR_IO "port-in-use", "port-forbidden", "bind-address" or
 * "listen-failed", ERR_USAGE "bad-address" or "too-many-binds". */
bool net_listen(struct net *n, const char *bind, uint16_t port, struct err *e);
uint16_t net_port(const struct net *n); /* the port it listens at; 0: it does not listen */

/* Dials an address that a user has chosen. Unless `once` is set, the address becomes a manual peer:
 * it is dialled again whenever an attempt fails or the connection ends, until net_forget. The delay
 * doubles from 1 s to 60 s. After a failed attempt it is at most 3 s while no outbound peer is
 * connected. Fails with ERR_USAGE "bad-address" or "own-address", ERR_BUSY "stopping", ERR_POLICY
 * "banned", and with `once` ERR_IO "no-connection". ERR_KNOWN "already-connected" means that we are
 * connected or connecting to this address; it has become a manual peer then, too. */
bool net_connect(struct net *n, const struct net_addr *a, bool once, struct err *e);
/* Stops dialling a manual peer; does not disconnect it. Returns false if there is none with this
 * address. */
bool net_forget(struct net *n, const struct net_addr *a);
/* Sets the fallback node (the central node of a class). It is dialled while no outbound connection
 * has completed a handshake, at first every 3 s, and takes an outbound slot. */
void net_set_fallback(struct net *n, const struct net_addr *a);
/* Sets whether the outbound slots are filled from the address book. Off with -connect, and while the node
 * has no chain: then it can't tell which of the announced addresses are of its chain. */
void net_dial_book(struct net *n, bool dial_book);
/* To be called after a ban: closes the connections that are banned now, and stops dialling banned
 * addresses. Returns the number of connections closed. */
size_t net_enforce_bans(struct net *n);
/* To be called every second: dials, retries, expires, and resumes paused reading. */
void net_tick(struct net *n);

/* An address that is being dialled or will be dialled again. */
struct net_dial {
	struct net_addr addr;
	bool manual;
	bool dialling;   /* an attempt is running */
	int64_t next_ms; /* milliseconds until the next attempt; 0: now */
	uint32_t failures;
};
/* Writes at most max entries and returns how many. */
size_t net_dials(const struct net *n, struct net_dial *out, size_t max);

/* The operations for the protocol layer. */
struct transport net_transport(struct net *n);
size_t net_connections(const struct net *n, enum conn_kind kind);
struct net_stats {
	uint64_t bytes_in, bytes_out; /* since the start */
	uint32_t inbound, outbound, manual;
};
struct net_stats net_stats(const struct net *n);

#endif
