/* What the protocol needs of the network, as a table, so that a simulator can put another in its
 * place; and what the network tells in return. */
#ifndef TALLY_NET_TRANSPORT_H
#define TALLY_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/bytes.h>
#include <tally/net/addr.h>

struct evict_candidate;

typedef uint32_t conn_id; /* 1 upward, never reused while the program runs */

enum conn_kind {
	CONN_INBOUND,
	CONN_OUTBOUND, /* dialled from the address book, or the central node: one of the slots */
	CONN_MANUAL,   /* a person asked for it: -connect, -addnode, the prompt */
	CONN_FEELER, /* dialled to see whether the address is a node's; left once it has greeted us */
};
#define CONN_KINDS (CONN_FEELER + 1)

struct conn_info {
	conn_id id;
	enum conn_kind kind;
	struct net_addr peer;  /* the other end */
	struct net_addr local; /* our end */
};

/* Why a connection is closed: what is done about the address. */
enum close_kind {
	CLOSE_PLAIN,      /* nothing to be held against it */
	CLOSE_DISCOURAGE, /* it broke the rules: discouraged (loopback: only closed) */
	CLOSE_DROP,       /* nothing to be held against it, but what is queued must go */
};

/* Bytes in a send queue that belong to somebody else. */
struct loan {
	struct span bytes; /* of a payload; they stay where they are until */
	/* this is called, once for each time it was lent: they are sent, or never will be. */
	void (*done)(struct loan *l);
};

struct transport {
	/* Queues a whole message. Never blocks; bytes are copied. False where the connection is
	 * gone. */
	bool (*send)(void *ctx, conn_id id, const char *command, struct span payload);
	/* As send, with a payload that is not copied. Where it fails, it is given back within the call. */
	bool (*lend)(void *ctx, conn_id id, const char *command, struct loan *l);
	/* With CLOSE_PLAIN what is queued is still sent. `closed` follows, from the loop, never from
	 * within this call. reason is copied. */
	void (*close)(void *ctx, conn_id id, enum close_kind kind, const char *reason);
	/* Stops and resumes reading from this peer. */
	void (*pause)(void *ctx, conn_id id, bool paused);
	/* Bytes queued and not yet taken by the system. */
	size_t (*queued)(void *ctx, conn_id id);
	/* Bytes that were copied into the queues of all connections and wait there; what is lent is not among them. */
	size_t (*queued_all)(void *ctx);
	/* Proven by a handshake with whom was dialled at `a`: there this connection's peer listens, so that it
	 * is not dialled again while it is connected; port 0: that is forgotten. id 0: there we listen ourselves. */
	void (*listens_at)(void *ctx, conn_id id, const struct net_addr *a);
	void *ctx;
};

/* Told from the loop. */
struct net_handler {
	void (*opened)(void *arg, const struct conn_info *info);
	/* payload is valid during the call only; checksum and framing are right. */
	void (*message)(void *arg, conn_id id, const char *command, struct span payload);
	/* The send queue has drained below half of its bound after having been above. */
	void (*drained)(void *arg, conn_id id);
	void (*closed)(void *arg, conn_id id, const char *reason);
	/* The house is full: what is known in favour of this inbound peer (ping, last block and
	 * transaction, blocks_only). May be NULL: nothing is. */
	void (*merits)(void *arg, conn_id id, struct evict_candidate *c);
	void *arg;
};

#endif
