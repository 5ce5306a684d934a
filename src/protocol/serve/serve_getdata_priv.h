/* Answering getdata. */
#ifndef TALLY_PROTOCOL_SERVE_SERVE_GETDATA_PRIV_H
#define TALLY_PROTOCOL_SERVE_SERVE_GETDATA_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/chain/chain.h>
#include <tally/net/transport.h>

struct inv_item;
struct peer;
struct protocol;

/* Bytes in a peer's send queue above which nothing more is queued for it. */
#define SERVE_QUEUED_MAX (1u << 20)

struct peer_serve {
	struct inv_item *items; /* requested and not served yet: len of them, from head on */
	size_t head, len, cap;
	/* The last block of a full answer to getblocks: once it is served the tip is announced, so
	 * that the peer sends the next getblocks. Bitcoin Core calls it hashContinue. */
	bool has_continue;
	struct block_hash continue_hash;
	bool blocked;             /* its send queue, or all of them together, are full */
	int64_t waiting_since_ms; /* it waits for room that other peers take; 0: it doesn't */
	uint64_t sent_bytes;      /* bytes that it had received at the last tick */
	uint64_t send_rate;       /* bytes/s, exponentially decayed with half-life 1 s, times 2 */
	unsigned backlogged_s;    /* seconds since its send queue was last short (SMALL_QUEUE) */
};

struct serve_state {
	conn_id last_served; /* the next turn begins with the first greater id */
	bool peers_waiting;  /* some peer waits for room that others take */
};

/* Serves requests until the time is up. True: there is more to do. */
bool serve_work(struct protocol *p, int64_t until_us);
/* The peer's send queue has room again. */
void serve_drained(struct protocol *p, struct peer *peer);

/* Hooks of the part. */
void serve_peer_gone(struct protocol *p, struct peer *peer);
void serve_tick(struct protocol *p);

#endif
