/* Payments: choosing coins, making change, signing. */
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>

#include "wallet/wallet_priv.h"

/* Version, count of outputs (one byte: three at most) and lock time. */
#define FRAME_BYTES (4 + 1 + 4)

static bool check_payment(const struct wallet *w, const struct wallet_payment *p, struct err *e)
{
	const size_t memo = p->memo ? strlen(p->memo) : 0;

	if (p->amount <= 0 || p->amount > MAX_MONEY)
		return err_set(e, ERR_USAGE, "bad-amount",
			       "that is no amount: give more than 0 coins");
	if (p->fee_rate < 1 || p->fee_rate > WALLET_FEE_RATE_MAX)
		return err_set(e, ERR_USAGE, "bad-fee",
			       "fee rate %lld is out of range: give 1 to %d units a byte",
			       (long long)p->fee_rate, WALLET_FEE_RATE_MAX);
	if (memo > SCRIPT_MEMO_MAX)
		return err_set(e, ERR_USAGE, "bad-memo", "the memo has %zu bytes: at most %d fit",
			       memo, SCRIPT_MEMO_MAX);
	if (p->from && !wallet_is_mine(w, p->from))
		return err_set(e, ERR_USAGE, "not-mine",
			       "that address is not of this wallet: see listaddresses");
	if (!w->chain || !chain_has_genesis(w->chain))
		return err_set(e, ERR_NOTFOUND, "no-chain",
			       "there is no chain yet: nothing can be paid");
	return true;
}

/* The coins this payment may spend; confirmed: of those only what is in a block. */
static const struct own_coin **candidates(const struct wallet *w, const struct wallet_payment *p,
					  bool confirmed, size_t *n)
{
	const struct own_coin **out = mem_array(w->n_unspent + 1, sizeof(*out));
	const uint32_t key = p->from ? keys_find(w, p->from) : NO_INDEX;

	*n = 0;
	for (size_t i = 0; i < w->n_unspent; i++) {
		const struct own_coin *c = &w->coins[w->unspent[i]];

		if (coin_spendable(w, c) && (key == NO_INDEX || c->key == key) &&
		    (!confirmed || w->txs[c->tx].state == TX_CONFIRMED))
			out[(*n)++] = c;
	}
	return out;
}

static bool no_funds(const struct wallet *w, const struct wallet_payment *p,
		     const struct selection *s, struct err *e)
{
	char want[AMOUNT_CHARS + 1], have[AMOUNT_CHARS + 1], fee[AMOUNT_CHARS + 1],
		wait[AMOUNT_CHARS + 1], most[AMOUNT_CHARS + 1];
	const struct wallet_balance b = wallet_balance(w, p->from);
	const int64_t fees = (int64_t)select_bytes(s, s->n_coins ? s->n_coins : 1, false) * s->rate;
	int64_t sum = 0;

	for (size_t i = 0; i < s->n_coins; i++)
		sum += s->coins[i]->value;
	amount_format(want, p->amount);
	amount_format(have, sum);
	amount_format(fee, fees);
	amount_format(most, sum - fees);
	amount_format(wait, b.immature + b.pending);
	if (s->n_coins > select_max_inputs(s) && sum > p->amount)
		return err_set(
			e, ERR_FUNDS, "too-many-coins",
			"%s would take more coins than fit in one transaction: send less at a time",
			want);
	if (b.immature + b.pending > 0)
		return err_set(
			e, ERR_FUNDS, "insufficient-funds",
			"%s wanted with a fee of about %s, %s can be spent and %s wait for blocks: send less or wait",
			want, fee, have, wait);
	if (sum > fees && s->n_coins <= select_max_inputs(s))
		return err_set(e, ERR_FUNDS, "insufficient-funds",
			       "%s wanted with a fee of about %s, %s can be spent: send at most %s",
			       want, fee, have, most);
	return err_set(e, ERR_FUNDS, "insufficient-funds",
		       "%s wanted with a fee of about %s, %s can be spent: send less", want, fee,
		       have);
}

/* --- putting it together ---------------------------------------------------------- */

struct payment_parts {
	struct txin *in;
	const struct own_coin **spent;
	size_t n_in;
	struct txout out[3];
	size_t n_out;
	uint8_t pay[SCRIPT_PAY_BYTES], change[SCRIPT_PAY_BYTES], memo[SCRIPT_MEMO_MAX + 2];
};

static struct outpoint coin_outpoint(const struct wallet *w, const struct own_coin *c)
{
	return (struct outpoint){.txid = w->txs[c->tx].id, .index = c->output};
}

static void fill_outputs(const struct wallet *w, const struct wallet_payment *p, int64_t change,
			 struct payment_parts *parts)
{
	script_pay(parts->pay, &p->to);
	parts->out[parts->n_out++] =
		(struct txout){.value = p->amount, .script = {parts->pay, SCRIPT_PAY_BYTES}};
	if (change > 0) {
		script_pay(parts->change, &w->keys[parts->spent[0]->key].owner);
		parts->out[parts->n_out++] = (struct txout){
			.value = change, .script = {parts->change, SCRIPT_PAY_BYTES}};
	}
	if (p->memo && *p->memo) {
		const size_t n = script_memo(parts->memo, p->memo, strlen(p->memo));

		parts->out[parts->n_out++] = (struct txout){.script = {parts->memo, n}};
	}
}

static struct tx *serialise(const struct payment_parts *parts)
{
	struct writer w;
	struct tx *tx = NULL;

	writer_init(&w);
	tx_write(&w, parts->in, parts->n_in, parts->out, parts->n_out, 0);
	tx_decode(&tx, w.buf, w.len, NULL); /* what we wrote decodes */
	writer_clear(&w);
	return tx;
}

/* Signs every input of the transaction as it is without scripts; the digest leaves them out. */
static struct tx *sign(const struct wallet *w, struct payment_parts *parts)
{
	uint8_t *scripts = mem_array(parts->n_in, SCRIPT_INPUT_BYTES);
	struct tx *bare = serialise(parts), *tx;
	struct sighash sums;

	sighash_init(&sums, bare, &chain_params(w->chain)->genesis_hash);
	for (size_t i = 0; i < parts->n_in; i++) {
		const struct own_key *key = &w->keys[parts->spent[i]->key];
		const struct coin coin = {.value = parts->spent[i]->value, .owner = key->owner};
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
	tx_unref(bare);
	tx = serialise(parts);
	free(scripts);
	return tx;
}

static struct tx *build(const struct wallet *w, const struct wallet_payment *p,
			const struct selection *s)
{
	struct payment_parts parts = {.n_in = s->n_chosen};
	struct tx *tx;

	parts.in = mem_array(s->n_chosen, sizeof(*parts.in));
	parts.spent = mem_array(s->n_chosen, sizeof(*parts.spent));
	for (size_t i = 0; i < s->n_chosen; i++) {
		parts.spent[i] = s->coins[s->chosen[i]];
		parts.in[i] = (struct txin){.prev = coin_outpoint(w, parts.spent[i]),
					    .sequence = SEQUENCE_FINAL};
	}
	fill_outputs(w, p, s->change, &parts);
	tx = sign(w, &parts);
	free(parts.in);
	free(parts.spent);
	return tx;
}

bool wallet_pay(struct wallet *w, const struct wallet_payment *p, struct tx **out, int64_t *fee,
		int64_t *change, struct err *e)
{
	const size_t memo = p->memo && *p->memo ? strlen(p->memo) : 0;
	struct selection s = {.amount = p->amount, .rate = p->fee_rate};
	const struct own_coin **coins = NULL;
	bool ok = false;

	if (!check_payment(w, p, e))
		return false;
	s.max_bytes = params_max_tx_bytes(chain_params(w->chain));
	s.fixed_bytes = FRAME_BYTES + OUTPUT_BYTES + (memo ? 8 + 1 + 2 + memo : 0);
	/* Change that waits for a block only where the rest is not enough: each payment that spends it makes the
	 * line of those that must be mined before it longer. */
	for (int confirmed = 1; confirmed >= 0 && !ok; confirmed--) {
		free(coins);
		coins = candidates(w, p, confirmed, &s.n_coins);
		s.coins = coins;
		ok = select_coins(&s);
	}
	if (ok) {
		if (out)
			*out = build(w, p, &s);
		*fee = s.fee;
		*change = s.change;
	} else {
		no_funds(w, p, &s, e);
	}
	free(s.chosen);
	free(coins);
	return ok;
}
