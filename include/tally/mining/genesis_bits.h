/* The first difficulty of a new chain. */
#ifndef TALLY_MINING_GENESIS_BITS_H
#define TALLY_MINING_GENESIS_BITS_H

#include <stdint.h>

#include <tally/base/clock.h>
#include <tally/consensus/params.h>

/* Compact bits with which one thread of this machine finds a block every p->spacing seconds on
 * average. Hashes for 0.7 s to measure the rate. An instant chain (spacing 0) gets the easiest
 * target. */
uint32_t genesis_bits_measure(const struct chain_params *p, const struct clock *clock);

#endif
