/* The way from one tip to a better one, a step at a time. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>

#include "chain/chain_priv.h"

/* --- what is told ---------------------------------------------------------------- */

/* Told only when the tip stands still: nothing is applied ahead and nothing is left to connect.
 * While catching up that may take hours, so there it is told on the way too, with each commit,
 * only not half way down a reorganisation. */
static void tell_tip(struct chain *c)
{
	const struct tree_entry *tip = tree_at(&c->tree, c->tree.tip);
	struct chain_entry at;

	if (!c->tip_moved || c->n_ahead > 0)
		return;
	if (c->tree.tip != c->best && (!c->catching_up || tip->work < c->told_work ||
				       !tree_descends(&c->tree, c->tree.tip, c->best)))
		return;
	c->tip_moved = false;
	c->told_work = tip->work;
	at = chain_entry_of(c, c->tree.tip);
	if (c->events.tip != NULL)
		c->events.tip(c->events_arg, &at);
}

static void tell_committed(struct chain *c)
{
	c->tell_committed = false;
	c->told = true;
	tell_tip(c);
	if (c->events.committed != NULL)
		c->events.committed(c->events_arg);
}

static bool fail_block(struct chain *c, chain_index i, struct block *b, const struct err *why,
		       struct err *e)
{
	char hash[HASH_HEX_CHARS + 1];

	tree_fail(&c->tree, i);
	c->best = tree_best_complete(&c->tree);
	chain_changed(c, true);
	if (!headers_touch(c, i, &b->header, e))
		return false;
	recent_drop(&c->recent, i);
	hash256_hex(hash, &b->hash.h);
	log_warn(LOG_CHAIN, "block %s at height %u is invalid: %s: %s", hash,
		 tree_at(&c->tree, i)->height, why->token, why->detail);
	if (c->events.invalid != NULL)
		c->events.invalid(c->events_arg, &b->hash, why);
	return true;
}

/* --- connecting ------------------------------------------------------------------- */

/* The first of those ahead becomes the tip. */
static bool connect_first(struct chain *c, struct err *e)
{
	struct slot s = c->ahead[0];
	struct chain_entry at;

	if (!s.stored && !slot_store(c, &s, e))
		return false;
	c->n_ahead--;
	memmove(&c->ahead[0], &c->ahead[1], c->n_ahead * sizeof(s));
	memset(&c->ahead[c->n_ahead], 0, sizeof(s));
	tree_connect(&c->tree, s.at);
	c->tip_moved = true;
	if (c->catching_up)
		recent_drop(&c->recent, s.at);
	at = chain_entry_of(c, s.at);
	if (c->events.connected != NULL)
		c->events.connected(c->events_arg, &at, s.b);
	slot_clear(&s);
	return true;
}

static bool look_at_verdicts(struct chain *c, struct err *e)
{
	for (size_t i = 0; i < c->n_ahead; i++) {
		struct slot *s = &c->ahead[i];
		struct err why = {0};

		if (s->verified || s->job == NULL || !sigjob_finished(s->job))
			continue;
		s->verified = sigjob_first_bad(s->job) == SIZE_MAX;
		if (!s->verified)
			slot_bad_signature(s, &why);
		sigjob_free(s->job);
		s->job = NULL;
		if (s->verified)
			continue;
		if (c->op == OP_APPLY)
			c->op = OP_UNDO; /* it stands on this one */
		return fail_block(c, s->at, s->b, &why, e);
	}
	return true;
}

static bool all_verified(const struct chain *c)
{
	for (size_t i = 0; i < c->n_ahead; i++) {
		if (!c->ahead[i].verified)
			return false;
	}
	return true;
}

static void finish_undo(struct chain *c)
{
	struct chain_entry at;

	c->op = OP_NONE;
	if (c->back.b == NULL) {
		slot_clear(&c->ahead[--c->n_ahead]);
		return;
	}
	at = chain_entry_of(c, c->tree.tip);
	tree_disconnect(&c->tree);
	c->tip_moved = true;
	chain_changed(c, true);
	if (c->events.disconnected != NULL)
		c->events.disconnected(c->events_arg, &at, c->back.b);
	slot_clear(&c->back);
}

static bool op_step(struct chain *c, int64_t deadline, struct err *e)
{
	struct slot *s = c->back.b != NULL ? &c->back : &c->ahead[c->n_ahead - 1];
	struct err why = {0};
	bool done;

	if (c->op == OP_UNDO) {
		if (!slot_undo(c, s, deadline, &done, e))
			return false;
		if (done)
			finish_undo(c);
		return true;
	}
	if (slot_apply(c, s, deadline, &done, &why)) {
		if (done)
			c->op = OP_NONE;
		return true;
	}
	if (why.cls != ERR_INVALID) {
		*e = why;
		return false;
	}
	c->op = OP_UNDO;
	return fail_block(c, s->at, s->b, &why, e);
}

static bool start_apply(struct chain *c, chain_index i, struct err *e)
{
	struct slot *s = &c->ahead[c->n_ahead];

	if (!chain_read_block(c, i, &s->b, e))
		return false;
	s->at = i;
	s->trusted = (tree_status(&c->tree, i) & CHAIN_HAVE_UNDO) != 0;
	c->n_ahead++;
	c->op = OP_APPLY;
	chain_changed(c, true);
	return true;
}

static bool start_disconnect(struct chain *c, struct err *e)
{
	if (!slot_load_tip(c, &c->back, e))
		return false;
	c->op = OP_UNDO;
	return true;
}

/* --- deciding --------------------------------------------------------------------- */

static bool ahead_full(const struct chain *c)
{
	size_t bytes = 0;

	for (size_t i = 0; i < c->n_ahead; i++)
		bytes += c->ahead[i].b->raw.len;
	return c->n_ahead == CHAIN_AHEAD_BLOCKS || bytes >= AHEAD_BYTES;
}

static bool flush_some(struct chain *c, struct err *e)
{
	if (!coins_flush(&c->coins, FLUSH_SLICE, e))
		return false;
	coins_trim(&c->coins);
	return true;
}

/* Signatures are out. Until then, write what the next commit will have to write. */
static bool await(struct chain *c, enum chain_state *state, struct err *e)
{
	if (coins_dirty(&c->coins) > 0 && (commit_due(c) || coins_full(&c->coins)))
		return flush_some(c, e);
	*state = CHAIN_WAITING;
	return true;
}

static void commit_or_idle(struct chain *c, enum chain_state *state)
{
	if (c->commit_soon && !c->catching_up) {
		c->committing = true;
		return;
	}
	tell_tip(c);
	*state = CHAIN_IDLE;
}

static bool decide(struct chain *c, enum chain_state *state, struct err *e)
{
	chain_index at = c->n_ahead > 0 ? c->ahead[c->n_ahead - 1].at : c->tree.tip;
	bool on_the_way = tree_descends(&c->tree, at, c->best);

	if (!on_the_way && c->n_ahead > 0) {
		c->op = OP_UNDO;
		return true;
	}
	if (commit_due(c)) {
		if (!all_verified(c))
			return await(c, state, e);
		c->committing = true;
		return true;
	}
	if (!on_the_way)
		return start_disconnect(c, e);
	if (at == c->best && c->n_ahead == 0) {
		commit_or_idle(c, state);
		return true;
	}
	if (at == c->best || ahead_full(c)) {
		if (!all_verified(c))
			return await(c, state, e);
		c->committing = true;
		return true;
	}
	if (coins_full(&c->coins))
		return coins_make_room(&c->coins, FLUSH_SLICE, e);
	return start_apply(c, tree_ancestor(&c->tree, c->best, tree_at(&c->tree, at)->height + 1),
			   e);
}

static bool step(struct chain *c, int64_t deadline, enum chain_state *state, struct err *e)
{
	if (c->flushing)
		return flush_step(c, false, state, e);
	if (c->committing)
		return commit_step(c, e);
	if (c->telling > 0) {
		c->telling--;
		return connect_first(c, e);
	}
	if (c->tell_committed) {
		tell_committed(c);
		return true;
	}
	if (!look_at_verdicts(c, e))
		return false;
	if (c->op != OP_NONE)
		return op_step(c, deadline, e);
	if (c->catching_up && c->n_ahead > 0 && c->ahead[0].verified)
		return connect_first(c, e);
	return decide(c, state, e);
}

bool chain_work(struct chain *c, int64_t budget_us, enum chain_state *state, struct err *e)
{
	int64_t deadline = clock_mono_us(c->clock) + budget_us;
	enum chain_state st = CHAIN_MORE;
	struct err why = {0};

	if (c->broken)
		return chain_break(c, NULL, e);
	if (!chain_has_genesis(c))
		st = CHAIN_IDLE;
	c->told = false;
	while (st == CHAIN_MORE) {
		if (!step(c, deadline, &st, &why))
			return chain_break(c, &why, e);
		/* However fast blocks come: who works upon the tip has a turn at it. */
		if (c->told || clock_mono_us(c->clock) >= deadline)
			break;
	}
	if (state != NULL)
		*state = st;
	return true;
}

/* --- until done ------------------------------------------------------------------- */

#define LONG_US (INT64_C(1) << 40)

/* Of the disk, or the signature workers. */
static bool wait_for_verdict(struct chain *c, struct err *e)
{
	enum chain_state state;

	if (c->flushing)
		return flush_step(c, true, &state, e);
	for (size_t i = 0; i < c->n_ahead; i++) {
		if (c->ahead[i].job != NULL) {
			sigpool_wait(c->sigpool, c->ahead[i].job);
			break;
		}
	}
	return true;
}

bool chain_settle(struct chain *c, struct err *e)
{
	enum chain_state state;
	struct err why = {0};

	do {
		if (!chain_work(c, LONG_US, &state, e))
			return false;
		if (state == CHAIN_WAITING && !wait_for_verdict(c, &why))
			return chain_break(c, &why, e);
	} while (state != CHAIN_IDLE);
	return true;
}

bool chain_settled(const struct chain *c)
{
	return c->n_ahead == 0 && c->op == OP_NONE;
}

/* On the way up a reorganisation the tip has less work than what was told before. */
bool chain_at_best(const struct chain *c)
{
	const struct tree_entry *tip;

	if (!chain_settled(c))
		return false;
	if (c->tree.tip == c->best)
		return true;
	tip = tree_at(&c->tree, c->tree.tip);
	return tip->work >= c->told_work && tree_descends(&c->tree, c->tree.tip, c->best);
}

bool chain_commit(struct chain *c, struct err *e)
{
	struct err why = {0};

	if (c->broken)
		return chain_break(c, NULL, e);
	if (!chain_has_genesis(c))
		return store_commit(c->store, true, &why) || chain_break(c, &why, e);
	c->commit_asked = true;
	while (c->commit_asked || c->flushing || c->telling > 0 || c->tell_committed) {
		enum chain_state state = CHAIN_MORE;

		if (!step(c, clock_mono_us(c->clock) + LONG_US, &state, &why))
			return chain_break(c, &why, e);
		if (state == CHAIN_WAITING && !wait_for_verdict(c, &why))
			return chain_break(c, &why, e);
	}
	return true;
}

void chain_commit_soon(struct chain *c)
{
	c->commit_asked = true;
}

void chain_set_catching_up(struct chain *c, bool yes)
{
	c->catching_up = yes;
}

bool chain_catching_up(const struct chain *c)
{
	return c->catching_up;
}
