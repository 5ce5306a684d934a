/* The driver of block synchronisation: chooses a method for each peer and keeps requests
 * flowing. */
#ifndef TALLY_PROTOCOL_SYNC_SYNC_PRIV_H
#define TALLY_PROTOCOL_SYNC_SYNC_PRIV_H

#include <stdbool.h>

struct peer;
struct protocol;

/* Accepts orphan blocks whose parents have arrived, and refills. True: there is more to do. */
bool sync_work(struct protocol *p);
/* The chain has connected blocks: resumes reading from peers that were paused for it. */
void sync_resume(struct protocol *p);
/* The chain has nothing left to connect. */
void sync_chain_idle(struct protocol *p);

/* Hooks of the part. */
void sync_peer_init(struct protocol *p, struct peer *peer);
void sync_peer_ready(struct protocol *p, struct peer *peer);
void sync_peer_gone(struct protocol *p, struct peer *peer);
void sync_tick(struct protocol *p);
void sync_run_deferred(struct protocol *p);

#endif
