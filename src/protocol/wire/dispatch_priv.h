/* Receiving messages. Every message that a peer sends passes here before it is handled. */
#ifndef TALLY_PROTOCOL_WIRE_DISPATCH_PRIV_H
#define TALLY_PROTOCOL_WIRE_DISPATCH_PRIV_H

#include <tally/base/bytes.h>

struct peer;
struct protocol;

/* Counts, checks, decodes, reports and handles one message. A malformed one closes the
 * connection. */
void dispatch_receive(struct protocol *p, struct peer *peer, const char *name, struct span payload);

#endif
