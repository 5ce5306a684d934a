/* Opening and closing a chain, and its genesis block. */
#ifndef TALLY_CHAIN_CHAIN_OPEN_H
#define TALLY_CHAIN_CHAIN_OPEN_H

#include <tally/base/clock.h>
#include <tally/chain/chain_state.h>
#include <tally/crypto/sigpool.h>
#include <tally/store/store.h>

#define CHAIN_CACHE_DEFAULT (UINT64_C(16) << 20)

struct chain_options {
	struct store *store;               /* borrowed */
	struct sigpool *sigpool;           /* borrowed */
	const struct clock *clock;         /* borrowed */
	uint64_t cache_bytes;              /* at most this much for the write-back cache of coins */
	const struct chain_events *events; /* borrowed; may be NULL */
	void *events_arg;
};

/* Loads the headers and the tip, but no blocks. ERR_CORRUPT "db-damaged" if they contradict each
 * other; else the store's errors. */
bool chain_open(struct chain **out, const struct chain_options *o, struct err *e);
/* Commits what is connected and undoes what is only applied ahead. Reports no events. NULL is
 * harmless. */
void chain_close(struct chain *c);

/* Makes b the genesis block of a chain that has none; it is on disk when this returns. ERR_INVALID
 * as genesis_read, ERR_KNOWN "chain-exists" if there is one already. */
bool chain_set_genesis(struct chain *c, struct block *b, struct err *e);

#endif
