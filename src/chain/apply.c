/* Applying a block to the coins and taking it back, a slice at a time. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/primitives/amount.h>

#include "chain/chain_priv.h"
#include "chain/undo_priv.h"

void slot_clear(struct slot *s)
{
	if (s->job != NULL)
		sigjob_free(s->job);
	block_unref(s->b);
	free(s->spent);
	free(s->checks);
	memset(s, 0, sizeof(*s));
}

/* How many coins a block spends. */
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

/* --- forward -------------------------------------------------------------------- */

static void restore_inputs(struct chain *c, const struct tx *tx, const struct coin *spent,
			   uint32_t n)
{
	while (n-- > 0)
		coins_add(&c->coins, &tx->in[n].prev, &spent[n]);
}

/* Takes the coins of a transaction's inputs, all or none. */
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
				       "output %u of %s is not there or spent",
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

static void add_checks(struct chain *c, struct slot *s, uint32_t tx, size_t n)
{
	if (n > 0) {
		if (s->job == NULL) {
			s->job = sigjob_new(c->sigpool, no_callback, NULL);
			s->checks = mem_array(s->b->n_tx, sizeof(*s->checks));
			memset(s->checks, 0, tx * sizeof(*s->checks));
		}
		sigjob_add(s->job, c->checks, n);
	}
	if (s->checks != NULL)
		s->checks[tx] = (tx == 0 ? 0 : s->checks[tx - 1]) + (uint32_t)n;
}

/* One transaction behind the coinbase. Where it is invalid the coins are as before it. */
static bool apply_tx(struct chain *c, struct slot *s, const struct tx *tx, uint32_t height,
		     struct err *e)
{
	const struct tree_entry *parent = tree_at(&c->tree, tree_at(&c->tree, s->at)->prev);
	struct coin *spent = s->spent + s->n_spent;
	struct sigcheck *checks = NULL;
	int64_t fee;
	bool known = s->trusted ||
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
	if (!amount_add(&s->fees, fee)) {
		restore_inputs(c, tx, spent, tx->n_in);
		return err_set(e, ERR_INVALID, "bad-txns-accumulated-fee-outofrange",
			       "the block's fees are more than there can be");
	}
	add_checks(c, s, (uint32_t)(tx - s->b->tx), known ? 0 : tx->n_in);
	s->n_spent += tx->n_in;
	return true;
}

static void start_slot(struct slot *s)
{
	if (s->spent == NULL)
		s->spent = mem_array(count_spent(s->b) + 1, sizeof(*s->spent));
}

bool slot_apply(struct chain *c, struct slot *s, int64_t deadline, bool *done, struct err *e)
{
	uint32_t height = tree_at(&c->tree, s->at)->height;
	size_t work = 0;

	*done = false;
	start_slot(s);
	while (s->next_tx < s->b->n_tx) {
		const struct tx *tx = &s->b->tx[s->next_tx];

		if (work >= APPLY_SLICE || coins_full(&c->coins)) {
			work = 0;
			/* One block may bring more coins than the cache holds. */
			if (!coins_make_room(&c->coins, FLUSH_SLICE, e))
				return false;
			if (clock_mono_us(c->clock) >= deadline)
				return true;
			continue;
		}
		if (s->next_tx > 0 && !apply_tx(c, s, tx, height, e))
			return err_prefix(e, "transaction %u", s->next_tx);
		add_outputs(c, tx, height);
		s->next_tx++;
		work += tx->n_in + tx->n_out;
	}
	if (!block_check_reward(s->b, &c->params, height, s->fees, e))
		return false;
	if (s->job != NULL)
		sigjob_close(s->job);
	else
		s->verified = true;
	*done = true;
	return true;
}

/* --- back ----------------------------------------------------------------------- */

static void undo_tx(struct chain *c, struct slot *s, const struct tx *tx, uint32_t height)
{
	struct coin coin;

	for (uint32_t i = tx->n_out; i-- > 0;) {
		struct outpoint o = output_of(tx, i);

		if (tx_coin(tx, i, height, &coin))
			coins_remove(&c->coins, &o);
	}
	if (tx == s->b->tx)
		return;
	assert(s->n_spent >= tx->n_in);
	s->n_spent -= tx->n_in;
	restore_inputs(c, tx, s->spent + s->n_spent, tx->n_in);
}

bool slot_undo(struct chain *c, struct slot *s, int64_t deadline, bool *done, struct err *e)
{
	uint32_t height = tree_at(&c->tree, s->at)->height;
	size_t work = 0;

	*done = false;
	while (s->next_tx > 0) {
		const struct tx *tx = &s->b->tx[s->next_tx - 1];

		if (work >= APPLY_SLICE || coins_full(&c->coins)) {
			work = 0;
			if (!coins_make_room(&c->coins, FLUSH_SLICE, e))
				return false;
			if (clock_mono_us(c->clock) >= deadline)
				return true;
			continue;
		}
		undo_tx(c, s, tx, height);
		s->next_tx--;
		work += tx->n_in + tx->n_out;
	}
	*done = true;
	return true;
}

bool slot_bad_signature(const struct slot *s, struct err *e)
{
	size_t bad = sigjob_first_bad(s->job);
	uint32_t tx = 0;

	while (s->checks[tx] <= bad)
		tx++;
	return err_set(e, ERR_INVALID, "mandatory-script-verify-flag-failed",
		       "transaction %u: the signature of input %zu is not valid", tx,
		       bad - (tx == 0 ? 0 : s->checks[tx - 1]));
}

bool slot_load_tip(struct chain *c, struct slot *s, struct err *e)
{
	size_t want;

	s->at = c->tree.tip;
	if (!chain_read_block(c, s->at, &s->b, e) ||
	    !chain_read_undo(c, s->at, &s->spent, &s->n_spent, e))
		return false;
	s->next_tx = s->b->n_tx;
	want = count_spent(s->b);
	if (s->n_spent != want)
		return err_set(
			e, ERR_CORRUPT, "db-damaged",
			"the undo record of block %u has %zu coins, not %zu: run 'tally reindex'",
			tree_at(&c->tree, s->at)->height, s->n_spent, want);
	return true;
}

bool slot_store(struct chain *c, struct slot *s, struct err *e)
{
	struct tree_entry *en = tree_at(&c->tree, s->at);
	struct writer w;
	bool ok = true;

	s->stored = true;
	if ((en->seq_status & CHAIN_HAVE_UNDO) != 0)
		return true;  /* connected once before: the same coins */
	if (s->n_spent > 0) { /* most blocks of a quiet chain spend nothing: no record */
		writer_init(&w);
		undo_encode(&w, s->spent, s->n_spent);
		ok = store_put_undo(c->store, en->height, tree_seq(&c->tree, s->at),
				    (struct span){w.buf, w.len}, e);
		writer_clear(&w);
	}
	if (!ok)
		return false;
	en->seq_status |= CHAIN_HAVE_UNDO;
	chain_changed(c, true);
	return headers_touch(c, s->at, &s->b->header, e);
}
