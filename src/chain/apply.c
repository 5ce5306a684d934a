/* Applying a block to the coins and undoing it, a slice at a time. */
#include "chain/apply_priv.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/primitives/amount.h>

#include "chain/chain_state_priv.h"
#include "chain/header_writer_priv.h"
#include "chain/query_priv.h"
#include "chain/undo_priv.h"

/* Inputs and outputs processed between two looks at the clock. */
#define APPLY_SLICE 64

void apply_clear(struct block_apply *a)
{
	if (a->job != NULL)
		sigjob_free(a->job);
	block_unref(a->b);
	free(a->spent);
	free(a->checks);
	memset(a, 0, sizeof(*a));
}

static size_t count_spent(const struct block *b)
{
	size_t n = 0;

	for (uint32_t i = 1; i < b->n_tx; i++)
		n += b->tx[i].n_in;
	return n;
}

static struct outpoint output_of(const struct tx *tx, uint32_t i)
{
	return (struct outpoint){.txid = tx->id, .index = i};
}

/* --- applying -------------------------------------------------------------------- */

static void restore_inputs(struct chain *c, const struct tx *tx, const struct coin *spent,
			   uint32_t n)
{
	while (n-- > 0)
		coins_add(&c->coins, &tx->in[n].prev, &spent[n]);
}

/* Spends the coins of all inputs, or of none. */
static bool spend_inputs(struct chain *c, const struct tx *tx, struct coin *spent, struct err *e)
{
	for (uint32_t i = 0; i < tx->n_in; i++) {
		char hex[HASH_HEX_CHARS + 1];

		switch (coins_spend(&c->coins, &tx->in[i].prev, &spent[i], e)) {
		case COINS_FOUND:
			break;
		case COINS_BROKEN:
			return false;
		case COINS_MISSING:
			restore_inputs(c, tx, spent, i);
			hash256_hex(hex, &tx->in[i].prev.txid.h);
			return err_set(e, ERR_INVALID, "bad-txns-inputs-missingorspent",
				       "output %u of transaction %s does not exist or is spent",
				       tx->in[i].prev.index, hex);
		}
	}
	return true;
}

static void add_outputs(struct chain *c, const struct tx *tx, uint32_t height)
{
	struct coin coin;

	for (uint32_t i = 0; i < tx->n_out; i++) {
		struct outpoint o = output_of(tx, i);

		if (tx_coin(tx, i, height, &coin))
			coins_add(&c->coins, &o, &coin);
	}
}

static void no_callback(void *arg, struct sigjob *job)
{
	(void)arg;
	(void)job;
}

static void add_checks(struct chain *c, struct block_apply *a, uint32_t tx, size_t n)
{
	if (n > 0) {
		if (a->job == NULL) {
			a->job = sigjob_new(c->sigpool, no_callback, NULL);
			a->checks = mem_array(a->b->n_tx, sizeof(*a->checks));
			memset(a->checks, 0, tx * sizeof(*a->checks));
		}
		sigjob_add(a->job, c->checks, n);
	}
	if (a->checks != NULL)
		a->checks[tx] = (tx == 0 ? 0 : a->checks[tx - 1]) + (uint32_t)n;
}

/* Applies a transaction after the coinbase. If it is invalid, the coins are unchanged. */
static bool apply_tx(struct chain *c, struct block_apply *a, const struct tx *tx, uint32_t height,
		     struct err *e)
{
	const struct tree_entry *parent = tree_at(&c->tree, tree_at(&c->tree, a->at)->prev);
	struct coin *spent = a->spent + a->n_spent;
	struct sigcheck *checks = NULL;
	int64_t fee;
	bool known = a->trusted ||
		     (c->events.verified != NULL && c->events.verified(c->events_arg, &tx->id));

	if (!known) {
		mem_reserve(&c->checks, &c->checks_cap, tx->n_in, sizeof(*c->checks));
		checks = c->checks;
	}
	if (!spend_inputs(c, tx, spent, e))
		return false;
	if (!tx_check_coins(tx, spent, &c->params, height, parent->time, &fee, checks, e)) {
		restore_inputs(c, tx, spent, tx->n_in);
		return false;
	}
	if (!amount_add(&a->fees, fee)) {
		restore_inputs(c, tx, spent, tx->n_in);
		return err_set(e, ERR_INVALID, "bad-txns-accumulated-fee-outofrange",
			       "the fees of the block add up to more than can exist");
	}
	add_checks(c, a, (uint32_t)(tx - a->b->tx), known ? 0 : tx->n_in);
	a->n_spent += tx->n_in;
	return true;
}

static void apply_begin(struct block_apply *a)
{
	if (a->spent == NULL)
		a->spent = mem_array(count_spent(a->b) + 1, sizeof(*a->spent));
}

bool apply_step(struct chain *c, struct block_apply *a, int64_t deadline, bool *done, struct err *e)
{
	uint32_t height = tree_at(&c->tree, a->at)->height;
	size_t work = 0;

	*done = false;
	apply_begin(a);
	while (a->next_tx < a->b->n_tx) {
		const struct tx *tx = &a->b->tx[a->next_tx];

		if (work >= APPLY_SLICE || coins_full(&c->coins)) {
			work = 0;
			/* One block may create more coins than the cache holds. */
			if (!coins_make_room(&c->coins, COINS_FLUSH_SLICE, e))
				return false;
			if (clock_mono_us(c->clock) >= deadline)
				return true;
			continue;
		}
		if (a->next_tx > 0 && !apply_tx(c, a, tx, height, e))
			return err_prefix(e, "transaction %u", a->next_tx);
		add_outputs(c, tx, height);
		a->next_tx++;
		work += tx->n_in + tx->n_out;
	}
	if (!block_check_reward(a->b, &c->params, height, a->fees, e))
		return false;
	if (a->job != NULL)
		sigjob_close(a->job);
	else
		a->verified = true;
	*done = true;
	return true;
}

/* --- undoing ---------------------------------------------------------------------- */

static void undo_tx(struct chain *c, struct block_apply *a, const struct tx *tx, uint32_t height)
{
	struct coin coin;

	for (uint32_t i = tx->n_out; i-- > 0;) {
		struct outpoint o = output_of(tx, i);

		if (tx_coin(tx, i, height, &coin))
			coins_remove(&c->coins, &o);
	}
	if (tx == a->b->tx)
		return;
	assert(a->n_spent >= tx->n_in);
	a->n_spent -= tx->n_in;
	restore_inputs(c, tx, a->spent + a->n_spent, tx->n_in);
}

bool apply_undo_step(struct chain *c, struct block_apply *a, int64_t deadline, bool *done,
		     struct err *e)
{
	uint32_t height = tree_at(&c->tree, a->at)->height;
	size_t work = 0;

	*done = false;
	while (a->next_tx > 0) {
		const struct tx *tx = &a->b->tx[a->next_tx - 1];

		if (work >= APPLY_SLICE || coins_full(&c->coins)) {
			work = 0;
			if (!coins_make_room(&c->coins, COINS_FLUSH_SLICE, e))
				return false;
			if (clock_mono_us(c->clock) >= deadline)
				return true;
			continue;
		}
		undo_tx(c, a, tx, height);
		a->next_tx--;
		work += tx->n_in + tx->n_out;
	}
	*done = true;
	return true;
}

bool apply_signature_error(const struct block_apply *a, struct err *e)
{
	size_t bad = sigjob_first_bad(a->job);
	uint32_t tx = 0;

	while (a->checks[tx] <= bad)
		tx++;
	return err_set(e, ERR_INVALID, "mandatory-script-verify-flag-failed",
		       "transaction %u: the signature of input %zu is invalid", tx,
		       bad - (tx == 0 ? 0 : a->checks[tx - 1]));
}

bool apply_load_tip(struct chain *c, struct block_apply *a, struct err *e)
{
	size_t want;

	a->at = c->tree.tip;
	if (!chain_read_block(c, a->at, &a->b, e) ||
	    !chain_read_undo(c, a->at, &a->spent, &a->n_spent, e))
		return false;
	a->next_tx = a->b->n_tx;
	want = count_spent(a->b);
	if (a->n_spent != want)
		return err_set(
			e, ERR_CORRUPT, "db-damaged",
			"the undo record of block %u has %zu coins instead of %zu: run 'tally reindex'",
			tree_at(&c->tree, a->at)->height, a->n_spent, want);
	return true;
}

bool apply_store_undo(struct chain *c, struct block_apply *a, struct err *e)
{
	struct tree_entry *en = tree_at(&c->tree, a->at);
	struct writer w;
	bool ok = true;

	a->undo_stored = true;
	if ((en->seq_status & CHAIN_HAVE_UNDO) != 0)
		return true; /* connected once before, and spent the same coins */
	/* Most blocks of a quiet chain spend nothing, so they have no record. */
	if (a->n_spent > 0) {
		writer_init(&w);
		undo_encode(&w, a->spent, a->n_spent);
		ok = store_put_undo(c->store, en->height, tree_seq(&c->tree, a->at),
				    (struct span){w.buf, w.len}, e);
		writer_clear(&w);
	}
	if (!ok)
		return false;
	en->seq_status |= CHAIN_HAVE_UNDO;
	chain_changed(c, COMMIT_AT_REST);
	return headers_mark_unsaved(c, a->at, &a->b->header, e);
}
