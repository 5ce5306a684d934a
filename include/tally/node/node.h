/* A node: all lower layers wired together, over one libevent loop. */
#ifndef TALLY_NODE_NODE_H
#define TALLY_NODE_NODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/node/observers.h>

struct addrbook;
struct bans;
struct block;
struct chain;
struct chain_params;
struct clock;
struct config;
struct event_base;
struct mempool;
struct mempool_file;
struct mining;
struct net;
struct node;
struct peer_info;
struct protocol;
struct tx;
struct wallet;

/* Priorities of the loop: input and drawing before everything else. */
enum { NODE_PRIO_INPUT = 0, NODE_PRIO_WORK = 1, NODE_PRIORITIES = 2 };

#define MINER_LABEL "miner" /* label of the address that mining pays if no other is named */

enum node_mode {
	/* Databases and commands; no sockets, and no threads except those for signatures and the
	 * disk. */
	NODE_OFFLINE,
	/* Listens and connects to peers. */
	NODE_ONLINE,
};

/* --- life -------------------------------------------------------------------------------- */

/* Takes the directory's lock and opens both databases; online it also listens and begins to
 * connect. Makes a missing directory. Then commands and the control port attach to the node, and
 * node_start makes it run. c is copied. ERR_BUSY "dir-in-use". */
bool node_open(struct node **out, const struct config *c, enum node_mode mode, struct err *e);
/* Online: starts mining (-miner), the tick of every second and the handling of signals. ERR_USAGE
 * or ERR_NOTFOUND for the receiver of -miner; then close the node. */
bool node_start(struct node *n, struct err *e);
/* Commits and closes everything. Close the control port and the commands of
 * this node first. False: something could
 * not be written. NULL is harmless. */
bool node_close(struct node *n, struct err *e);

/* Runs the loop until node_stop. Returns the exit status: 0, or 1 after a failure, which was logged
 * and is in *e. */
int node_run(struct node *n, struct err *e);
/* Offline: runs the loop until *done is true or the node stops. False: the node has failed. */
bool node_wait(struct node *n, const bool *done, struct err *e);
/* Ends node_run; for calls from within the loop. */
void node_stop(struct node *n, const char *why);
/* Ends node_run after a failure such as a full disk, and makes it return the error. */
void node_fatal(struct node *n, const struct err *e);
/* Writes the log lines so far to standard output, and each new one. */
void node_go_headless(struct node *n);

/* --- parts, owned by the node ------------------------------------------------------------ */

struct event_base *node_base(const struct node *n);
const struct config *node_config(const struct node *n);
enum node_mode node_mode(const struct node *n);
const struct clock *node_clock(const struct node *n);
struct chain *node_chain(const struct node *n);
struct wallet *node_wallet(const struct node *n);
struct mining *node_mining(const struct node *n);
/* NULL while there is no chain: */
struct mempool *node_mempool(const struct node *n);
struct mempool_file *node_mempool_file(const struct node *n);
/* NULL offline: */
struct protocol *node_protocol(const struct node *n);
struct net *node_net(const struct node *n);
struct addrbook *node_addrbook(const struct node *n);
struct bans *node_bans(const struct node *n);

/* --- questions ----------------------------------------------------------------------------- */

bool node_has_chain(const struct node *n);
int64_t node_uptime_s(const struct node *n);
/* Bytes of the chain's database on the disk. */
uint64_t node_disk_bytes(const struct node *n);
/* True if no reorganisation is half done and the mempool knows the tip, so that a payment can be
 * made. Always true while catching up, when no payment is accepted anyway. */
bool node_settled(const struct node *n);
/* All peers, online only. The array is mem_alloc'ed. */
struct peer_info *node_peers(const struct node *n, size_t *count);

/* --- changes ------------------------------------------------------------------------------- */

/* Makes a chain. p: its parameters, with name and creator; the genesis time is now. p->genesis_bits
 * 0: chosen so that one thread of this machine needs p->spacing seconds for a block; measuring
 * takes about a second. ERR_KNOWN "chain-exists", ERR_INVALID as params_check. */
bool node_create_chain(struct node *n, struct chain_params *p, struct err *e);
/* Accepts a block from a user, connects it and waits until it is on the disk. b is borrowed.
 * ERR_BUSY "catching-up"; ERR_FUTURE; ERR_INVALID with the token of the rule that it breaks. */
bool node_submit_block(struct node *n, struct block *b, struct err *e);
/* Accepts a transaction into the mempool and announces it. A payment of this wallet is on the disk
 * when this returns. tx is borrowed. ERR_BUSY "catching-up"; ERR_KNOWN if the mempool has it;
 * ERR_INVALID and ERR_POLICY as mempool_accept. */
bool node_submit_tx(struct node *n, struct tx *tx, struct err *e);
/* Offline: reads mempool.dat if that was not done yet, and runs the loop until all of it is
 * checked. Online it is read at the start. */
void node_load_mempool(struct node *n);
/* Sets the clock to this unix time; 0: back to the real one. If it is set forward, timeouts
 * expire as if the time had passed. ERR_USAGE "mocktime": allowed on an instant chain only. */
bool node_set_mocktime(struct node *n, int64_t unix_s, struct err *e);
/* Peer addresses or bans have changed and must reach the disk: now, or as soon as the chain has
 * settled. */
void node_commit_records(struct node *n);

#endif
