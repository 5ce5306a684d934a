/* Txids whose signatures were found valid here lately. A txid fixes its signatures and the
 * coins it spends, so the finding holds on every branch. */
#include <tally/base/mem.h>

#include "mempool/mempool_priv.h"

void verified_add(struct mempool *m, const struct txid *id)
{
	if (map_get(&m->verified, id))
		return;
	if (!m->ring)
		m->ring = mem_array(VERIFIED_RING, sizeof(*m->ring));
	if (m->ring_len == VERIFIED_RING)
		map_del(&m->verified, &m->ring[m->ring_at]);
	else
		m->ring_len++;
	m->ring[m->ring_at] = *id;
	m->ring_at = (m->ring_at + 1) % VERIFIED_RING;
	map_put(&m->verified, id, NULL);
}
