/* Filling what the panels show from a node: bounded pages, whatever the node holds. */
#include <tui/data_priv.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#define MEMPOOL_ROWS 500
#define HISTORY_ROWS 500
#define ADDRESS_ROWS 100

static void read_lists(struct tui_data *d, const struct node *n, size_t chain_rows)
{
	mem_reserve(&d->chain, &d->chain_cap, chain_rows, sizeof(*d->chain));
	/* Branches may stand above the tip's height: begin at the best header. */
	d->n_chain = node_chain_rows(n, MAX(d->snap.headers_height, d->snap.tip.height), d->chain,
				     chain_rows);
	mem_reserve(&d->mempool, &d->mempool_cap, MEMPOOL_ROWS, sizeof(*d->mempool));
	d->n_mempool = node_mempool_rows(n, 0, d->mempool, MEMPOOL_ROWS);
	mem_reserve(&d->history, &d->history_cap, HISTORY_ROWS, sizeof(*d->history));
	d->n_history = MIN(node_wallet_history(n, d->history, 0, HISTORY_ROWS), HISTORY_ROWS);
	mem_reserve(&d->addresses, &d->addresses_cap, ADDRESS_ROWS, sizeof(*d->addresses));
	d->n_addresses = MIN(node_wallet_addresses(n, d->addresses, 0, ADDRESS_ROWS), ADDRESS_ROWS);
}

static void read_rings(struct tui_data *d, const struct node *n)
{
	mem_reserve(&d->msgs, &d->msgs_cap, NODE_MSGS_KEPT, sizeof(*d->msgs));
	d->n_msgs = node_msgs(n, d->snap.msgs_first, d->msgs, NODE_MSGS_KEPT);
	mem_reserve(&d->logs, &d->logs_cap, NODE_LOGS_KEPT, sizeof(*d->logs));
	d->n_logs = node_logs(n, d->snap.logs_first, d->logs, NODE_LOGS_KEPT);
}

void data_read(struct model *m, const struct node *n)
{
	node_snapshot(n, &m->live);
	if (m->frozen)
		return;
	m->data.snap = m->live;
	read_lists(&m->data, n, m->chain_want);
	read_rings(&m->data, n);
	model_settle(m);
}
