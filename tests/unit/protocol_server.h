/* Two chains that are made once, and peers that the test plays, which serve them by headers. */
#ifndef TESTS_UNIT_PROTOCOL_SERVER_H
#define TESTS_UNIT_PROTOCOL_SERVER_H

#include "protocol_net.h"

#define LONG   2400 /* height of the first chain: more headers than fit into one message */
#define BRANCH 10   /* height of the last block that both chains share */
#define OTHER  2450 /* height of the second chain: it has more work than the first */

extern struct block **blocks; /* heights 0 .. LONG, made once */
extern struct block **others; /* the same up to BRANCH; heights 0 .. OTHER */

int server_setup(void **state);
int server_teardown(void **state);

/* A peer that answers getheaders and getdata with all[0 .. n]. */
struct server {
	struct tconn *raw;
	struct block **all;
	size_t n;
	size_t from; /* it sends no block below this height */
	bool headers_only;
	bool changes_headers; /* it sends fewer headers when they are read for the second time */
	size_t requested;     /* blocks requested from it */
	size_t getheaders, getblocks;
	size_t highest; /* height of the highest block requested */
};
/* The node dials such a peer, which has the blocks all[0 .. n]. */
struct server serve(struct tnode *to, uint16_t port, struct block **all, size_t n);

/* Sends the headers of all[first .. end - 1]. */
void send_headers(struct tconn *raw, struct block **all, size_t first, size_t end);

/* Answers what is in its inbox. False: nothing was. */
bool server_turn(struct server *s);
/* Runs the network and n such peers until nothing is left to do; for some seconds. */
void serve_all(struct tnet *net, struct server *s, size_t n);
void pass_serving(struct tnet *net, struct server *s, size_t n, unsigned seconds);
/* The node has the header of this block. */
bool knows(const struct tnode *n, const struct block *b);
/* Index of the first record of this direction and name; fails if there is none. */
size_t place_of(const struct tnode *n, bool out, const char *command);
/* Gives the node the blocks all[first .. last], as if it had mined them. */
void accept_blocks(struct tnode *n, struct block **all, size_t first, size_t last);

#endif
