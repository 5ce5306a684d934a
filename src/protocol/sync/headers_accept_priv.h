/* Storing headers that a peer sent. */
#ifndef TALLY_PROTOCOL_SYNC_HEADERS_ACCEPT_PRIV_H
#define TALLY_PROTOCOL_SYNC_HEADERS_ACCEPT_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/base/err.h>
#include <tally/chain/chain.h>

#include "protocol/wire/codec_priv.h"

struct peer;
struct protocol;

/* ERR_ORPHAN if h does not follow the header `before`. */
bool headers_follow(const struct block_header *h, const struct block_hash *before, struct err *e);
/* Number of leading entries that follow *at and are stored already; *at becomes the last of
 * these. */
size_t headers_skip_known(const struct protocol *p, const struct msg_list *l,
			  struct chain_entry *at);
/* The entries first .. end-1 of a headers message. */
struct header_range {
	const struct msg_list *list;
	size_t first, end;
};
/* Stores the headers in the range. The first must follow *at; *at becomes the last one stored.
 * False: not all were stored, and headers_refused was called. */
bool headers_store(struct protocol *p, struct peer *peer, const struct header_range *r,
		   chain_index *at);
/* A header was refused. Disconnects the peer if the header breaks a rule. */
void headers_refused(struct protocol *p, struct peer *peer, const struct block_header *h,
		     const struct err *e);

#endif
