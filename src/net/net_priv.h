/* What the files of the net layer share. */
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

/* One turn of one connection: what it may do before the others have theirs. */
#define TURN_READ_BYTES    (64u << 10)
#define TURN_WRITE_BYTES   (256u << 10)
#define TURN_MESSAGES      16
#define TURN_US            500
#define TURN_MESSAGE_BYTES (256u << 10)

#define RECV_FIRST_BYTES 4096 /* a receive buffer begins so */
/* A buffer may grow to this, however short memory is: the small messages go on. */
#define RECV_SMALL_BYTES        16384
#define RECV_LEADER_PATIENCE_MS 10000 /* half a message while memory is short, and then nothing */

/* What may wait in one send queue before the connection is given up as one that never reads. */
#define SEND_QUEUE_LIMIT (16u << 20)
#define SEND_STALL_MS    60000
/* Once so much waits for all together, a peer is not heard as soon as a little waits for it. */
#define SEND_COPIED_MAX (32u << 20)
#define SEND_LITTLE     (64u << 10)

#define DIAL_TIMEOUT_MS   5000
#define RETRY_FIRST_MS    1000
#define RETRY_MAX_MS      60000
#define RETRY_ALONE_MS    3000  /* at most, where nobody answers and nobody else has */
#define RETRY_STEADY_MS   60000 /* a connection that lasted so long was a good one */
#define SOON_LOST_REST_MS 10000 /* from the book, where one ended sooner; doubling */
#define SOON_LOST_MAX     32
#define LISTENS_MAX       8 /* addresses of one node, remembered */
#define FALLBACK_RETRY_MS 3000
#define LINGER_MS         5000
#define LINGER_MAX        64
#define ACCEPT_TURN       16
#define ACCEPT_REST_MS    1000
#define LISTENERS_MAX     4
#define REASON_CHARS      200

/* The life of a connection. A handler may close the very connection that is delivering, so nothing
 * is freed but from the loop (conn_reap). */
enum conn_state {
	CONN_OPEN,
	CONN_CLOSING, /* `closed` has not been told yet */
	CONN_LINGER,  /* told; what was queued is still being sent */
};

/* Received and not yet delivered: bytes[at .. len). */
struct recv_buffer {
	uint8_t *bytes;
	size_t at, len, cap;
};

struct conn {
	struct list link;  /* in net.conns, net.closing or net.lingering */
	struct list ready; /* in net.ready: has something to deliver */
	struct net *net;
	struct conn_info info;
	struct net_addr listens[LISTENS_MAX]; /* where it listens, a ring */
	unsigned n_listens;                   /* ever put in */
	bool handshaken;                      /* with whom we dialled */
	bool discouraged;                     /* when it came in */
	char name[NET_ADDR_CHARS + 1];        /* the peer's address, for the log */
	enum conn_state state;
	int fd;
	struct event *readable, *writable;

	struct recv_buffer in;
	struct frame_header frame; /* valid while have_frame */
	bool have_frame;
	bool paused;   /* by the handler */
	bool starved;  /* wants memory that is not there */
	bool at_eof;   /* nothing more will come, */
	int eof_errno; /* because of this; 0: the peer ended it */
	bool reading;  /* `readable` is added */
	int64_t last_read_ms;

	struct evbuffer *out;
	size_t copied;        /* of its bytes at most so many were copied; the others are lent */
	bool send_full;       /* went over its bound and has not drained */
	int64_t out_moved_ms; /* when the queue last began or shrank */

	bool linger_wanted;
	int64_t linger_until_ms;
	int64_t opened_ms;
	char reason[REASON_CHARS + 1];
};

struct listener {
	int fd;
	struct event *event;
	uint16_t port;
	bool resting; /* out of file descriptors: waits for rest_until_ms */
	int64_t rest_until_ms;
};

/* One attempt to connect. */
struct dial {
	struct list link; /* in net.dials */
	struct net *net;
	struct net_addr addr;
	enum conn_kind kind;
	int fd;
	struct event *event;
	int64_t deadline_ms;
};

/* A person's wish to be connected to an address. */
struct wish {
	struct list link; /* in net.wishes */
	struct net_addr addr;
	int64_t next_ms; /* the next try, while neither connected nor dialled */
	uint32_t failures;
};

/* A connection from the address book that ended soon. */
struct soon_lost {
	struct net_addr addr;
	int64_t rest_until_ms; /* not dialled from the book before */
	unsigned times;        /* in a row */
};

struct net {
	struct event_base *base;
	int priority;
	const struct clock *clock;
	const struct rng *rng;
	struct addrbook *book;
	struct bans *bans;
	uint8_t group_key[SHORT_HASH_KEY_BYTES];
	struct net_handler handler;
	unsigned inbound_max;
	bool dial_book;
	bool stopping;

	struct map by_id; /* conn_id -> struct conn *, the open ones */
	conn_id last_id;
	struct list conns, closing, lingering, ready;
	size_t n_kind[CONN_KINDS]; /* open connections by kind */
	size_t n_lingering;
	struct event *soon; /* fires on the next turn of the loop: deliver, reap */

	size_t recv_total;   /* bytes of all receive buffers */
	size_t copied_total; /* of all send queues */
	size_t n_starved;
	conn_id leader; /* the one that may go on although memory is short; 0 none */
	int64_t leader_ms;

	struct listener listeners[LISTENERS_MAX];
	size_t n_listeners;
	uint64_t refused; /* since the last line about it */
	int64_t refused_ms;

	struct list dials, wishes;
	bool have_fallback;
	struct net_addr fallback;
	int64_t fallback_ms;        /* the next try */
	bool fallback_told;         /* its absence has been logged */
	uint32_t fallback_failures; /* connections without a handshake, in a row */
	struct net_addr
		own[LISTENS_MAX]; /* where we listen, as found by dialling ourselves; a ring */
	unsigned n_own;
	bool everywhere;                           /* we listen on every interface */
	struct soon_lost soon_lost[SOON_LOST_MAX]; /* a ring */
	unsigned n_soon_lost;
	int64_t feeler_ms; /* the next one */

	uint64_t bytes_in, bytes_out;
};

/* conn.c */
int64_t net_now_ms(const struct net *n);
struct event *net_event(struct net *n, int fd, short what, event_callback_fn fn, void *arg);
void net_soon(struct net *n); /* delivers what is ready, from the loop */
bool net_prepare_fd(int fd);  /* non-blocking, close-on-exec, no delay */
/* Takes the socket; tells `opened`. */
void conn_open(struct net *n, int fd, enum conn_kind kind, const struct net_addr *peer);
/* Begins the end; harmless where it has begun. `closed` follows from the loop. */
void conn_close(struct conn *c, enum close_kind kind, bool linger, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
struct conn *conn_find(const struct net *n, conn_id id); /* open ones */
void conn_reap(struct net *n);
void conn_destroy(struct conn *c);
void conn_tick_lingering(struct net *n, int64_t now);
/* Remembers an address in a ring of LISTENS_MAX; harmless where it is there. */
void listens_add(struct net_addr ring[LISTENS_MAX], unsigned *n, const struct net_addr *a);
bool listens_has(const struct net_addr ring[LISTENS_MAX], unsigned n, const struct net_addr *a);

/* recv.c */
void recv_on_readable(evutil_socket_t fd, short what, void *arg);
void recv_deliver(struct conn *c);
void recv_update(struct conn *c); /* adds or removes the read event as it should be */
void recv_ready(struct conn *c);  /* delivers on the next turn of the loop */
void recv_clear(struct conn *c);
void recv_tick(struct net *n, int64_t now);

/* send.c */
void send_on_writable(evutil_socket_t fd, short what, void *arg);
bool send_queue(struct conn *c, const char *command, struct span payload);
bool send_lend(struct conn *c, const char *command, struct loan *l);
void send_clear(struct conn *c);
void send_tick(struct net *n, int64_t now);

/* listen.c */
const char *listen_admit(struct net *n,
			 const struct net_addr *peer); /* NULL: let in; else why not */
void listen_tick(struct net *n, int64_t now);
void listen_stop(struct net *n);

/* dial.c */
void dial_tick(struct net *n, int64_t now);
void dial_stop(struct net *n);
void dial_conn_closed(struct conn *c); /* book-keeping for one that we dialled */
void dial_drop_banned(struct net *n);
struct wish *dial_wish(const struct net *n, const struct net_addr *a); /* NULL: none */
struct dial *dial_find(const struct net *n, const struct net_addr *a);
bool dial_connected_to(const struct net *n, const struct net_addr *a);
/* 0 or an error number. What becomes of it is told from the loop. */
int dial_start(struct net *n, const struct net_addr *a, enum conn_kind kind);

/* slots.c */
void slots_fill(struct net *n, int64_t now);
/* One that we dialled has ended. soon: before it was a steady one. */
void slots_lost(struct net *n, const struct net_addr *a, bool soon, int64_t now);

#endif
