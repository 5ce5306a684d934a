/* A node: everything below wired together, over one libevent loop. */
#ifndef TALLY_NODE_NODE_H
#define TALLY_NODE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/consensus/params.h>
#include <tally/config/config.h>

struct addrbook;
struct bans;
struct chain;
struct event_base;
struct mempool;
struct mining;
struct net;
struct node;
struct protocol;
struct wallet;

/* Priorities of the loop: input and drawing before everything else. */
enum { NODE_PRIO_INPUT = 0, NODE_PRIO_WORK = 1, NODE_PRIORITIES = 2 };

#define MINER_LABEL "miner" /* of the wallet's address that mining pays if none is named */

enum node_mode {
	NODE_OFFLINE, /* databases and commands; no sockets, no threads except the signature workers */
	NODE_ONLINE, /* listens and connects to peers */
};

/* Takes the directory's lock and opens both databases; online it also listens and begins to
 * connect. Makes a missing directory. Then rpc and control attach to the node, and node_start makes
 * it run. c is copied. ERR_BUSY "dir-in-use". */
bool node_open(struct node **out, const struct config *c, enum node_mode mode, struct err *e);
/* Online: starts mining (-miner), the tick of every second and the handling of signals. ERR_USAGE
 * for the address of -miner; then close the node. */
bool node_start(struct node *n, struct err *e);
/* Commits and closes everything. What has attached must be closed before. False: something could
 * not be written. NULL is harmless. */
bool node_close(struct node *n, struct err *e);

/* Runs the loop until node_stop. Returns the exit status: 0, or 1 after a failure, which was logged
 * and is in *e. */
int node_run(struct node *n, struct err *e);
/* Ends node_run. For calls from within the loop. */
void node_stop(struct node *n, const char *why);
/* The same after a failure that makes it impossible to continue, such as a full disk. */
void node_fatal(struct node *n, const struct err *e);
/* Runs the loop until *done is true or the node stops. False: the node has failed. For commands
 * offline. */
bool node_wait(struct node *n, const bool *done, struct err *e);

/* The parts of a node, owned by it. */
struct event_base *node_base(const struct node *n);
const struct config *node_config(const struct node *n);
enum node_mode node_mode(const struct node *n);
const struct clock *node_clock(const struct node *n);
struct chain *node_chain(const struct node *n);
struct wallet *node_wallet(const struct node *n);
struct mining *node_mining(const struct node *n);
struct mempool *node_mempool(const struct node *n);   /* NULL while there is no chain */
struct protocol *node_protocol(const struct node *n); /* NULL offline, and so are the others: */
struct net *node_net(const struct node *n);
struct addrbook *node_addrbook(const struct node *n);
struct bans *node_bans(const struct node *n);

bool node_has_chain(const struct node *n);
/* Makes a chain: p's fields as params_default and the options set them, with name and creator;
 * genesis time is now; with genesis_bits 0 the bits are chosen for the spacing from this machine's
 * hash rate (about a second). ERR_KNOWN "chain-exists". */
bool node_create_chain(struct node *n, struct chain_params *p, struct err *e);

/* What changed, for those who show it. */
enum node_event_bits {
	NODE_EV_PEERS = 1,
	NODE_EV_CHAIN = 2,
	NODE_EV_MEMPOOL = 4,
	NODE_EV_MSGS = 8,
	NODE_EV_LOG = 16,
	NODE_EV_WALLET = 32,
	NODE_EV_MINER = 64,
	NODE_EV_STOP = 128,   /* the node is stopping */
	NODE_EV_SECOND = 256, /* a second has passed: ages and rates */
};
typedef void node_observer(void *arg, unsigned bits);
void node_subscribe(struct node *n, node_observer *fn, void *arg);
void node_unsubscribe(struct node *n, node_observer *fn, void *arg);

/* A renderer of screens for `tally_screen` (the program sets it; the node does not know its
 * screen). Returns text (mem_alloc'ed), rows joined by newlines; NULL: no such size. *more: it
 * shows blocks that were not read yet, and the next call goes on with them. */
typedef char *node_renderer(struct node *n, unsigned cols, unsigned rows, bool *more);
void node_go_headless(struct node *n); /* log lines go to standard output, those so far first */
void node_set_renderer(struct node *n, node_renderer *fn);

#endif
