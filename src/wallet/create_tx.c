/* Creating payments: choose coins, make change, sign. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

#include <tally/chain/query.h>
#include <tally/wallet/create_tx.h>

#include "wallet/balance_priv.h"
#include "wallet/key_store_priv.h"
#include "wallet/select_priv.h"
#include "wallet/tx_state_priv.h"

/* Version, number of outputs (one byte, since there are at most 3) and lock time. */
#define FRAME_BYTES (4 + 1 + 4)
/* Of a memo output, without the memo: value, script length, opcode and push length. */
#define MEMO_OVERHEAD_BYTES (8 + 1 + 2)

static bool check_request(const struct wallet *w, const struct payment_request *r, struct err *e)
{
	const size_t memo = r->memo ? strlen(r->memo) : 0;

	if (r->amount <= 0 || r->amount > MAX_MONEY)
		return err_set(e, ERR_USAGE, "bad-amount",
			       "the amount is out of range: give more than 0 coins");
	if (r->fee_rate < 1 || r->fee_rate > WALLET_FEE_RATE_MAX)
		return err_set(e, ERR_USAGE, "bad-fee",
			       "fee rate %lld is out of range: give 1 to %d units a byte",
			       (long long)r->fee_rate, WALLET_FEE_RATE_MAX);
	if (memo > SCRIPT_MEMO_MAX)
		return err_set(e, ERR_USAGE, "bad-memo", "the memo has %zu bytes: at most %d fit",
			       memo, SCRIPT_MEMO_MAX);
	if (r->from && !wallet_is_mine(w, r->from))
		return err_set(e, ERR_USAGE, "not-mine",
			       "that address is not of this wallet: see listaddresses");
	if (!w->chain || !chain_has_genesis(w->chain))
		return err_set(e, ERR_NOTFOUND, "no-chain",
			       "there is no chain yet: nothing can be paid");
	return true;
}

/* The coins that the payment may spend. confirmed_only: leave out unconfirmed change. */
static const struct own_coin **candidates(const struct wallet *w, const struct payment_request *r,
					  bool confirmed_only, size_t *n)
{
	const struct own_coin **out = mem_array(w->n_unspent + 1, sizeof(*out));
	const uint32_t key = r->from ? keys_find(w, r->from) : NO_INDEX;

	*n = 0;
	for (size_t i = 0; i < w->n_unspent; i++) {
		const struct own_coin *c = &w->coins[w->unspent[i]];

		if (coin_spendable(w, c) && (key == NO_INDEX || c->key == key) &&
		    (!confirmed_only || w->txs[c->tx].state == TX_CONFIRMED))
			out[(*n)++] = c;
	}
	return out;
}

static bool no_funds(const struct wallet *w, const struct payment_request *r,
		     const struct selection *s, struct err *e)
{
	char want[AMOUNT_CHARS + 1], have[AMOUNT_CHARS + 1], fee[AMOUNT_CHARS + 1],
		wait[AMOUNT_CHARS + 1], most[AMOUNT_CHARS + 1];
	const struct wallet_balance b = wallet_balance(w, r->from);
	const int64_t fees = (int64_t)select_bytes(s, s->n_coins ? s->n_coins : 1, false) * s->rate;
	int64_t sum = 0;

	for (size_t i = 0; i < s->n_coins; i++)
		sum += s->coins[i]->value;
	amount_format(want, r->amount);
	amount_format(have, sum);
	amount_format(fee, fees);
	amount_format(most, sum - fees);
	amount_format(wait, b.immature + b.pending);
	if (s->n_coins > select_max_inputs(s) && sum > r->amount)
		return err_set(
			e, ERR_FUNDS, "too-many-coins",
			"%s needs more coins than fit into one transaction: send it in several payments",
			want);
	if (b.immature + b.pending > 0)
		return err_set(
			e, ERR_FUNDS, "insufficient-funds",
			"%s and a fee of about %s are more than can be spent now, %s: send less, or wait for the blocks that make another %s spendable",
			want, fee, have, wait);
	if (sum > fees && s->n_coins <= select_max_inputs(s))
		return err_set(
			e, ERR_FUNDS, "insufficient-funds",
			"%s and a fee of about %s are more than can be spent, %s: send at most %s",
			want, fee, have, most);
	return err_set(e, ERR_FUNDS, "insufficient-funds",
		       "%s and a fee of about %s are more than can be spent, %s: send less", want,
		       fee, have);
}

/* --- building the transaction ------------------------------------------------------ */

struct tx_parts {
	struct txin *in;
	struct txout out[3];
	size_t n_in, n_out;
	uint8_t pay[SCRIPT_PAY_BYTES], change[SCRIPT_PAY_BYTES], memo[SCRIPT_MEMO_MAX + 2];
};

static void add_outputs(struct tx_parts *parts, const struct payment *p)
{
	script_pay(parts->pay, &p->to);
	parts->out[parts->n_out++] =
		(struct txout){.value = p->amount, .script = {parts->pay, SCRIPT_PAY_BYTES}};
	if (p->change > 0) {
		script_pay(parts->change, &p->coins[0].owner);
		parts->out[parts->n_out++] = (struct txout){
			.value = p->change, .script = {parts->change, SCRIPT_PAY_BYTES}};
	}
	if (*p->memo) {
		const size_t n = script_memo(parts->memo, p->memo, strlen(p->memo));

		parts->out[parts->n_out++] = (struct txout){.script = {parts->memo, n}};
	}
}

static struct tx *serialise(const struct tx_parts *parts)
{
	struct writer w;
	struct tx *tx = NULL;

	writer_init(&w);
	tx_write(&w, parts->in, parts->n_in, parts->out, parts->n_out, 0);
	tx_decode(&tx, w.buf, w.len, NULL); /* can't fail: we wrote the bytes ourselves */
	writer_clear(&w);
	return tx;
}

/* Signs every input and serialises. The digest leaves the input scripts out, so it is computed from
 * the transaction without them. */
static struct tx *sign(const struct wallet *w, const struct payment *p, struct tx_parts *parts)
{
	uint8_t *scripts = mem_array(parts->n_in, SCRIPT_INPUT_BYTES);
	struct tx *unsigned_tx = serialise(parts), *tx;
	struct sighash sums;

	sighash_init(&sums, unsigned_tx, &chain_params(w->chain)->genesis_hash);
	for (size_t i = 0; i < parts->n_in; i++) {
		const struct own_key *key = &w->keys[keys_find(w, &p->coins[i].owner)];
		const struct coin coin = {.value = p->coins[i].value, .owner = key->owner};
		uint8_t *script = scripts + i * SCRIPT_INPUT_BYTES;
		struct hash256 digest;
		struct signature sig;
		struct pubkey pub;

		sighash_input(&digest, &sums, i, &coin);
		key_sign(&sig, key->seed, &digest);
		key_pubkey(&pub, key->seed);
		script_input(script, &sig, &pub);
		parts->in[i].script = (struct span){script, SCRIPT_INPUT_BYTES};
	}
	tx_unref(unsigned_tx);
	tx = serialise(parts);
	free(scripts);
	return tx;
}

static struct tx *build_tx(const struct wallet *w, const struct payment *p)
{
	struct tx_parts parts = {.n_in = p->n_coins};
	struct tx *tx;

	parts.in = mem_array(p->n_coins, sizeof(*parts.in));
	for (size_t i = 0; i < p->n_coins; i++)
		parts.in[i] =
			(struct txin){.prev = p->coins[i].outpoint, .sequence = SEQUENCE_FINAL};
	add_outputs(&parts, p);
	tx = sign(w, p, &parts);
	free(parts.in);
	return tx;
}

static struct payment *new_payment(const struct wallet *w, const struct payment_request *r,
				   const struct selection *s)
{
	struct payment *p = NEW(struct payment);

	*p = (struct payment){.to = r->to,
			      .amount = r->amount,
			      .fee = s->fee,
			      .change = s->change,
			      .n_coins = s->n_chosen};
	if (r->memo)
		memcpy(p->memo, r->memo, strlen(r->memo));
	p->coins = mem_array(s->n_chosen, sizeof(*p->coins));
	for (size_t i = 0; i < s->n_chosen; i++) {
		const struct own_coin *c = s->coins[s->chosen[i]];

		p->coins[i] = (struct payment_coin){
			.outpoint = {.txid = w->txs[c->tx].id, .index = c->output},
			.value = c->value,
			.owner = w->keys[c->key].owner};
	}
	p->tx = build_tx(w, p);
	return p;
}

/* --- choosing coins ---------------------------------------------------------------- */

static void selection_free(struct selection *s)
{
	free(s->chosen);
	free((void *)(uintptr_t)s->coins);
}

/* *s is to be freed with selection_free in any case. */
static bool choose_coins(const struct wallet *w, const struct payment_request *r,
			 struct selection *s, struct err *e)
{
	const size_t memo = r->memo ? strlen(r->memo) : 0;

	*s = (struct selection){.amount = r->amount, .rate = r->fee_rate};
	if (!check_request(w, r, e))
		return false;
	s->max_bytes = params_max_tx_bytes(chain_params(w->chain));
	s->fixed_bytes = FRAME_BYTES + OUTPUT_BYTES + (memo ? MEMO_OVERHEAD_BYTES + memo : 0);
	/* Unconfirmed change is spent only if the confirmed coins are not enough: each payment that
	 * spends it has one more unconfirmed ancestor, and the mempool limits their number. */
	for (int confirmed_only = 1; confirmed_only >= 0; confirmed_only--) {
		selection_free(s);
		s->coins = candidates(w, r, confirmed_only, &s->n_coins);
		s->chosen = NULL;
		if (select_coins(s))
			return true;
	}
	return no_funds(w, r, s, e);
}

bool wallet_create_payment(const struct wallet *w, const struct payment_request *r,
			   struct payment **out, struct err *e)
{
	struct selection s;
	const bool ok = choose_coins(w, r, &s, e);

	if (ok)
		*out = new_payment(w, r, &s);
	selection_free(&s);
	return ok;
}

bool wallet_payment_fee(const struct wallet *w, const struct payment_request *r, int64_t *fee,
			struct err *e)
{
	struct selection s;
	const bool ok = choose_coins(w, r, &s, e);

	if (ok)
		*fee = s.fee;
	selection_free(&s);
	return ok;
}

/* --- a payment that was shown ------------------------------------------------------- */

bool wallet_check_payment(const struct wallet *w, const struct payment *p, struct err *e)
{
	const uint32_t t = tx_state_find(w, &p->tx->id);

	if (t != NO_INDEX && w->txs[t].state != TX_ABANDONED)
		return err_set(e, ERR_KNOWN, "payment-sent",
			       "this payment was sent already: see listtransactions");
	for (size_t i = 0; i < p->n_coins; i++) {
		const uint32_t c = tx_state_find_coin(w, &p->coins[i].outpoint);

		if (c == NO_INDEX || !coin_spendable(w, &w->coins[c]))
			return err_set(
				e, ERR_FUNDS, "payment-coins-spent",
				"nothing was sent, a coin of this payment can no longer be spent: repeat the command");
	}
	return true;
}

void payment_free(struct payment *p)
{
	if (!p)
		return;
	tx_unref(p->tx);
	free(p->coins);
	free(p);
}
