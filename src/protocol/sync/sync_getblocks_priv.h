/* Synchronisation by getblocks and inv, as in the first version of Bitcoin. */
#ifndef TALLY_PROTOCOL_SYNC_SYNC_GETBLOCKS_PRIV_H
#define TALLY_PROTOCOL_SYNC_SYNC_GETBLOCKS_PRIV_H

#include <stddef.h>

#include <tally/primitives/block.h>

struct peer;
struct protocol;

/* The peer is synchronised by getblocks from now on. */
void getblocks_start(struct protocol *p, struct peer *peer);
/* An inv with n_blocks blocks has come and was queued; `last` is its last block. */
void getblocks_inv_received(struct protocol *p, struct peer *peer, size_t n_blocks,
			    const struct block_hash *last);
/* Requests blocks that the peer has announced. */
void getblocks_refill(struct protocol *p, struct peer *peer);
/* The peer sent a block whose parent is unknown: requests what lies between. */
void getblocks_unconnected(struct protocol *p, struct peer *peer, const struct block *b);
/* Once a second. */
void getblocks_tick(struct protocol *p, struct peer *peer);

#endif
