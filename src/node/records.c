#include "node/records_priv.h"

#include "node/node_priv.h"

#define COMMIT_S 10 /* seconds between commits of records that are not urgent */

/* While blocks are being connected, the chain's own commits include the records. */
static bool may_commit(const struct node *n)
{
	return store_pending(n->store) && !chain_catching_up(n->chain) && chain_settled(n->chain);
}

void node_commit_records(struct node *n)
{
	struct err err = {0};

	n->commit_due = !may_commit(n);
	if (!n->commit_due && !chain_commit(n->chain, &err))
		node_fatal(n, &err);
}

void records_tick(struct node *n)
{
	if (!n->commit_due && clock_mono_ms(clock_system()) / 1000 % COMMIT_S)
		return;
	if (!may_commit(n))
		return;
	if (!chain_has_genesis(
		    n->chain)) { /* without a chain there is no chain work that would commit them */
		node_commit_records(n);
		return;
	}
	n->commit_due = false;
	chain_commit_soon(n->chain);
	node_schedule(n, WORK_CHAIN);
}
