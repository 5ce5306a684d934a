/* The fee rate that a full mempool demands. */
#ifndef TALLY_MEMPOOL_EVICTION_H
#define TALLY_MEMPOOL_EVICTION_H

#define MEMPOOL_MIN_RELAY_RATE 1 /* units per byte */

struct mempool;

/* The fee rate, in units per byte, that a new transaction must pay now. */
double mempool_min_rate(const struct mempool *m);

#endif
