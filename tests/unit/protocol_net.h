/* A small network in memory for the tests of the protocol: real chains, stores and mempools, a
 * transport that queues messages in memory, and one clock that the test sets. */
#ifndef TESTS_UNIT_PROTOCOL_NET_H
#define TESTS_UNIT_PROTOCOL_NET_H

#include "store_dir.h"

#include <tally/base/list.h>
#include <tally/base/text.h>
#include <tally/consensus/target.h>
#include <tally/crypto/pow.h>
#include <tally/primitives/script.h>
#include <tally/protocol/protocol.h>

#include "protocol/wire/codec_priv.h"
#include "protocol/wire/messages_priv.h"
#include "protocol/wire/version_priv.h"

#define NET_T0      1700000000 /* time of genesis */
#define NET_NOW     (NET_T0 + 100000)
#define NET_NODES   8
#define NET_CONNS   64
#define NET_RECORDS 20000

struct tnet;
struct tconn;

struct tmsg {
	struct list link;
	char command[13]; /* "": the connection was closed */
	size_t len;
	uint8_t payload[];
};

/* One end of a connection. Without a node, the test plays the peer and reads the inbox itself. */
struct tconn {
	struct tnode *node;
	struct tconn *other;
	struct conn_info info;
	struct list inbox;
	size_t inbox_bytes;
	bool open, paused;
	bool above;              /* the queue was above 1 MB: `drained` follows */
	struct net_addr listens; /* what the node reported by listens_at */
	enum close_kind kind;    /* how this end was closed */
	char reason[400];        /* why: our reason, or "closed by peer" */
};

struct tnode {
	struct tnet *net;
	unsigned at;
	struct store *store;
	struct sigpool *sigpool;
	struct chain *chain;
	struct mempool *mempool;
	struct addrbook *book;
	struct protocol *protocol;
	size_t queued_all; /* bytes that the transport reports for all send queues */
	struct rng_seeded rng;
	struct chain_events chain_events;
	struct mempool_events mempool_events;
	struct protocol_events events;
	bool work_chain, work_mempool, work_protocol;
	bool refuse; /* adopt refuses every chain */
	unsigned adopted, offers_events;
	unsigned catching_seen; /* turns during which it was catching up */
	struct msg_record *records;
	size_t n_records;
	uint64_t sent_blocks;
	struct net_addr own; /* its own address, found by a connection to itself */
};

struct tnet {
	unsigned at; /* number of this network in the test program, for its directory */
	struct fixture *dir;
	struct clock_manual clock;
	struct tnode nodes[NET_NODES];
	size_t n_nodes;
	struct tconn *conns[NET_CONNS];
	size_t n_conns;
	conn_id next_id;
	enum sync_mode sync; /* for nodes that are added from now on */
};

/* --- blocks ------------------------------------------------------------------------ */

/* The key of test user n, and its hash. */
struct key_seed test_seed(uint8_t n);
struct key_hash test_owner(uint8_t n);

/* Genesis of an instant chain with this name; its time is NET_T0 or given. */
struct block *test_genesis(const char *name);
struct block *test_genesis_at(const char *name, int64_t time);
/* Completes merkle root and nonce. raws: the n transactions. */
struct block *mine(struct block_header h, const struct span *raws, size_t n);

/* A block on top of prev; tx may be NULL. `salt` makes branches differ. */
struct block *block_upon(const struct block *prev, uint32_t height, uint8_t salt,
			 const struct tx *tx);

/* The blocks after `from`, n of them: [0] is `from`, or a new genesis if it is NULL. */
struct block **chain_make(const struct block *from, uint32_t from_height, size_t n, uint8_t salt);
void chain_drop(struct block **all, size_t n);

/* Spends output 0 of `from`, which pays owner 1, leaving a fee. */
struct tx *pay_from(const struct tx *from, const struct block_hash *genesis, int64_t fee,
		    bool good_signature);

/* --- the transport ------------------------------------------------------------------- */

/* Queues a message for one end. */
void inbox_put(struct tconn *to, const char *command, struct span payload);
void inbox_clear(struct tconn *c);
/* The transport's close: also for tests that end a connection. ctx: the struct tnode. */
void fake_close(void *ctx, conn_id id, enum close_kind kind, const char *reason);

/* --- a node --------------------------------------------------------------------------- */

/* A new network in the fixture's directory. net_drop frees it. */
struct tnet *net_of(void **state);
void net_drop(struct tnet *net);

/* A node with the blocks all[0 .. n_blocks]; without a chain if `all` is NULL. */
struct tnode *node_add(struct tnet *net, struct block **all, size_t n_blocks);
/* It joins only the chain with the genesis `wanted`. */
struct tnode *node_add_with(struct tnet *net, struct block **all, size_t n_blocks,
			    const struct block_hash *wanted);

/* --- connections ------------------------------------------------------------------------ */

struct net_addr loopback(uint16_t port); /* 127.0.0.1 */
struct net_addr ipv4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);
/* One end only: the caller sets `other` of both ends and calls conn_opened. */
struct tconn *conn_end(struct tnet *net, struct tnode *node, enum conn_kind kind,
		       struct net_addr peer, struct net_addr local);
void conn_opened(struct tconn *c);

/* `from` dials `to`; NULL: a peer that the test plays. Returns the end of `from`. */
struct tconn *conn_between(struct tnet *net, struct tnode *from, struct tnode *to,
			   enum conn_kind kind, struct net_addr there);
/* An outbound connection between two nodes, at loopback port 3000 + to->at. */
struct tconn *dial(struct tnode *from, struct tnode *to);

/* The test plays a peer, and this peer dials the node. Returns the test's end. */
struct tconn *raw_dials(struct tnode *to);

/* The node dials a peer, which the test plays. Returns the test's end. */
struct tconn *raw_dialled(struct tnode *from, uint16_t port);
/* Delivers the oldest message of a node's end. Returns true. */
bool deliver_one(struct tconn *c);

/* Delivers messages and does work until nothing is left to do. */
void run(struct tnet *net);
/* Advances the clock second by second: ticks every node and runs the network. */
void pass(struct tnet *net, unsigned seconds);

/* --- peers that the test plays ----------------------------------------------------------- */

/* Queue a message from the test's peer: any bytes, or an encoded message. */
void raw_send(struct tconn *raw, const char *command, const void *payload, size_t n);
void raw_msg(struct tconn *raw, const struct msg *m);

/* Fields of a version message. */
struct raw_version {
	int32_t version; /* 0: ours */
	int32_t height;
	uint16_t port;                /* it claims to listen there */
	uint64_t nonce;               /* 0: one of its own */
	const struct block_hash *tag; /* NULL: no chain tag */
	const char *agent;            /* NULL: the default */
	int64_t clock_ahead;          /* seconds */
};
void raw_version(struct tconn *raw, struct raw_version v);
/* kind: inv, getdata or notfound. */
void raw_inv(struct tconn *raw, enum msg_kind kind, enum inv_type type,
	     const struct hash256 *hashes, size_t n);
void raw_block(struct tconn *raw, struct block *b);

/* Removes the next message with this name, and all before it, from the inbox. NULL: there is none.
 * The caller frees it. */
struct tmsg *raw_next(struct tconn *raw, const char *command);
/* As raw_next, and frees it. */
bool raw_got(struct tconn *raw, const char *command);

/* An inbound peer that the test plays, after its handshake; the inbox is empty. */
struct tconn *raw_peer(struct tnode *to);

/* --- assertions -------------------------------------------------------------------------- */

bool same_tip(const struct tnode *a, const struct tnode *b);

#define assert_tip(n, b)                                                           \
	do {                                                                       \
		struct chain_entry tip_ = chain_tip((n)->chain);                   \
		if (!hash256_equal(&tip_.hash.h, &(b)->hash.h))                    \
			fail_msg("node %u is at height %u", (n)->at, tip_.height); \
	} while (0)

/* Number of messages of this name and direction that the node has recorded. */
size_t count_msgs(const struct tnode *n, bool out, const char *command);
/* The node has closed this connection, with this kind and a reason that contains `part`. */
void assert_closed(const struct tconn *raw, enum close_kind kind, const char *part);
int group_setup(void **state);

#endif
