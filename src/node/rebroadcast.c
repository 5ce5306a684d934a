#include "node/rebroadcast_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

#include "node/node_priv.h"

#define REBROADCAST_MAX 1000 /* payments at a time */
#define REBROADCAST_MS  (5 * 60 * 1000)

void node_rebroadcast(struct node *n)
{
	struct tx **txs = mem_array(REBROADCAST_MAX, sizeof(*txs));
	const size_t count = wallet_unconfirmed(n->wallet, txs, REBROADCAST_MAX);

	for (size_t i = 0; i < count && i < REBROADCAST_MAX; i++) {
		struct mempool_entry en;

		if (!mempool_get(n->mempool, &txs[i]->id, &en))
			mempool_submit(n->mempool, txs[i], 0, NULL);
		else if (n->protocol)
			protocol_tx_added(n->protocol, &en);
		tx_unref(txs[i]);
	}
	free(txs);
	n->rebroadcast_ms = clock_mono_ms(&n->clock.clock);
	node_schedule(n, WORK_MEMPOOL | WORK_PROTOCOL);
}

void node_rebroadcast_due(struct node *n)
{
	if (n->wallet_caught_up &&
	    clock_mono_ms(&n->clock.clock) - n->rebroadcast_ms >= REBROADCAST_MS)
		node_rebroadcast(n);
}
