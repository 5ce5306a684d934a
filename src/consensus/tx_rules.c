/* The rules for transactions. Source: tally-protocol(7), DESCRIPTION and TRANSACTIONS. */
#include <tally/consensus/rules.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/primitives/script.h>

/* Up to this number of inputs, comparing each with each is faster than sorting. */
#define PAIRWISE_MAX 8

static bool check_size(const struct tx *tx, struct err *e)
{
	if (tx->n_in == 0)
		return err_set(e, ERR_INVALID, "bad-txns-vin-empty",
			       "the transaction has no inputs");
	if (tx->n_out == 0)
		return err_set(e, ERR_INVALID, "bad-txns-vout-empty",
			       "the transaction has no outputs");
	if (tx->raw.len > TX_MAX_BYTES)
		return err_set(e, ERR_INVALID, "bad-txns-oversize", "%zu bytes: at most %d",
			       tx->raw.len, TX_MAX_BYTES);
	/* A transaction of 64 bytes could be mistaken for an inner node of the merkle tree, which would
	 * allow false proofs. */
	if (tx->raw.len == 64)
		return err_set(e, ERR_INVALID, "bad-txns-64byte",
			       "the transaction has 64 bytes, the size of a merkle node");
	return true;
}

static bool check_outputs(const struct tx *tx, struct err *e)
{
	int64_t sum = 0;
	bool memo = false;

	for (size_t i = 0; i < tx->n_out; i++) {
		const struct txout *out = &tx->out[i];

		if (out->value < 0)
			return err_set(e, ERR_INVALID, "bad-txns-vout-negative",
				       "output %zu: value %lld", i, (long long)out->value);
		if (out->value > MAX_MONEY)
			return err_set(e, ERR_INVALID, "bad-txns-vout-toolarge",
				       "output %zu: value %lld", i, (long long)out->value);
		if (!amount_add(&sum, out->value))
			return err_set(e, ERR_INVALID, "bad-txns-txouttotal-toolarge",
				       "the sum of outputs 0 to %zu is more than all coins", i);
		switch (script_output(out->script, NULL)) {
		case SCRIPT_PAY:
			break;
		case SCRIPT_MEMO:
			if (memo)
				return err_set(e, ERR_INVALID, "bad-txns-memo-multiple",
					       "output %zu: a second memo", i);
			if (out->value != 0)
				return err_set(e, ERR_INVALID, "bad-txns-memo-value",
					       "output %zu: a memo with value %lld", i,
					       (long long)out->value);
			memo = true;
			break;
		case SCRIPT_BAD:
			return err_set(e, ERR_INVALID, "bad-txns-vout-script",
				       "output %zu: neither a payment nor a memo", i);
		}
	}
	return true;
}

static int compare_packed(const void *a, const void *b)
{
	return memcmp(a, b, OUTPOINT_BYTES);
}

static bool outpoint_equal(const struct outpoint *a, const struct outpoint *b)
{
	return a->index == b->index && hash256_equal(&a->txid.h, &b->txid.h);
}

static bool has_duplicate_inputs(const struct tx *tx)
{
	bool found = false;

	if (tx->n_in <= PAIRWISE_MAX) {
		for (size_t i = 1; i < tx->n_in; i++)
			for (size_t j = 0; j < i; j++)
				if (outpoint_equal(&tx->in[i].prev, &tx->in[j].prev))
					return true;
		return false;
	}
	uint8_t(*packed)[OUTPOINT_BYTES] = mem_array(tx->n_in, OUTPOINT_BYTES);
	for (size_t i = 0; i < tx->n_in; i++)
		outpoint_pack(packed[i], &tx->in[i].prev);
	qsort(packed, tx->n_in, OUTPOINT_BYTES, compare_packed);
	for (size_t i = 1; i < tx->n_in && !found; i++)
		found = compare_packed(packed[i - 1], packed[i]) == 0;
	free(packed);
	return found;
}

static bool check_coinbase_input(const struct tx *tx, struct err *e)
{
	size_t len = tx->in[0].script.len;

	if (len < SCRIPT_COINBASE_MIN || len > SCRIPT_COINBASE_MAX)
		return err_set(e, ERR_INVALID, "bad-cb-length",
			       "the coinbase script has %zu bytes: %d to %d are allowed", len,
			       SCRIPT_COINBASE_MIN, SCRIPT_COINBASE_MAX);
	return true;
}

static bool check_inputs(const struct tx *tx, struct err *e)
{
	struct signature sig;
	struct pubkey pub;

	for (size_t i = 0; i < tx->n_in; i++) {
		if (outpoint_is_null(&tx->in[i].prev))
			return err_set(e, ERR_INVALID, "bad-txns-prevout-null",
				       "input %zu spends the null outpoint", i);
		if (!script_input_parse(tx->in[i].script, &sig, &pub))
			return err_set(e, ERR_INVALID, "bad-txns-vin-script",
				       "input %zu: not a signature and a public key", i);
	}
	if (has_duplicate_inputs(tx))
		return err_set(e, ERR_INVALID, "bad-txns-inputs-duplicate",
			       "two inputs spend the same output");
	return true;
}

bool tx_check(const struct tx *tx, struct err *e)
{
	if (!check_size(tx, e))
		return false;
	if (tx->version != TX_VERSION)
		return err_set(e, ERR_INVALID, "bad-txns-version", "version %d: only %d is known",
			       (int)tx->version, TX_VERSION);
	if (!check_outputs(tx, e))
		return false;
	return tx_is_coinbase(tx) ? check_coinbase_input(tx, e) : check_inputs(tx, e);
}

bool tx_final(const struct tx *tx, uint32_t height, uint32_t parent_time)
{
	uint32_t now = tx->lock_time < LOCKTIME_THRESHOLD ? height : parent_time;

	if (tx->lock_time == 0 || tx->lock_time < now)
		return true;
	for (size_t i = 0; i < tx->n_in; i++)
		if (tx->in[i].sequence != SEQUENCE_FINAL)
			return false;
	return true;
}

/* The coinbase of genesis needs no maturity: genesis can't be reorganised away. */
bool coinbase_mature(const struct chain_params *p, uint32_t made, uint32_t height)
{
	return made == 0 || (int64_t)height - (int64_t)made >= (int64_t)p->maturity;
}

static bool check_values(const struct tx *tx, const struct coin *coins,
			 const struct chain_params *p, uint32_t height, int64_t *fee, struct err *e)
{
	int64_t in = 0, out = 0;

	for (size_t i = 0; i < tx->n_in; i++) {
		if (coins[i].coinbase && !coinbase_mature(p, coins[i].height, height))
			return err_set(
				e, ERR_INVALID, "bad-txns-premature-spend-of-coinbase",
				"input %zu: made at height %u, spent at %u, matures after %u", i,
				coins[i].height, height, p->maturity);
		if (!amount_add(&in, coins[i].value))
			return err_set(e, ERR_INVALID, "bad-txns-inputvalues-outofrange",
				       "the sum of inputs 0 to %zu is more than all coins", i);
	}
	for (size_t i = 0; i < tx->n_out; i++)
		out += tx->out[i].value; /* can't overflow: tx_check has passed */
	if (out > in)
		return err_set(e, ERR_INVALID, "bad-txns-in-belowout",
			       "inputs of %lld units, outputs of %lld", (long long)in,
			       (long long)out);
	*fee = in - out;
	return true;
}

/* Checks that each public key belongs to the owner of the spent coin, and sets `checks` to the
 * signatures to verify. */
static bool check_keys(const struct tx *tx, const struct coin *coins, const struct chain_params *p,
		       struct sigcheck *checks, struct err *e)
{
	struct sighash sums;
	struct signature sig;
	struct pubkey pub;
	struct key_hash kh;

	if (checks)
		sighash_init(&sums, tx, &p->genesis_hash);
	for (size_t i = 0; i < tx->n_in; i++) {
		if (!script_input_parse(tx->in[i].script, &sig, &pub))
			return err_set(e, ERR_INVALID, "bad-txns-vin-script",
				       "input %zu: not a signature and a public key", i);
		key_hash(&kh, &pub);
		if (memcmp(kh.b, coins[i].owner.b, KEY_HASH_BYTES) != 0)
			return err_set(
				e, ERR_INVALID, "bad-txns-vin-keyhash",
				"input %zu: the public key does not belong to the coin's owner", i);
		if (!checks)
			continue;
		checks[i].pub = pub;
		checks[i].sig = sig;
		sighash_input(&checks[i].digest, &sums, i, &coins[i]);
	}
	return true;
}

bool tx_check_coins(const struct tx *tx, const struct coin *coins, const struct chain_params *p,
		    uint32_t height, uint32_t parent_time, int64_t *fee, struct sigcheck *checks,
		    struct err *e)
{
	if (!tx_final(tx, height, parent_time))
		return err_set(e, ERR_INVALID, "bad-txns-nonfinal", "locked until %u",
			       tx->lock_time);
	return check_values(tx, coins, p, height, fee, e) && check_keys(tx, coins, p, checks, e);
}

bool tx_coin(const struct tx *tx, size_t i, uint32_t height, struct coin *out)
{
	struct span push;

	if (script_output(tx->out[i].script, &push) != SCRIPT_PAY)
		return false;
	out->value = tx->out[i].value;
	memcpy(out->owner.b, push.p, KEY_HASH_BYTES);
	out->height = height;
	out->coinbase = tx_is_coinbase(tx);
	return true;
}
