/* The structs that the files of the net layer share. */
#ifndef TALLY_NET_PRIV_H
#define TALLY_NET_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <event2/buffer.h>
#include <event2/event.h>

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/crypto/hash.h>
#include <tally/net/frame.h>
#include <tally/net/net.h>

#define ADDR_RING_MAX         8  /* listening addresses remembered for one node */
#define RECONNECT_BACKOFF_MAX 32 /* addresses with a back-off */
#define LISTENERS_MAX         4
#define REASON_CHARS          200 /* of a close reason, without the NUL */

/* Time values end with _ms and are of the monotonic clock, see net_now_ms. */

/* A handler may close the connection whose message it is handling, so a connection is freed only
 * from the loop, by conn_reap. */
enum conn_state {
	CONN_OPEN,
	CONN_CLOSING, /* the `closed` event is due */
	CONN_LINGER,  /* `closed` was reported; the rest of the send queue is being sent */
};

/* Received bytes; those from `at` to `len` have not been delivered. */
struct recv_buffer {
	uint8_t *bytes;
	size_t at, len, cap;
};

/* The last ADDR_RING_MAX addresses added; used entries come first. */
struct addr_ring {
	struct net_addr addrs[ADDR_RING_MAX];
	unsigned added; /* in total */
};

struct conn {
	struct list link;  /* in net.conns, net.closing or net.lingering */
	struct list ready; /* in net.ready: has a message to deliver */
	struct net *net;
	struct conn_info info;
	struct addr_ring listens_at; /* where the peer listens, as reported by the protocol layer */
	bool handshaken;             /* dialled by us, and the handshake is complete */
	bool discouraged;            /* its address was discouraged when it connected */
	char name[NET_ADDR_CHARS + 1]; /* the peer's address, for the log */
	enum conn_state state;
	int fd;
	struct event *readable, *writable;

	struct recv_buffer in;
	struct frame_header frame; /* valid if have_frame */
	bool have_frame;           /* the header of the next message has arrived */
	bool paused;               /* by the protocol layer */
	bool starved;  /* needs a larger buffer, but all buffers together are too large */
	bool at_eof;   /* the peer sends nothing more */
	int eof_errno; /* the error that ended it; 0: the peer closed the connection */
	bool reading;  /* `readable` is added to the loop */
	int64_t last_read_ms;

	struct evbuffer *out;
	size_t copied;  /* upper bound of the copied bytes in `out`; the others are shared */
	bool send_full; /* went over its limit and has not drained since */
	int64_t send_progress_ms; /* when the queue last became non-empty or shrank */

	bool linger_wanted;
	int64_t linger_until_ms;
	int64_t opened_ms;
	char reason[REASON_CHARS + 1]; /* why it was closed */
};

struct listener {
	int fd;
	struct event *event;
	uint16_t port;
	bool paused; /* until resume_ms, because accept() failed */
	int64_t resume_ms;
};

/* A connection attempt. */
struct dial {
	struct list link; /* in net.dials */
	struct net *net;
	struct net_addr addr;
	enum conn_kind kind;
	int fd;
	struct event *event;
	int64_t deadline_ms;
};

/* An address that a person asked to stay connected to. */
struct manual_peer {
	struct list link; /* in net.manual_peers */
	struct net_addr addr;
	int64_t next_ms; /* next attempt, while it is neither connected nor being dialled */
	uint32_t failures;
};

/* An outbound peer that disconnected soon after it was dialled. */
struct reconnect_backoff {
	struct net_addr addr;
	int64_t until_ms; /* not dialled from the address book before this */
	unsigned times;   /* in a row */
};

struct net {
	struct event_base *base;
	int priority;
	const struct clock *clock;
	const struct rng *rng;
	struct addrbook *book;
	struct bans *bans;
	uint8_t group_key[SHORT_HASH_KEY_BYTES]; /* secret key of evict_candidate.group */
	struct net_handler handler;
	unsigned inbound_max;
	bool dial_book;
	bool stopping;

	struct map by_id; /* conn_id -> struct conn *, open connections only */
	conn_id last_id;
	struct list conns; /* open connections */
	struct list closing, lingering, ready;
	size_t n_kind[CONN_KINDS]; /* open connections by kind */
	size_t n_lingering;
	struct event *next_turn; /* see net_schedule */

	size_t recv_total;   /* capacity of all receive buffers, in bytes */
	size_t copied_total; /* sum of conn.copied */
	size_t n_starved;
	conn_id exempt; /* the one connection that may grow its buffer over the bound; 0: none */
	int64_t exempt_ms;

	struct listener listeners[LISTENERS_MAX];
	size_t n_listeners;
	bool all_interfaces; /* one of the listeners accepts on every interface */
	uint64_t refused;    /* inbound connections since the last log line about it */
	int64_t refused_ms;  /* when that line was logged */

	struct list dials, manual_peers;
	bool have_fallback;
	struct net_addr fallback;
	int64_t fallback_next_ms;   /* next attempt */
	bool fallback_logged;       /* that it can't be reached */
	uint32_t fallback_failures; /* connections without a handshake, in a row */
	struct addr_ring own_addrs; /* where this node listens, found by dialling itself */
	struct reconnect_backoff backoffs[RECONNECT_BACKOFF_MAX]; /* a ring */
	unsigned n_backoffs;                                      /* ever added */
	int64_t next_feeler_ms;

	uint64_t bytes_in, bytes_out;
};

#endif
