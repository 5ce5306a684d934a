/* A node: everything below wired together, over one libevent loop. */
#ifndef TALLY_NODE_NODE_H
#define TALLY_NODE_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/consensus/params.h>
#include <tally/config/config.h>

struct event_base;
struct node;

/* Priorities of the loop: input and drawing before everything else. */
enum { NODE_PRIO_INPUT = 0, NODE_PRIO_WORK = 1, NODE_PRIORITIES = 2 };

enum node_mode {
	NODE_OFFLINE, /* the databases and the commands; no sockets, no threads but the signature workers' */
	NODE_ONLINE, /* listens, dials, serves the control port */
};

/* Takes the directory's lock, opens both databases, and, online, starts listening. Makes the
 * directory where it is missing, unless must_exist. ERR_BUSY "dir-in-use". */
bool node_open(struct node **out, const struct config *c, enum node_mode mode, struct err *e);
/* Commits, and closes everything. False: what was not durable yet could not be written. NULL is harmless. */
bool node_close(struct node *n, struct err *e);

struct event_base *node_base(const struct node *n);
/* Runs the loop until node_stop. Returns the exit status: 0, or 1 after a failure (which was logged and is
 * in *e). */
int node_run(struct node *n, struct err *e);
/* Ends node_run from within the loop. */
void node_stop(struct node *n, const char *why);
/* The same after a failure nobody can go on from. */
void node_fatal(struct node *n, const struct err *e);
/* Turns the loop until *done is true (for commands offline). */
bool node_wait(struct node *n, const bool *done, struct err *e);

bool node_has_chain(const struct node *n);
/* Makes a chain: p's fields as params_default and the options set them, with name and creator; genesis time is now; with
 * genesis_bits 0 the bits are chosen for the spacing from this machine's hash rate (about a second).
 * ERR_KNOWN "chain-exists". */
bool node_create_chain(struct node *n, struct chain_params *p, struct err *e);

/* May it receive: an address, or a label that exists or can be made? ERR_USAGE. */
bool node_check_receiver(const char *text, struct err *e);
/* An address, or a label of the wallet (made on first use where `make`). ERR_USAGE, ERR_NOTFOUND
 * "unknown-label". */
bool node_resolve_address(struct node *n, const char *text, bool make, struct key_hash *out,
			  struct err *e);

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

/* A renderer of screens for `tally_screen` (the program sets it; the node does not know its screen). Returns text
 * (mem_alloc'ed), rows joined by newlines; NULL: no such size. *more: it shows blocks that were not read yet, and the
 * next call goes on with them. */
typedef char *node_renderer(struct node *n, unsigned cols, unsigned rows, bool *more);
void node_go_headless(struct node *n); /* log lines go to standard output, those so far first */
void node_set_renderer(struct node *n, node_renderer *fn);

#endif
