#include "mempool/sig_cache_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#define SIG_CACHE_MAX 20000

void sig_cache_init(struct sig_cache *sc)
{
	memset(sc, 0, sizeof(*sc));
	map_init(&sc->ids, sizeof(struct txid), 0);
}

void sig_cache_clear(struct sig_cache *sc)
{
	free(sc->ring);
	map_clear(&sc->ids);
	sig_cache_init(sc);
}

bool sig_cache_has(const struct sig_cache *sc, const struct txid *id)
{
	return map_get(&sc->ids, id) != NULL;
}

void sig_cache_add(struct sig_cache *sc, const struct txid *id)
{
	if (sig_cache_has(sc, id))
		return;
	if (!sc->ring)
		sc->ring = mem_array(SIG_CACHE_MAX, sizeof(*sc->ring));
	if (sc->ring_len == SIG_CACHE_MAX)
		map_del(&sc->ids, &sc->ring[sc->ring_at]);
	else
		sc->ring_len++;
	sc->ring[sc->ring_at] = *id;
	sc->ring_at = (sc->ring_at + 1) % SIG_CACHE_MAX;
	map_put(&sc->ids, id, NULL);
}
