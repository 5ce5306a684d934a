/* Connections over libevent: listening, dialling, framing, bounded buffers. Knows no message's
 * meaning. */
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
#define NET_RECV_BUFFER_MAX (5u << 20) /* a peer */
#define NET_SEND_BUFFER_MAX (1u << 20) /* a peer: over it, reading from that peer pauses */
#define NET_RECV_TOTAL_MAX  (64u << 20)

struct net_options {
	struct event_base *base; /* borrowed */
	int priority;            /* of its events */
	const struct clock *clock;
	const struct rng *rng;
	struct addrbook *book; /* borrowed */
	struct bans *bans;     /* borrowed */
	struct net_handler handler;
	unsigned inbound_max; /* 0: NET_INBOUND_MAX */
	bool dial_book;       /* fill the outbound slots from the address book: net_dial_book */
};

struct net *net_new(const struct net_options *o);
/* Closes everything; `closed` is told for each. */
void net_free(struct net *n);
/* On every interface, IPv6 and IPv4, or on `bind` alone (an address without port). ERR_IO
 * "port-in-use": "port 3000 is in use: another node runs there, or choose one with --port". */
bool net_listen(struct net *n, const char *bind, uint16_t port, struct err *e);
uint16_t net_port(const struct net *n); /* 0: not listening; the real one where 0 was asked for */

/* A person's wish: dialled now, and again with back-off (1 s doubling to 60 s, or to 3 s where nobody answers and nobody
 * else that was dialled is connected) whenever lost, until net_forget. once: dialled a single time. ERR_KNOWN where it was
 * dialled and is connected, or is being dialled. */
bool net_connect(struct net *n, const struct net_addr *a, bool once, struct err *e);
bool net_forget(struct net *n, const struct net_addr *a);
/* Dialled while nobody is connected that was dialled (the lesson's central node): takes an outbound slot,
 * retried every few seconds. */
void net_set_fallback(struct net *n, const struct net_addr *a);
/* Whether the outbound slots are filled from the address book: not with -connect, nor while any stranger's addresses
 * and chain would be as good as another's. */
void net_dial_book(struct net *n, bool dial_book);
/* Somebody was banned: closes whom it concerns, and stops dialling them. How many connections. */
size_t net_enforce_bans(struct net *n);
void net_tick(struct net *n); /* every second: fills slots, retries, resumes what was paused */
/* Addresses being dialled or waited for, for the console. */
struct net_dial {
	struct net_addr addr;
	bool manual, dialling;
	int64_t next_ms; /* until the next try; 0: now */
	uint32_t failures;
};
size_t net_dials(const struct net *n, struct net_dial *out, size_t max);

/* The operations the protocol uses. */
struct transport net_transport(struct net *n);
size_t net_connections(const struct net *n, enum conn_kind kind);
struct net_stats {
	uint64_t bytes_in, bytes_out;
	uint32_t inbound, outbound, manual;
};
struct net_stats net_stats(const struct net *n);

#endif
