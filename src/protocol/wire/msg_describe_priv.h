/* Pieces of the one-line summaries that several messages share. Each appends to rec->summary. */
#ifndef TALLY_PROTOCOL_WIRE_MSG_DESCRIBE_PRIV_H
#define TALLY_PROTOCOL_WIRE_MSG_DESCRIBE_PRIV_H

#include <stddef.h>

#include <tally/protocol/msg_record.h>

#include "protocol/wire/codec_priv.h"

struct protocol;

/* The hash in short form, after `before`. */
void describe_hash(struct msg_record *rec, const char *before, const struct hash256 *h);
/* "3 blocks" or "block", separated from what precedes; nothing if n is 0. */
void describe_count(struct msg_record *rec, size_t n, const char *noun);
/* For rows of the message table: inv, getdata and notfound. */
void describe_inv(const struct protocol *p, const struct msg *m, struct msg_record *rec);

#endif
