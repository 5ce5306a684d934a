/* The protocol's state and the lowest helpers: clock, "is there a chain", and the frame around
 * every call from outside. */
#ifndef TALLY_PROTOCOL_CONTEXT_PRIV_H
#define TALLY_PROTOCOL_CONTEXT_PRIV_H

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/protocol/protocol.h>

#include "protocol/part_priv.h"
#include "protocol/peer/handshake_priv.h"
#include "protocol/peer/peers_priv.h"
#include "protocol/relay/relay_priv.h"
#include "protocol/relay/tx_download_priv.h"
#include "protocol/serve/serve_getdata_priv.h"
#include "protocol/wire/shared_payload_priv.h"
#include "protocol/sync/block_intake_priv.h"
#include "protocol/sync/chain_discovery_priv.h"
#include "protocol/sync/orphan_blocks_priv.h"
#include "protocol/sync/progress_priv.h"
#include "protocol/sync/sync_state_priv.h"
#include "protocol/wire/messages_priv.h"

/* A point in time before any other, such that differences don't overflow. */
#define LONG_AGO_MS (INT64_MIN / 2)

/* Callbacks of struct protocol_events to be made when the outermost call ends. */
enum {
	WAKE_CHAIN = 1,
	WAKE_MEMPOOL = 2,
	WAKE_WORK = 4,
	WAKE_PEERS = 8,
	WAKE_OFFERS = 16,
};

struct protocol {
	struct protocol_options o;
	struct transport net;
	const struct part *parts; /* the table in protocol.c, n_parts long */
	size_t n_parts;
	const struct msg_type *const *messages; /* the message table, by enum msg_kind */

	unsigned wake;  /* WAKE_... */
	unsigned depth; /* calls from outside that are on the stack: callbacks may call in again */
	bool has_chain; /* the chain has a genesis, and protocol_chain_ready was called if needed */

	struct list peers; /* struct peer, in order of connection id */
	struct map by_id;  /* conn_id -> struct peer * */
	uint64_t nonce;    /* sent in version: detects connections to ourselves and duplicates */
	uint64_t order;    /* counts connections opened and handshakes completed */
	uint64_t unknown;  /* messages received that are not in the table */
	unsigned second;   /* index into struct peer's per_second */

	/* Scratch buffers: an encoded payload, and the entries gathered for msg_send_list. */
	struct writer out, list;

	struct sync_state sync;
	struct orphan_blocks orphans;
	struct block_intake intake;
	struct sync_rate rate;
	struct relay_state relay;
	struct tx_download txs;
	struct chain_discovery discovery;
	struct handshake_state handshake;
	struct rule_log rule_log;
	struct serve_state serve;
	struct shared_payloads shared;
};

int64_t protocol_now_ms(const struct protocol *p);   /* monotonic */
int64_t protocol_now_unix(const struct protocol *p); /* seconds */

/* False while the node searches for a chain to join (chain_discovery.c). */
bool protocol_has_chain(const struct protocol *p);

/* Whether the part's `ready` and `tick` are called now. */
bool part_is_due(const struct protocol *p, const struct part *part);

/* Frame every call from outside. When the outermost call ends, protocol_leave runs the parts'
 * `leave` hooks and then makes the callbacks requested in p->wake. */
void protocol_enter(struct protocol *p);
void protocol_leave(struct protocol *p);

#endif
