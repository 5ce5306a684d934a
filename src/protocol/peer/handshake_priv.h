/* version and verack. */
#ifndef TALLY_PROTOCOL_PEER_HANDSHAKE_PRIV_H
#define TALLY_PROTOCOL_PEER_HANDSHAKE_PRIV_H

#include <stdbool.h>

#include <tally/protocol/protocol.h>

struct peer;
struct protocol;

struct handshake_state {
	bool has_other_chain;
	struct other_chain other_chain; /* see protocol_other_chain */
};

/* A connection was opened: sends version if we opened it. */
void handshake_start(struct protocol *p, struct peer *peer);

/* Disconnects a peer whose chain is not ours, or not the only one that we would join. */
void handshake_close_other_chain(struct protocol *p, struct peer *peer,
				 const struct block_hash *theirs);

/* Hook of the part: closes connections whose handshake takes more than 60 s. */
void handshake_tick(struct protocol *p);

#endif
