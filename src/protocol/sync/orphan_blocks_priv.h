/* Orphan blocks: blocks that arrived before their parents. */
#ifndef TALLY_PROTOCOL_SYNC_ORPHAN_BLOCKS_PRIV_H
#define TALLY_PROTOCOL_SYNC_ORPHAN_BLOCKS_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/net/transport.h>
#include <tally/primitives/block.h>

struct peer;
struct protocol;

struct orphan_blocks {
	struct map by_hash, by_parent; /* -> struct orphan_block * */
	struct list waiting;           /* for their parents, oldest first */
	struct list ready;             /* the parent has arrived */
	size_t n;                      /* in both lists */
	uint64_t bytes;
};

void orphan_blocks_init(struct orphan_blocks *o);
void orphan_blocks_free(struct protocol *p);

bool orphan_blocks_has(const struct orphan_blocks *o, const struct block_hash *hash);
/* More than half of the room is taken. */
bool orphan_blocks_half_full(const struct orphan_blocks *o);

/* Keeps a block that the peer sent. False: there is no room, or this peer has used its half. */
bool orphan_blocks_add(struct protocol *p, struct block *b, struct peer *peer);
/* `parent` is stored: its children become ready. */
void orphan_blocks_release(struct protocol *p, const struct block_hash *parent);
/* Removes the next ready block; *from is the connection that sent it. NULL: none is ready. The
 * caller owns the reference. */
struct block *orphan_blocks_next(struct protocol *p, conn_id *from);

/* Drops the waiting blocks that this peer sent. */
void orphan_blocks_peer_gone(struct protocol *p, const struct peer *peer);
/* Drops blocks that have waited for too long. */
void orphan_blocks_expire(struct protocol *p);

#endif
