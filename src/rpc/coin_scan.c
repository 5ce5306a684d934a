/* A pass over all coins at the tip, in slices. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>

#include <tally/base/mem.h>

#include "rpc/coin_scan_priv.h"

#define SLICE_COINS  2000
#define RESTARTS_MAX 50

struct scan {
	const struct coin_scan *how;
	void *arg;
	struct block_hash tip; /* the coins seen so far are those of this tip */
	uint8_t after[OUTPOINT_BYTES];
	bool started;
	unsigned restarts;
};

/* Starts the pass again if the tip has changed: all slices must read the coins of the same tip.
 * False: the tip changed more than RESTARTS_MAX times. */
static bool same_tip(struct node *n, struct scan *s)
{
	const struct chain_entry tip = chain_tip(node_chain(n));

	if (s->started && hash256_equal(&s->tip.h, &tip.hash.h))
		return true;
	s->restarts += s->started;
	s->started = false;
	s->tip = tip.hash;
	s->how->begin(s->arg, &tip);
	return s->restarts <= RESTARTS_MAX;
}

static bool scan_slice(struct node *n, struct scan *s, bool *more, struct err *e)
{
	struct chain_coin_page page = {.after = s->started ? s->after : NULL, .max = SLICE_COINS};
	bool ok;

	page.coins = mem_array(page.max, sizeof(*page.coins));
	ok = chain_scan_coins(node_chain(n), &page, e);
	for (size_t i = 0; ok && i < page.n; i++)
		s->how->coin(s->arg, &page.coins[i]);
	if (ok && page.n > 0)
		outpoint_pack(s->after, &page.coins[page.n - 1].outpoint);
	s->started = true;
	*more = ok && page.n == page.max;
	free(page.coins);
	return ok;
}

static enum step_result too_fast(int *code, struct err *e)
{
	*code = RPC_CLIENT_IN_INITIAL_DOWNLOAD;
	err_set(e, ERR_BUSY, "chain-moves",
		"blocks arrive faster than coins can be counted: try again when the node is in sync");
	return STEP_FAILED;
}

static enum step_result scan_step(struct node *n, void *arg, int *code, struct err *e)
{
	struct scan *s = arg;
	bool more;

	/* chain_scan_coins flushes the coin cache first. While the node catches up, each slice
	 * would write all of it to disk. */
	if (chain_catching_up(node_chain(n)))
		return too_fast(code, e);
	if (!chain_at_best(node_chain(n))) /* a block is partly connected */
		return STEP_BLOCKED;
	if (!same_tip(n, s))
		return too_fast(code, e);
	if (!scan_slice(n, s, &more, e))
		return STEP_FAILED;
	return more ? STEP_MORE : STEP_DONE;
}

static json_t *scan_result(void *arg)
{
	const struct scan *s = arg;

	return s->how->result(s->arg);
}

static void scan_clear(void *arg)
{
	const struct scan *s = arg;

	free(s->arg);
}

static const struct async_call scan_call = {
	.step = scan_step,
	.result = scan_result,
	.clear = scan_clear,
};

void coin_scan_begin(struct call *c, const struct coin_scan *how, void *take_arg)
{
	struct scan *s = NEW(struct scan);

	s->how = how;
	s->arg = take_arg;
	async_call_begin(c, &scan_call, s);
}
