/* Fetching the blocks of known headers from several peers at once. */
#ifndef TALLY_PROTOCOL_SYNC_BLOCK_DOWNLOAD_PRIV_H
#define TALLY_PROTOCOL_SYNC_BLOCK_DOWNLOAD_PRIV_H

struct peer;
struct protocol;

/* Requests blocks from the peer, as far as its bound and the window allow. */
void block_download_refill(struct protocol *p, struct peer *peer);
/* Once a second: disconnects the peer if it holds the window back. */
void block_download_tick(struct protocol *p, struct peer *peer);
/* A block was connected: the window has moved. */
void block_download_connected(struct protocol *p);

#endif
