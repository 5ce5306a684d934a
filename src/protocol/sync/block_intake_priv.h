/* Blocks that arrive. */
#ifndef TALLY_PROTOCOL_SYNC_BLOCK_INTAKE_PRIV_H
#define TALLY_PROTOCOL_SYNC_BLOCK_INTAKE_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/map.h>
#include <tally/chain/chain.h>

struct peer;
struct protocol;

struct block_intake {
	/* Which connection sent a block, until the block is connected: block hash -> conn_id. The
	 * ring of the last hashes bounds the map. */
	struct map senders;
	struct block_hash *sender_ring;
	size_t sender_at;
	/* Stored blocks of branches with less work than sync_min_work. */
	uint64_t low_work_bytes;
	bool low_work_logged;
	chain_index last_tip;
};

void block_intake_init(struct block_intake *in);
void block_intake_free(struct block_intake *in);

/* Accepts orphan blocks whose parents have arrived, at most `max`. True: there are more. */
bool block_intake_orphans(struct protocol *p, unsigned max);

/* Notifications from the chain: a block was connected; a block was found invalid; the tip
 * changed. */
void block_intake_connected(struct protocol *p, const struct chain_entry *at,
			    const struct block *b);
void block_intake_invalid(struct protocol *p, const struct block_hash *hash, const struct err *why);
void block_intake_tip_changed(struct protocol *p, const struct chain_entry *tip);

#endif
