/* Blocks on their way to peers: a large block is in memory once, however many peers it is sent
 * to. */
#ifndef TALLY_PROTOCOL_WIRE_SHARED_PAYLOAD_PRIV_H
#define TALLY_PROTOCOL_WIRE_SHARED_PAYLOAD_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/base/map.h>
#include <tally/net/transport.h>
#include <tally/primitives/block.h>

struct protocol;

struct shared_payloads {
	struct map by_hash; /* block hash -> struct shared_payload * */
	size_t bytes;       /* of all of them */
};

void shared_payload_init(struct shared_payloads *s);
void shared_payload_free(struct shared_payloads *s); /* after the net: none is in use */

/* Queues a block for a connection, without a copy if it is large. `command` is its message's name.
 * False: the connection has ended. */
bool shared_payload_send(struct protocol *p, conn_id to, const char *command,
			 const struct block *b);

#endif
