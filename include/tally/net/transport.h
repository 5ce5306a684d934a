/* The interface between the network and the protocol layer: a table of the operations that the
 * protocol needs (so that a simulator can replace the sockets), and the events that it receives. */
#ifndef TALLY_NET_TRANSPORT_H
#define TALLY_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/net/addr.h>

struct evict_candidate;

typedef uint32_t conn_id; /* from 1 upward, not reused while the program runs */

enum conn_kind {
	CONN_INBOUND,
	CONN_OUTBOUND, /* dialled from the address book, or the fallback node; takes an outbound slot */
	CONN_MANUAL, /* requested with -connect or -addnode, at the prompt or by RPC */
	CONN_FEELER, /* dialled only to test an address; closed after the handshake */
};
#define CONN_KINDS (CONN_FEELER + 1)

struct conn_info {
	conn_id id;
	enum conn_kind kind;
	struct net_addr peer;  /* the remote end */
	struct net_addr local; /* our end */
};

/* Why a connection is closed. It decides about the send queue and about the peer's address. */
enum close_kind {
	CLOSE_PLAIN,      /* sends the queue first; the address is not discouraged */
	CLOSE_DISCOURAGE, /* the peer broke a rule: drops the queue and discourages the address */
	CLOSE_DROP,       /* drops the queue; the address is not discouraged */
};

/* A payload that several send queues reference without a copy. Its owner embeds this struct. */
struct shared_bytes {
	struct span bytes; /* unchanged until the last release */
	/* Called once for each send_shared, when the bytes were sent or dropped. */
	void (*release)(struct shared_bytes *s);
};

struct transport {
	/* Queues a message with a copy of the payload. Never blocks. Returns false if the connection
	 * is closed, or was closed by this call because too much is queued or memory ran out. */
	bool (*send)(void *ctx, conn_id id, const char *type, struct span payload);
	/* As send, but references the payload. If it fails, it has released the payload. */
	bool (*send_shared)(void *ctx, conn_id id, const char *type, struct shared_bytes *s);
	/* The `closed` event follows from the loop, never from within this call. reason is copied. */
	void (*close)(void *ctx, conn_id id, enum close_kind kind, const char *reason);
	/* Stops or resumes reading from this peer. */
	void (*pause)(void *ctx, conn_id id, bool paused);
	/* Bytes in the send queue of this connection. */
	size_t (*queued)(void *ctx, conn_id id);
	/* Copied bytes in the send queues of all connections; shared payloads do not count. */
	size_t (*queued_all)(void *ctx);
	/* Reports that the peer of this connection listens at `a`, as a handshake that we dialled has
	 * proven. Until it disconnects, `a` is not dialled. */
	void (*add_listen_addr)(void *ctx, conn_id id, const struct net_addr *a);
	/* Withdraws what was reported for this connection. */
	void (*clear_listen_addrs)(void *ctx, conn_id id);
	/* Reports that this node listens at `a`: it reached itself there. `a` is never dialled again. */
	void (*add_own_addr)(void *ctx, const struct net_addr *a);
	void *ctx;
};

/* Events, called from the loop. */
struct net_handler {
	void (*opened)(void *arg, const struct conn_info *info);
	/* A message with a valid header and checksum. payload is valid only during the call. */
	void (*message)(void *arg, conn_id id, const char *type, struct span payload);
	/* The send queue was over its limit and is now under half of it. */
	void (*drained)(void *arg, conn_id id);
	void (*closed)(void *arg, conn_id id, const char *reason);
	/* All inbound slots are taken: fills in min_ping_us, last_block_ms, last_tx_ms and
	 * blocks_only for this inbound peer. NULL: these keep their defaults. */
	void (*eviction_info)(void *arg, conn_id id, struct evict_candidate *c);
	void *arg;
};

#endif
