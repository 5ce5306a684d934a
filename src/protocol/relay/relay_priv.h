/* Announcing new tips and transactions to peers. */
#ifndef TALLY_PROTOCOL_RELAY_RELAY_PRIV_H
#define TALLY_PROTOCOL_RELAY_RELAY_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/chain/chain.h>
#include <tally/primitives/tx.h>

#include "protocol/hashes_priv.h"

struct peer;
struct protocol;

struct peer_relay {
	/* Transactions. */
	bool wants_txs;                  /* from its version */
	struct hash_memory known_txs;    /* transactions that it has */
	uint64_t cursor;                 /* position in relay_state.ring: announced up to here */
	struct hash_queue announced_txs; /* announced by it and not requested yet */
	unsigned in_flight;              /* transactions requested from it */
	bool tx_timed_out;      /* true if the last transaction requested from it timed out */
	bool mempool_requested; /* we sent it the message mempool */
	bool mempool_sent;      /* we answered its message mempool, at mempool_ms */
	int64_t mempool_ms;

	/* Tips. */
	bool prefers_headers; /* it sent sendheaders (BIP 130) */
	/* CHAIN_NONE: none. */
	chain_index best_announced; /* best block announced by us to it, or by it to us */
	chain_index best_shown;     /* best block that it knows we have */
};

struct relay_state {
	chain_index announced;     /* the tip that was last announced */
	chain_index tip_last_tick; /* the tip at the last tick */
	struct txid *ring;         /* transactions to announce, shared by all peers */
	uint64_t ring_head;        /* how many were ever added */
};

/* Announces the tip to every peer that doesn't have it. */
void relay_tip(struct protocol *p);
/* The peer has learnt that we have this block: it was sent or announced to it. */
void relay_block_shown(const struct protocol *p, struct peer *peer, chain_index i);
/* Announces a transaction with the next relay_work. */
void relay_tx(struct protocol *p, const struct txid *id);
/* Announces transactions until the time is up. True: there is more to do. */
bool relay_work(struct protocol *p, int64_t until_us);

void relay_init(struct relay_state *r);
void relay_free(struct relay_state *r);

/* Hooks of the part. */
void relay_peer_init(struct protocol *p, struct peer *peer);
void relay_peer_ready(struct protocol *p, struct peer *peer);
void relay_peer_gone(struct protocol *p, struct peer *peer);
void relay_tick(struct protocol *p);

#endif
