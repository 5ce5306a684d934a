/* Counting messages, and reporting each one as a struct msg_record. */
#ifndef TALLY_PROTOCOL_WIRE_MSG_JOURNAL_PRIV_H
#define TALLY_PROTOCOL_WIRE_MSG_JOURNAL_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/protocol/msg_record.h>

#include "protocol/wire/codec_priv.h"

struct peer;
struct protocol;

void msg_count_in(struct protocol *p, struct peer *peer, size_t payload_bytes);
void msg_count_out(struct protocol *p, struct peer *peer, size_t payload_bytes);

void msg_record_init(struct msg_record *rec, const char *name, size_t payload_bytes);
/* Fills in the summary, if anybody listens. */
void msg_record_describe(const struct protocol *p, const struct msg *m, struct msg_record *rec);
/* Stamps the record with time and peer, and makes the callback. */
void msg_record_report(struct protocol *p, const struct peer *peer, struct msg_record *rec);

#endif
