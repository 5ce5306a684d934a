/* Requesting transactions that peers announce. */
#ifndef TALLY_PROTOCOL_RELAY_TX_DOWNLOAD_PRIV_H
#define TALLY_PROTOCOL_RELAY_TX_DOWNLOAD_PRIV_H

#include <tally/base/list.h>
#include <tally/base/map.h>
#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>

#include "protocol/hashes_priv.h"

struct peer;
struct protocol;

/* Bounds for one peer. */
#define TX_ANNOUNCED_MAX 5000 /* announced and not requested yet */
#define TX_IN_FLIGHT_MAX 500  /* requested */
#define TX_KNOWN_MAX     5000 /* remembered as transactions that it has, at least */

#define TX_CANDIDATES 8 /* peers remembered that could send a transaction */

struct tx_download {
	struct map requests; /* txid -> struct tx_request * */
	/* Requests by their timeout, oldest first: from peers on the internet, from peers nearby,
	 * and those that are deferred because only unreliable peers have announced the
	 * transaction. */
	struct list remote, nearby, deferred;
	unsigned n_deferred;
	struct hash_memory rejected;  /* not requested again before the tip changes */
	struct hash_memory confirmed; /* by recent blocks */
};

void tx_download_init(struct tx_download *d);
void tx_download_free(struct protocol *p);

/* The peer announced a transaction: queues it if it is wanted. */
void tx_download_announced(struct protocol *p, struct peer *peer, const struct txid *id);
/* Requests what the peer has announced, up to its bound. */
void tx_download_refill(struct protocol *p, struct peer *peer);
/* The peer doesn't have it. */
void tx_download_notfound(struct protocol *p, struct peer *peer, const struct txid *id);

/* A block was connected at the tip: its transactions need not be requested any more. */
void tx_download_block_connected(struct protocol *p, const struct block *b);
/* Confirmed transactions may be unconfirmed again. */
void tx_download_block_disconnected(struct protocol *p);
/* What was rejected may be valid on the new tip. */
void tx_download_tip_changed(struct protocol *p);

/* Hooks of the part. */
void tx_download_peer_gone(struct protocol *p, struct peer *peer);
void tx_download_tick(struct protocol *p);

#endif
