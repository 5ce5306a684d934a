/* The rules for entering the pool: the consensus rules as of the next block (tally-protocol(7),
 * TRANSACTIONS) and the limits of this node (CONDUCT). */
#include "mempool/tx_accept_priv.h"

#include <math.h>
#include <stdlib.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/consensus/rules.h>

#include <tally/chain/query.h>

/* Outputs looked up to learn whether a transaction with unknown inputs is in a block. Each is a
 * database search. If all of these outputs are spent, the transaction counts as an orphan. */
#define OUTPUTS_LOOKED_UP 8

struct next_block {
	const struct chain_params *params;
	uint32_t height, parent_time;
};

static struct next_block next_block(const struct mempool *m)
{
	struct chain_entry tip = chain_tip(m->o.chain);

	return (struct next_block){.params = chain_params(m->o.chain),
				   .height = tip.height + 1,
				   .parent_time = tip.time};
}

/* Is one of its outputs a coin of the chain? Then the transaction is in a block. True as well, with
 * *e set, if the store failed. */
static bool in_chain(struct mempool *m, const struct tx *tx, struct err *e)
{
	struct coin_view view = chain_coins(m->o.chain);
	struct outpoint o = {.txid = tx->id};
	struct coin coin;

	for (o.index = 0; o.index < tx->n_out && o.index < OUTPUTS_LOOKED_UP; o.index++) {
		struct err failed = {.cls = ERR_NONE};
		if (view.get(view.ctx, &o, &coin, &failed))
			return !err_set(e, ERR_KNOWN, "txn-already-known",
					"this transaction is in a block already");
		if (failed.cls != ERR_NONE) {
			if (e)
				*e = failed;
			return true;
		}
	}
	return false;
}

static bool add_parent(struct candidate *c, struct pool_entry *parent, struct err *e)
{
	for (size_t i = 0; i < c->n_parents; i++)
		if (c->parents[i] == parent)
			return true;
	if (c->n_parents == RELATIVES_MAX)
		return err_set(
			e, ERR_POLICY, "too-long-mempool-chain",
			"the transaction has more than %d unconfirmed ancestors: wait for a block",
			RELATIVES_MAX);
	c->parents[c->n_parents++] = parent;
	return true;
}

/* Finds the coins it spends, in the pool and in the chain, and its parents in the pool. */
static bool find_coins(struct mempool *m, const struct tx *tx, struct candidate *c,
		       struct coin *coins, struct err *e)
{
	struct coin_view view = chain_coins(m->o.chain);

	for (uint32_t i = 0; i < tx->n_in; i++) {
		const struct outpoint *o = &tx->in[i].prev;
		struct pool_entry *parent = pool_find(m, &o->txid);
		struct err failed = {.cls = ERR_NONE};
		bool found;

		if (pool_spender(m, o))
			return err_set(
				e, ERR_POLICY, "txn-mempool-conflict",
				"an unconfirmed transaction spends one of its coins already");
		if (parent)
			found = o->index < parent->pub.tx->n_out &&
				tx_coin(parent->pub.tx, o->index, MEMPOOL_HEIGHT, &coins[i]);
		else
			found = view.get(view.ctx, o, &coins[i], &failed);
		if (failed.cls != ERR_NONE) {
			if (e)
				*e = failed;
			return false;
		}
		if (!found && in_chain(m, tx, e))
			return false;
		if (!found && parent)
			return err_set(e, ERR_INVALID, "bad-txns-inputs-missingorspent",
				       "input %u spends an output that does not exist or is a memo",
				       i);
		if (!found)
			return err_set(e, ERR_ORPHAN, "bad-txns-inputs-missingorspent",
				       "the coin of input %u is unknown or spent", i);
		if (parent && !add_parent(c, parent, e))
			return false;
	}
	return true;
}

/* A transaction that is not valid yet is not the fault of its sender, whose tip may be ahead of
 * ours: ERR_FUTURE. */
static bool check_time(const struct tx *tx, const struct coin *coins, const struct next_block *at,
		       struct candidate *c, struct err *e)
{
	if (!tx_final(tx, at->height, at->parent_time))
		return err_set(
			e, ERR_FUTURE, "non-final",
			"the lock time %u is not reached in the next block, at height %u: wait",
			tx->lock_time, at->height);
	for (uint32_t i = 0; i < tx->n_in; i++) {
		if (!coins[i].coinbase)
			continue;
		if (!coinbase_mature(at->params, coins[i].height, at->height))
			return err_set(
				e, ERR_FUTURE, "bad-txns-premature-spend-of-coinbase",
				"input %u spends an immature coinbase, of height %u: wait for height %u",
				i, coins[i].height, coins[i].height + at->params->maturity - 1);
		c->coinbase_height = MAX(c->coinbase_height, coins[i].height);
	}
	return true;
}

static bool check_fee(struct mempool *m, const struct tx *tx, const struct candidate *c,
		      struct err *e)
{
	int64_t least = (int64_t)tx->raw.len * MEMPOOL_MIN_RELAY_RATE;
	char paid[AMOUNT_CHARS + 1], want[AMOUNT_CHARS + 1];

	if (m->reorg.any_fee)
		return true;
	amount_format(paid, c->fee);
	amount_format(want, least);
	if (c->fee < least)
		return err_set(e, ERR_POLICY, "min-relay-fee",
			       "the fee of %s is too low for %zu bytes: pay at least %s", paid,
			       tx->raw.len, want);
	double rolling = ceil(eviction_rolling_rate(m) * (double)tx->raw.len);
	if ((double)c->fee < rolling) {
		amount_format(want, rolling < (double)MAX_MONEY ? (int64_t)rolling : MAX_MONEY);
		return err_set(
			e, ERR_POLICY, "mempool-full",
			"the fee of %s is too low while the mempool is full: pay at least %s", paid,
			want);
	}
	return true;
}

static bool check_relatives(struct mempool *m, const struct candidate *c, struct err *e)
{
	struct pool_entry *up[RELATIVES_MAX];
	size_t n = pool_walk_up(m, c->parents, c->n_parents, up, RELATIVES_MAX);

	if (n == SIZE_MAX)
		return err_set(
			e, ERR_POLICY, "too-long-mempool-chain",
			"the transaction has more than %d unconfirmed ancestors: wait for a block",
			RELATIVES_MAX);
	for (size_t i = 0; i < n; i++)
		if (up[i]->pub.n_descendants >= MEMPOOL_DESCENDANTS_MAX)
			return err_set(e, ERR_POLICY, "too-long-mempool-chain",
				       "an unconfirmed ancestor has %d descendants already: wait "
				       "for a block",
				       RELATIVES_MAX);
	return true;
}

bool accept_check(struct mempool *m, const struct tx *tx, struct candidate *c,
		  struct sigcheck *checks, struct err *e)
{
	const size_t max = params_max_tx_bytes(chain_params(m->o.chain));
	const struct next_block at = next_block(m);
	struct coin *coins;
	bool ok;

	*c = (struct candidate){0};
	eviction_decay(m);
	if (!tx_check(tx, e))
		return false;
	if (tx_is_coinbase(tx))
		return err_set(e, ERR_INVALID, "coinbase", "a coinbase is valid only in a block");
	if (pool_find(m, &tx->id))
		return err_set(e, ERR_KNOWN, "txn-already-in-mempool",
			       "this transaction is in the mempool already");
	if (tx->raw.len > max)
		return err_set(
			e, ERR_POLICY, "tx-size",
			"the transaction has %zu bytes: at most %zu fit into a block of this chain",
			tx->raw.len, max);
	coins = mem_array(tx->n_in, sizeof(*coins));
	ok = find_coins(m, tx, c, coins, e) && check_time(tx, coins, &at, c, e) &&
	     tx_check_coins(tx, coins, at.params, at.height, at.parent_time, &c->fee, checks, e) &&
	     check_fee(m, tx, c, e) && check_relatives(m, c, e);
	free(coins);
	return ok;
}

bool accept_add(struct mempool *m, struct tx *tx, const struct candidate *c, int64_t since,
		struct err *e)
{
	m->eviction.newcomer = pool_add(m, tx, c, since);
	eviction_trim(m);
	if (!m->eviction.newcomer)
		return err_set(
			e, ERR_POLICY, "mempool-full",
			"the mempool is full of transactions that pay more: pay a higher fee");
	struct pool_entry *en = m->eviction.newcomer;
	m->eviction.newcomer = NULL;
	if (m->o.events && m->o.events->added)
		m->o.events->added(m->o.events_arg, &en->pub);
	orphans_retry_children(m, &tx->id);
	return true;
}

bool accept_verified(struct mempool *m, struct tx *tx, int64_t since, struct err *e)
{
	struct candidate c;

	return accept_check(m, tx, &c, NULL, e) && accept_add(m, tx, &c, since, e);
}

bool accept_check_signatures(struct mempool *m, const struct tx *tx, const struct sigcheck *checks,
			     struct err *e)
{
	if (mempool_verified(m, &tx->id))
		return true;
	for (uint32_t i = 0; i < tx->n_in; i++)
		if (!key_verify(&checks[i].sig, &checks[i].pub, &checks[i].digest))
			return err_set(e, ERR_INVALID, "mandatory-script-verify-flag-failed",
				       "the signature of input %u is invalid", i);
	sig_cache_add(&m->sig_cache, &tx->id);
	return true;
}

bool accept_tx(struct mempool *m, struct tx *tx, struct err *e)
{
	struct sigcheck *checks =
		mempool_verified(m, &tx->id) ? NULL : mem_array(MAX(tx->n_in, 1U), sizeof(*checks));
	struct candidate c;
	const bool ok = accept_check(m, tx, &c, checks, e) &&
			accept_check_signatures(m, tx, checks, e) && accept_add(m, tx, &c, 0, e);

	free(checks);
	return ok;
}
