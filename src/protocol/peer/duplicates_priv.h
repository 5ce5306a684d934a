/* Two connections to the same node: finding them, and agreeing with the other end on which one to
 * keep. */
#ifndef TALLY_PROTOCOL_PEER_DUPLICATES_PRIV_H
#define TALLY_PROTOCOL_PEER_DUPLICATES_PRIV_H

#include <stdbool.h>
#include <stdint.h>

struct peer;
struct protocol;

/* An inbound peer can be the only connection to a node that we dialled: the node closed our
 * connection as a duplicate of its own. Until this expires, the address that we dialled counts as
 * connected and is not dialled again. */
struct peer_duplicate {
	int64_t since_ms; /* 0: not so */
	int64_t wait_ms;  /* expires after this time; grows each time */
};

/* Closes one of two connections to the same node, if `peer` is one of two and it is for us to
 * close. True: `peer` was closed. */
bool duplicates_close(struct protocol *p, struct peer *peer);

/* Hooks of the part. */
void duplicates_peer_lost(struct protocol *p, struct peer *peer);
void duplicates_peer_gone(struct protocol *p, struct peer *peer);
void duplicates_tick(struct protocol *p);

#endif
