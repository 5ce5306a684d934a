/* The parts of the protocol (sync, relay, ping, ...) as protocol.c sees them: one row of hooks for
 * each. Peers and context call the hooks through this table, so that they need not know the parts
 * above them. */
#ifndef TALLY_PROTOCOL_PART_PRIV_H
#define TALLY_PROTOCOL_PART_PRIV_H

struct peer;
struct protocol;

/* When `ready` and `tick` of a part are called. */
enum part_when { PART_ALWAYS, PART_WITH_CHAIN, PART_WITHOUT_CHAIN };

/* Every hook may be NULL. */
struct part {
	enum part_when when;
	/* A connection was opened: sets up the part's own fields of the peer. */
	void (*init)(struct protocol *p, struct peer *peer);
	/* The handshake is complete. */
	void (*ready)(struct protocol *p, struct peer *peer);
	/* The other end or the network closed the connection. Called before `gone`, and while the
	 * peer still counts as live; not called for a peer that this node disconnected itself. */
	void (*lost)(struct protocol *p, struct peer *peer);
	/* The peer is closing: frees what the part holds for it and moves its requests to other
	 * peers. Called twice for a peer that this node disconnects: at once, and when the
	 * connection has ended. */
	void (*gone)(struct protocol *p, struct peer *peer);
	/* Once a second. */
	void (*tick)(struct protocol *p);
	/* At the end of every call from outside: does what was deferred during the call. */
	void (*leave)(struct protocol *p);
};

#endif
