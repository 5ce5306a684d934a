/* Filling what the panels show from a node: bounded pages, whatever the node holds. */
#include "tui/model/data_priv.h"

#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

#define MEMPOOL_ROWS 500
#define HISTORY_ROWS 500
#define ADDRESS_ROWS 100
#define AHEAD_ROWS   6 /* of headers alone that stand above the tip */

uint32_t data_chain_top(const struct snapshot *s)
{
	const uint32_t tip = s->tip.height, headers = s->headers_height;

	return headers > tip && headers - tip <= AHEAD_ROWS ? headers : tip;
}

static void read_lists(struct tui_data *d, const struct node *n, size_t chain_rows)
{
	mem_reserve(&d->chain, &d->chain_cap, chain_rows, sizeof(*d->chain));
	d->n_chain = node_chain_rows(n, data_chain_top(&d->snap), d->chain, chain_rows);
	mem_reserve(&d->mempool, &d->mempool_cap, MEMPOOL_ROWS, sizeof(*d->mempool));
	d->n_mempool = node_mempool_rows(n, 0, d->mempool, MEMPOOL_ROWS);
	mem_reserve(&d->history, &d->history_cap, HISTORY_ROWS, sizeof(*d->history));
	d->n_history = MIN(node_wallet_history(n, d->history, 0, HISTORY_ROWS), HISTORY_ROWS);
	mem_reserve(&d->addresses, &d->addresses_cap, ADDRESS_ROWS, sizeof(*d->addresses));
	d->n_addresses = MIN(node_wallet_addresses(n, d->addresses, 0, ADDRESS_ROWS), ADDRESS_ROWS);
}

/* Follows a ring of the node that holds records [first, next): lets go at the front what has left it, and makes room
 * behind the last for what is new. *from: its first number. Returns where it goes; *more: how many at most. */
static void *window_follow(struct record_window *w, size_t size, size_t kept, uint64_t first,
			   uint64_t next, uint64_t *from, size_t *more)
{
	const uint64_t oldest = w->next - w->n;
	const size_t gone = first > oldest ? (size_t)MIN(first - oldest, w->n) : 0;

	if (!w->base)
		w->base = mem_array(2 * kept, size);
	w->at += gone;
	w->n -= gone;
	*from = MAX(first, w->next);
	*more = MIN((size_t)(next - *from), kept - w->n);
	if (w->at + w->n + *more > 2 * kept) {
		memmove(w->base, (char *)w->base + w->at * size, w->n * size);
		w->at = 0;
	}
	w->next = next;
	return (char *)w->base + (w->at + w->n) * size;
}

static void read_rings(struct tui_data *d, const struct node *n)
{
	struct record_window *w = &d->msgs_window;
	uint64_t from;
	size_t more;
	void *to;

	to = window_follow(w, sizeof(*d->msgs), NODE_MSGS_KEPT, d->snap.msgs_first,
			   d->snap.msgs_next, &from, &more);
	d->n_msgs = w->n += node_msgs(n, from, to, more);
	d->msgs = (struct msg_record *)w->base + w->at;
	w = &d->logs_window;
	to = window_follow(w, sizeof(*d->logs), NODE_LOGS_KEPT, d->snap.logs_first,
			   d->snap.logs_next, &from, &more);
	d->n_logs = w->n += node_logs(n, from, to, more);
	d->logs = (struct log_record *)w->base + w->at;
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
	model_search_deeper(m);
}

bool data_goes_on(const struct model *m)
{
	const struct list_state *l = &m->lists[PANEL_CHAIN];

	for (size_t i = l->top; !m->frozen && i < MIN(l->n, l->top + l->page); i++)
		if (m->data.chain[l->order[i]].later)
			return true;
	return false;
}
