/* All coins of the chain, looked through a slice a turn. */
#include "verbs_priv.h"

#include <stdlib.h>

#include <event2/event.h>

#include <tally/base/mem.h>

#define SLICE_COINS  2000
#define WAIT_US      10000
#define RESTARTS_MAX 50

struct scan {
	struct list link; /* node.scans */
	struct node *node;
	struct call *call;
	const struct coin_count *how;
	void *arg;
	struct block_hash tip; /* whose coins these are */
	uint8_t after[OUTPOINT_BYTES];
	bool started;
	unsigned restarts;
	struct event *event;
};

static void scan_free(struct scan *s)
{
	list_del(&s->link);
	event_free(s->event);
	free(s->arg);
	free(s);
}

static void scan_fail(struct scan *s, int code, const struct err *err)
{
	call_fail(s->call, code, err);
	scan_free(s);
}

/* A slice from another tip would belong to another count. */
static bool same_tip(struct scan *s)
{
	const struct chain_entry tip = chain_tip(s->node->chain);

	if (s->started && hash256_equal(&s->tip.h, &tip.hash.h))
		return true;
	s->restarts += s->started;
	s->started = false;
	s->tip = tip.hash;
	s->how->begin(s->arg, &tip);
	return s->restarts <= RESTARTS_MAX;
}

static bool scan_slice(struct scan *s, bool *more, struct err *e)
{
	struct store_coin *page = mem_array(SLICE_COINS, sizeof(*page));
	size_t n;
	const bool ok =
		chain_scan_coins(s->node->chain, s->after, !s->started, page, SLICE_COINS, &n, e);

	for (size_t i = 0; ok && i < n; i++)
		s->how->coin(s->arg, &page[i]);
	if (ok && n > 0)
		outpoint_pack(s->after, &page[n - 1].outpoint);
	s->started = true;
	*more = ok && n == SLICE_COINS;
	free(page);
	return ok;
}

static void scan_turn(evutil_socket_t fd, short what, void *arg)
{
	struct scan *s = arg;
	struct err err = {0};
	bool more;

	(void)fd, (void)what;
	if (!chain_settled(s->node->chain)) { /* a block is half way: when it is done */
		event_add(s->event, &(struct timeval){.tv_usec = WAIT_US});
		return;
	}
	/* Each slice would have what was read written to disk. */
	if (chain_catching_up(s->node->chain) || !same_tip(s)) {
		err_set(&err, ERR_BUSY, "chain-moves",
			"blocks come faster than coins can be counted: try again when the node is in sync");
		scan_fail(s, RPC_CLIENT_IN_INITIAL_DOWNLOAD, &err);
	} else if (!scan_slice(s, &more, &err)) {
		scan_fail(s, RPC_MISC_ERROR, &err);
	} else if (more) {
		event_add(s->event, &(struct timeval){0});
	} else {
		call_done(s->call, s->how->result(s->arg));
		scan_free(s);
	}
}

void scan_begin(struct node *n, struct call *c, const struct coin_count *how, void *take_arg)
{
	struct scan *s = NEW(struct scan);

	s->node = n;
	s->call = c;
	s->how = how;
	s->arg = take_arg;
	s->event = event_new(n->base, -1, 0, scan_turn, s);
	list_add(&n->scans, &s->link);
	event_priority_set(s->event, NODE_PRIO_WORK);
	event_add(s->event, &(struct timeval){0});
}

void scans_end(struct node *n)
{
	struct err err = {0};

	err_set(&err, ERR_BUSY, "stopping", "the node is stopping");
	while (!list_empty(&n->scans))
		scan_fail(list_first(&n->scans, struct scan, link), RPC_MISC_ERROR, &err);
}
