/* Headers of a chain that has too little work so far to be stored. */
#ifndef TALLY_PROTOCOL_SYNC_HEADERS_PRESYNC_PRIV_H
#define TALLY_PROTOCOL_SYNC_HEADERS_PRESYNC_PRIV_H

#include <stddef.h>

#include <tally/chain/chain.h>

#include "protocol/wire/codec_priv.h"

struct peer;
struct protocol;

enum presync_result {
	PRESYNC_NOT_MINE, /* the headers don't continue a presync */
	PRESYNC_CONSUMED, /* they were handled; the presync goes on or has ended */
	PRESYNC_STORED, /* the chain has enough work: all of the message was stored, up to *last */
};

/* Starts a presync with the entries from `first` on, which follow the block *at and are not
 * stored. */
enum presync_result headers_presync_start(struct protocol *p, struct peer *peer,
					  const struct msg_list *l, size_t first, chain_index *at);
/* Headers have come, at least one. */
enum presync_result headers_presync_receive(struct protocol *p, struct peer *peer,
					    const struct msg_list *l, chain_index *last);
/* Ends the peer's presync, if there is one. */
void headers_presync_free(struct peer *peer);

#endif
