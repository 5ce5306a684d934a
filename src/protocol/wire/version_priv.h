/* The payload of version. */
#ifndef TALLY_PROTOCOL_WIRE_VERSION_PRIV_H
#define TALLY_PROTOCOL_WIRE_VERSION_PRIV_H

#include "protocol/wire/codec_priv.h"
#include "protocol/wire/messages_priv.h"

bool version_decode(struct msg *m, const struct msg_type *type, struct span payload, struct err *e);
void version_encode(struct writer *w, const struct msg *m, const struct msg_type *type);
void version_describe(const struct protocol *p, const struct msg *m, struct msg_record *rec);

/* Finds the tag `chain=<64 hex digits>` among the comments of a user agent (BIP 14). *found says
 * whether there is one. False: there is one, and it is malformed. */
bool version_chain_tag(struct span agent, struct block_hash *out, bool *found);

#endif
