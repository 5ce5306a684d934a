/* Ids of the last transactions whose signatures were found valid. A transaction id fixes the
 * signatures and the coins spent, so they are valid on every branch. */
#ifndef TALLY_MEMPOOL_SIG_CACHE_PRIV_H
#define TALLY_MEMPOOL_SIG_CACHE_PRIV_H

#include <tally/base/map.h>
#include <tally/primitives/tx.h>

struct sig_cache {
	struct map ids; /* a set: those in the ring */
	struct txid *ring;
	size_t ring_at, ring_len;
};

void sig_cache_init(struct sig_cache *sc);
void sig_cache_clear(struct sig_cache *sc);
void sig_cache_add(struct sig_cache *sc, const struct txid *id);
bool sig_cache_has(const struct sig_cache *sc, const struct txid *id);

#endif
