/* How far the synchronisation is, and how fast it goes. */
#ifndef TALLY_PROTOCOL_SYNC_PROGRESS_PRIV_H
#define TALLY_PROTOCOL_SYNC_PROGRESS_PRIV_H

#include <stdint.h>

struct protocol;

#define RATE_SAMPLES 6 /* one a second */

/* Samples at the last ticks, a ring. */
struct sync_rate {
	uint64_t connected[RATE_SAMPLES]; /* sync_state.blocks_connected */
	int64_t at_ms[RATE_SAMPLES];
	unsigned n; /* how many samples were ever taken */
};

/* Hook of the part. */
void progress_tick(struct protocol *p);

#endif
