/* The way from one tip to a better one, a step at a time. */
#include "chain/connect_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/chain/query.h>

#include "chain/chain_state_priv.h"
#include "chain/commit_priv.h"
#include "chain/header_writer_priv.h"

/* Blocks applied ahead keep their bodies and the coins they spent in memory: at most about this
 * much. */
#define AHEAD_BYTES (8U << 20)
/* A budget that is never used up, in microseconds; small enough to add to a time. */
#define NO_LIMIT_US (INT64_C(1) << 40)

/* --- events --------------------------------------------------------------------------- */

/* The event `tip` is reported when nothing is applied ahead and nothing is left to connect. While
 * catching up that may take hours, so there it is also reported with every commit, except in the
 * middle of a reorganisation. */
static void notify_tip(struct chain *c)
{
	const struct tree_entry *tip = tree_at(&c->tree, c->tree.tip);
	struct chain_entry at;

	if (!c->tip_moved || c->n_ahead > 0)
		return;
	if (c->tree.tip != c->best_complete &&
	    (!c->catching_up || tip->work < c->notified_work ||
	     !tree_descends(&c->tree, c->tree.tip, c->best_complete)))
		return;
	c->tip_moved = false;
	c->notified_work = tip->work;
	at = chain_entry_of(c, c->tree.tip);
	if (c->events.tip != NULL)
		c->events.tip(c->events_arg, &at);
}

static void notify_committed(struct chain *c)
{
	c->commit_state = COMMIT_IDLE;
	notify_tip(c);
	if (c->events.committed != NULL)
		c->events.committed(c->events_arg);
}

static bool mark_block_invalid(struct chain *c, const struct block_apply *a, const struct err *why,
			       struct err *e)
{
	char hash[HASH_HEX_CHARS + 1];

	tree_mark_invalid(&c->tree, a->at);
	c->best_complete = tree_best_complete(&c->tree);
	chain_changed(c, COMMIT_AT_REST);
	if (!headers_mark_unsaved(c, a->at, &a->b->header, e))
		return false;
	block_cache_drop(&c->block_cache, a->at);
	hash256_hex(hash, &a->b->hash.h);
	log_warn(LOG_CHAIN, "block %s at height %u is invalid: %s: %s", hash,
		 tree_at(&c->tree, a->at)->height, why->token, why->detail);
	if (c->events.invalid != NULL)
		c->events.invalid(c->events_arg, &a->b->hash, why);
	return true;
}

/* --- connecting and disconnecting -------------------------------------------------------- */

/* The first block ahead becomes the tip. */
static bool connect_first(struct chain *c, struct err *e)
{
	struct block_apply a = c->ahead[0];
	struct chain_entry at;

	if (!a.undo_stored && !apply_store_undo(c, &a, e))
		return false;
	c->n_ahead--;
	memmove(&c->ahead[0], &c->ahead[1], c->n_ahead * sizeof(a));
	memset(&c->ahead[c->n_ahead], 0, sizeof(a));
	tree_connect(&c->tree, a.at);
	c->tip_moved = true;
	if (c->catching_up)
		block_cache_drop(&c->block_cache, a.at);
	at = chain_entry_of(c, a.at);
	if (c->events.connected != NULL)
		c->events.connected(c->events_arg, &at, a.b);
	apply_clear(&a);
	return true;
}

static bool read_verdicts(struct chain *c, struct err *e)
{
	for (size_t i = 0; i < c->n_ahead; i++) {
		struct block_apply *a = &c->ahead[i];
		struct err why = {0};

		if (a->verified || a->job == NULL || !sigjob_finished(a->job))
			continue;
		a->verified = sigjob_first_bad(a->job) == SIZE_MAX;
		if (!a->verified)
			apply_signature_error(a, &why);
		sigjob_free(a->job);
		a->job = NULL;
		if (a->verified)
			continue;
		if (c->op == APPLY_FORWARD)
			c->op = APPLY_UNDO; /* the block being applied descends from this one */
		return mark_block_invalid(c, a, &why, e);
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

	c->op = APPLY_NONE;
	if (c->disconnecting.b == NULL) {
		apply_clear(&c->ahead[--c->n_ahead]);
		return;
	}
	at = chain_entry_of(c, c->tree.tip);
	tree_disconnect(&c->tree);
	c->tip_moved = true;
	chain_changed(c, COMMIT_AT_REST);
	if (c->events.disconnected != NULL)
		c->events.disconnected(c->events_arg, &at, c->disconnecting.b);
	apply_clear(&c->disconnecting);
}

static bool continue_op(struct chain *c, int64_t deadline, struct err *e)
{
	struct block_apply *a =
		c->disconnecting.b != NULL ? &c->disconnecting : &c->ahead[c->n_ahead - 1];
	struct err why = {0};
	bool done;

	if (c->op == APPLY_UNDO) {
		if (!apply_undo_step(c, a, deadline, &done, e))
			return false;
		if (done)
			finish_undo(c);
		return true;
	}
	if (apply_step(c, a, deadline, &done, &why)) {
		if (done)
			c->op = APPLY_NONE;
		return true;
	}
	if (why.cls != ERR_INVALID) {
		*e = why;
		return false;
	}
	c->op = APPLY_UNDO;
	return mark_block_invalid(c, a, &why, e);
}

static bool start_apply(struct chain *c, chain_index i, struct err *e)
{
	struct block_apply *a = &c->ahead[c->n_ahead];

	if (!chain_read_block(c, i, &a->b, e))
		return false;
	a->at = i;
	a->trusted = (tree_status(&c->tree, i) & CHAIN_HAVE_UNDO) != 0;
	c->n_ahead++;
	c->op = APPLY_FORWARD;
	chain_changed(c, COMMIT_AT_REST);
	return true;
}

static bool start_disconnect(struct chain *c, struct err *e)
{
	if (!apply_load_tip(c, &c->disconnecting, e))
		return false;
	c->op = APPLY_UNDO;
	return true;
}

/* --- deciding ---------------------------------------------------------------------------- */

static bool ahead_full(const struct chain *c)
{
	size_t bytes = 0;

	for (size_t i = 0; i < c->n_ahead; i++)
		bytes += c->ahead[i].b->raw.len;
	return c->n_ahead == CHAIN_AHEAD_BLOCKS || bytes >= AHEAD_BYTES;
}

static bool flush_coins(struct chain *c, struct err *e)
{
	if (!coins_flush(&c->coins, COINS_FLUSH_SLICE, e))
		return false;
	coins_trim(&c->coins);
	return true;
}

/* Begins the commit, or waits for the signatures that it needs. While waiting it writes coins that
 * the commit would have to write. */
static bool start_commit(struct chain *c, enum chain_work_state *state, struct err *e)
{
	if (all_verified(c)) {
		c->commit_state = COMMIT_WRITE;
		return true;
	}
	if (coins_dirty(&c->coins) > 0 && (commit_due(c) || coins_full(&c->coins)))
		return flush_coins(c, e);
	*state = CHAIN_WAITING;
	return true;
}

static void commit_or_idle(struct chain *c, enum chain_work_state *state)
{
	if (c->commit_need >= COMMIT_AT_REST && !c->catching_up) {
		c->commit_state = COMMIT_WRITE;
		return;
	}
	notify_tip(c);
	*state = CHAIN_IDLE;
}

/* Chooses the next step, in COMMIT_IDLE while no block is half applied. */
static bool decide(struct chain *c, enum chain_work_state *state, struct err *e)
{
	chain_index at = c->n_ahead > 0 ? c->ahead[c->n_ahead - 1].at : c->tree.tip;
	bool on_best_branch = tree_descends(&c->tree, at, c->best_complete);

	if (!on_best_branch && c->n_ahead > 0) {
		c->op = APPLY_UNDO;
		return true;
	}
	if (commit_due(c))
		return start_commit(c, state, e);
	if (!on_best_branch)
		return start_disconnect(c, e);
	if (at == c->best_complete && c->n_ahead == 0) {
		commit_or_idle(c, state);
		return true;
	}
	if (at == c->best_complete || ahead_full(c))
		return start_commit(c, state, e);
	if (coins_full(&c->coins))
		return coins_make_room(&c->coins, COINS_FLUSH_SLICE, e);
	return start_apply(
		c, tree_ancestor(&c->tree, c->best_complete, tree_at(&c->tree, at)->height + 1), e);
}

static bool step_idle(struct chain *c, int64_t deadline, enum chain_work_state *state,
		      struct err *e)
{
	if (!read_verdicts(c, e))
		return false;
	if (c->op != APPLY_NONE)
		return continue_op(c, deadline, e);
	if (c->catching_up && c->n_ahead > 0 && c->ahead[0].verified)
		return connect_first(c, e);
	return decide(c, state, e);
}

static bool step_connect(struct chain *c, struct err *e)
{
	if (!connect_first(c, e))
		return false;
	if (c->n_ahead == 0)
		c->commit_state = COMMIT_NOTIFY;
	return true;
}

static bool step(struct chain *c, int64_t deadline, enum chain_work_state *state, struct err *e)
{
	switch (c->commit_state) {
	case COMMIT_IDLE:
		return step_idle(c, deadline, state, e);
	case COMMIT_WRITE:
		return commit_write_step(c, e);
	case COMMIT_FLUSH:
		return commit_flush_step(c, false, state, e);
	case COMMIT_CONNECT:
		return step_connect(c, e);
	case COMMIT_NOTIFY:
		notify_committed(c);
		return true;
	}
	return true;
}

bool chain_work(struct chain *c, int64_t budget_us, enum chain_work_state *state, struct err *e)
{
	int64_t deadline = clock_mono_us(c->clock) + budget_us;
	enum chain_work_state st = CHAIN_MORE;
	struct err why = {0};
	bool notified = false;

	if (c->failed)
		return chain_fail(c, NULL, e);
	if (!chain_has_genesis(c))
		st = CHAIN_IDLE;
	while (st == CHAIN_MORE && !notified) {
		notified = c->commit_state == COMMIT_NOTIFY;
		if (!step(c, deadline, &st, &why))
			return chain_fail(c, &why, e);
		if (clock_mono_us(c->clock) >= deadline)
			break;
	}
	if (state != NULL)
		*state = st;
	return true;
}

/* --- until done ---------------------------------------------------------------------------- */

/* Blocks until the disk has written everything, or until the next signature job ends. */
static bool wait_for_verdict(struct chain *c, struct err *e)
{
	enum chain_work_state state;

	if (c->commit_state == COMMIT_FLUSH)
		return commit_flush_step(c, true, &state, e);
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
	enum chain_work_state state;
	struct err why = {0};

	do {
		if (!chain_work(c, NO_LIMIT_US, &state, e))
			return false;
		if (state == CHAIN_WAITING && !wait_for_verdict(c, &why))
			return chain_fail(c, &why, e);
	} while (state != CHAIN_IDLE);
	return true;
}

bool chain_settled(const struct chain *c)
{
	return c->n_ahead == 0 && c->op == APPLY_NONE;
}

bool chain_at_best(const struct chain *c)
{
	const struct tree_entry *tip;

	if (!chain_settled(c))
		return false;
	if (c->tree.tip == c->best_complete)
		return true;
	/* In the middle of a reorganisation the tip has less work than the one last reported. */
	tip = tree_at(&c->tree, c->tree.tip);
	return tip->work >= c->notified_work &&
	       tree_descends(&c->tree, c->tree.tip, c->best_complete);
}

bool connect_finish_commit(struct chain *c, struct err *e)
{
	struct err why = {0};

	while (c->commit_need == COMMIT_NOW || c->commit_state != COMMIT_IDLE) {
		enum chain_work_state state = CHAIN_MORE;

		if (!step(c, clock_mono_us(c->clock) + NO_LIMIT_US, &state, &why))
			return chain_fail(c, &why, e);
		if (state == CHAIN_WAITING && !wait_for_verdict(c, &why))
			return chain_fail(c, &why, e);
	}
	return true;
}

bool chain_commit(struct chain *c, struct err *e)
{
	struct err why = {0};

	if (c->failed)
		return chain_fail(c, NULL, e);
	if (!chain_has_genesis(c))
		return store_commit(c->store, true, &why) || chain_fail(c, &why, e);
	c->commit_need = COMMIT_NOW;
	return connect_finish_commit(c, e);
}

void chain_commit_soon(struct chain *c)
{
	c->commit_need = COMMIT_NOW;
}

void chain_set_catching_up(struct chain *c, bool yes)
{
	c->catching_up = yes;
}

bool chain_catching_up(const struct chain *c)
{
	return c->catching_up;
}
