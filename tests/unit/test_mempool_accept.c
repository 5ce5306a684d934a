/* Entering the mempool: every rule of tally-protocol(7), TRANSACTIONS as of the next block, and the
 * node's own limits, each just kept and just broken. */
#include <tally/primitives/script.h>

#include "mempool/mempool_priv.h"
#include "pool_fixture.h"

#define ONE_TO_ONE_BYTES 180

/* --- rules that need no coins --------------------------------------------------------- */

/* The same transaction with one byte changed. */
static struct tx *with_byte(const struct tx *tx, size_t at, uint8_t v)
{
	uint8_t *raw = mem_alloc(tx->raw.len);
	struct tx *out;
	struct err e = {0};

	memcpy(raw, tx->raw.p, tx->raw.len);
	raw[at] = v;
	fx_must_e(tx_decode(&out, raw, tx->raw.len, &e));
	free(raw);
	return out;
}

static void refuse_and_free(struct pf *p, struct tx *tx, enum err_class cls, const char *token)
{
	pf_refused(p, tx, cls, token);
	tx_unref(tx);
}

static void accept_and_free(struct pf *p, struct tx *tx)
{
	pf_accept(p, tx);
	tx_unref(tx);
}

static void a_transaction_that_breaks_a_rule_without_coins_is_refused(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct fx_in in[2], null = {.prev.index = OUTPOINT_NULL_INDEX};
	struct fx_out out = {.key = 1}, huge[2];
	struct tx *tx;

	(void)state;
	pf_fan(p, 10);
	in[0] = in[1] = pf_coin(p, 0);
	null.coin = in[0].coin;
	refuse_and_free(p, fx_pay(&p->fx, in, 0, &out, 1), ERR_INVALID, "bad-txns-vin-empty");
	refuse_and_free(p, fx_pay(&p->fx, in, 1, &out, 0), ERR_INVALID, "bad-txns-vout-empty");
	refuse_and_free(p, fx_pay(&p->fx, in, 2, &out, 1), ERR_INVALID,
			"bad-txns-inputs-duplicate");
	in[1] = null;
	refuse_and_free(p, fx_pay(&p->fx, in, 2, &out, 1), ERR_INVALID, "bad-txns-prevout-null");
	out.value = -1;
	refuse_and_free(p, fx_pay(&p->fx, in, 1, &out, 1), ERR_INVALID, "bad-txns-vout-negative");
	out.value = MAX_MONEY + 1;
	refuse_and_free(p, fx_pay(&p->fx, in, 1, &out, 1), ERR_INVALID, "bad-txns-vout-toolarge");
	huge[0] = (struct fx_out){.key = 1, .value = MAX_MONEY};
	huge[1] = (struct fx_out){.key = 1, .value = 1};
	refuse_and_free(p, fx_pay(&p->fx, in, 1, huge, 2), ERR_INVALID,
			"bad-txns-txouttotal-toolarge");
	tx = tx_copy(&p->tip->tx[0]);
	refuse_and_free(p, tx, ERR_INVALID, "coinbase");
	tx = fx_pay_one(&p->fx, in[0], 1, 1000);
	refuse_and_free(p, with_byte(tx, 0, 2), ERR_INVALID, "bad-txns-version");
	/* The signature's push is one byte too long; the output script is of an unknown kind. */
	refuse_and_free(p, with_byte(tx, 4 + 1 + OUTPOINT_BYTES + 1, 0x41), ERR_INVALID,
			"bad-txns-vin-script");
	refuse_and_free(p, with_byte(tx, 4 + 1 + 139 + 1 + 8 + 1, 0x51), ERR_INVALID,
			"bad-txns-vout-script");
	accept_and_free(p, tx);
	pf_close(p);
}

/* A transaction that is larger than the blocks of the chain could never be confirmed. */
static struct tx *pay_sized(const struct pf *p, uint32_t first, size_t n_in, size_t n_out)
{
	struct fx_in *in = mem_array(n_in, sizeof(*in));
	struct fx_out *out = mem_array(n_out, sizeof(*out));
	struct tx *tx;
	int64_t sum = 0;

	for (uint32_t i = 0; i < n_in; i++) {
		in[i] = pf_coin(p, first + i);
		sum += in[i].coin.value;
	}
	for (size_t i = 0; i < n_out; i++)
		out[i] = (struct fx_out){.key = 1, .value = (sum - 200000) / (int64_t)n_out};
	tx = fx_pay(&p->fx, in, n_in, out, n_out);
	free(in);
	free(out);
	return tx;
}

static void a_transaction_larger_than_a_block_is_refused(void **state)
{
	struct pf *p = pf_open(&(struct fx_options){.max_block_bytes = 10000}, 0);
	struct tx *fits, *too_big, **txs;
	size_t n;
	int64_t fees;

	(void)state;
	pf_fan(p, 78);
	fits = pay_sized(p, 0, 40, 130);
	too_big = pay_sized(p, 40, 38, 139);
	assert_int_equal(fits->raw.len, 10000 - BLOCK_RESERVE_BYTES);
	assert_int_equal(too_big->raw.len, 10000 - BLOCK_RESERVE_BYTES + 1);
	refuse_and_free(p, too_big, ERR_POLICY, "tx-size");
	pf_accept(p, fits);
	mempool_assemble(p->pool, params_max_tx_bytes(&p->fx.params), &txs, &n, &fees);
	assert_int_equal(n, 1);
	pf_mine(p, txs, n);
	assert_int_equal(mempool_count(p->pool), 0);
	tx_unref(txs[0]);
	free(txs);
	tx_unref(fits);
	pf_close(p);
}

static void a_transaction_has_at_most_100000_bytes(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *most;

	(void)state;
	pf_fan(p, 8);
	refuse_and_free(p, pay_sized(p, 5, 3, 3212), ERR_INVALID, "bad-txns-oversize");
	most = pay_sized(p, 0, 5, 3203);
	assert_int_equal(most->raw.len, 100000);
	accept_and_free(p, most);
	pf_close(p);
}

/* --- the coins it spends ------------------------------------------------------------- */

static void a_fee_is_at_least_one_unit_per_byte(void **state)
{
	struct pf *p = pf_open(NULL, 0);

	(void)state;
	pf_fan(p, 2);
	refuse_and_free(p, fx_pay_one(&p->fx, pf_coin(p, 0), 1, -1), ERR_INVALID,
			"bad-txns-in-belowout");
	refuse_and_free(p, fx_pay_one(&p->fx, pf_coin(p, 0), 1, 0), ERR_POLICY, "min-relay-fee");
	refuse_and_free(p, fx_pay_one(&p->fx, pf_coin(p, 0), 1, ONE_TO_ONE_BYTES - 1), ERR_POLICY,
			"min-relay-fee");
	accept_and_free(p, fx_pay_one(&p->fx, pf_coin(p, 0), 1, ONE_TO_ONE_BYTES));
	assert_int_equal(mempool_total_fee(p->pool), ONE_TO_ONE_BYTES);
	assert_int_equal(mempool_bytes(p->pool), ONE_TO_ONE_BYTES);
	pf_close(p);
}

static void a_coin_must_exist_and_be_unspent(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct fx_in in = fx_in_coinbase(p->fx.genesis), absent;
	struct tx *parent, *other;

	(void)state;
	/* A block has spent the coin. */
	pf_fan(p, 3);
	refuse_and_free(p, fx_pay_one(&p->fx, in, 1, 1000), ERR_ORPHAN,
			"bad-txns-inputs-missingorspent");
	absent = pf_coin(p, 2);
	absent.prev.index = 3;
	refuse_and_free(p, fx_pay_one(&p->fx, absent, 1, 1000), ERR_ORPHAN,
			"bad-txns-inputs-missingorspent");
	/* The unconfirmed parent has no such output. */
	parent = fx_pay_one(&p->fx, pf_coin(p, 0), 0, 1000);
	pf_accept(p, parent);
	absent = fx_in(parent, 0, 0);
	absent.prev.index = 1;
	refuse_and_free(p, fx_pay_one(&p->fx, absent, 1, 1000), ERR_INVALID,
			"bad-txns-inputs-missingorspent");
	accept_and_free(p, fx_pay_one(&p->fx, fx_in(parent, 0, 0), 1, 1000));
	/* The transaction itself is in the pool, then in a block. */
	pf_refused(p, parent, ERR_KNOWN, "txn-already-in-mempool");
	other = fx_pay_one(&p->fx, pf_coin(p, 1), 0, 1000);
	pf_mine(p, &other, 1);
	pf_refused(p, other, ERR_KNOWN, "txn-already-known");
	tx_unref(other);
	tx_unref(parent);
	pf_close(p);
}

static void the_first_of_two_that_spend_a_coin_stays(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *first, *second;
	struct txid by;

	(void)state;
	pf_fan(p, 2);
	first = fx_pay_one(&p->fx, pf_coin(p, 0), 1, 200);
	second = fx_pay_one(&p->fx, pf_coin(p, 0), 2, 1000000); /* a high fee does not help */
	pf_accept(p, first);
	pf_refused(p, second, ERR_POLICY, "txn-mempool-conflict");
	assert_true(mempool_spends(p->pool, &first->in[0].prev, &by));
	assert_memory_equal(&by, &first->id, sizeof(by));
	tx_unref(first);
	tx_unref(second);
	pf_close(p);
}

static void a_coinbase_is_spent_at_maturity_and_not_before(void **state)
{
	struct pf *p = pf_open(&(struct fx_options){.maturity = 5}, 0);
	struct tx *tx;

	(void)state;
	pf_mine(p, NULL, 0);
	tx = fx_pay_one(&p->fx, fx_in_coinbase(p->tip), 1, 1000);
	for (unsigned tip = 1; tip < 5; tip++) { /* the next block is at tip + 1 */
		pf_refused(p, tx, ERR_FUTURE, "bad-txns-premature-spend-of-coinbase");
		pf_mine(p, NULL, 0);
	}
	accept_and_free(p, tx);
	accept_and_free(p, fx_pay_one(&p->fx, fx_in_coinbase(p->fx.genesis), 1, 1000));
	pf_close(p);
}

static void the_lock_time_is_checked_for_the_next_block(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct fx_out out = {.key = 1, .value = 1000};
	struct fx_in in;
	uint32_t time;

	(void)state;
	pf_fan(p, 6);
	pf_mine(p, NULL, 0); /* the next block is 3 */
	time = p->tip->header.time;
	const struct {
		uint32_t coin, lock_time, sequence;
		bool final;
	} cases[] = {{0, 3, 1, false},    {0, 2, 1, true},        {1, 3, SEQUENCE_FINAL, true},
		     {2, time, 1, false}, {2, time - 1, 1, true}, {3, 0, 1, true}};
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct fx_pay_options po = {.lock_time = cases[i].lock_time,
					    .sequence = cases[i].sequence};
		in = pf_coin(p, cases[i].coin);
		struct tx *tx = fx_pay_with(&p->fx, &in, 1, &out, 1, &po);
		if (cases[i].final)
			accept_and_free(p, tx);
		else
			refuse_and_free(p, tx, ERR_FUTURE, "non-final");
	}
	pf_close(p);
}

/* --- signatures ----------------------------------------------------------------------- */

static void signatures_are_by_the_owner_and_for_this_chain(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct fx other;
	struct fx_in in[2];
	struct fx_out out = {.key = 1, .value = 1000};
	struct tx *tx;

	(void)state;
	pf_fan(p, 2);
	in[0] = pf_coin(p, 0);
	in[1] = pf_coin(p, 1);
	tx = fx_pay_with(&p->fx, in, 2, &out, 1, &(struct fx_pay_options){.bad_signature = true});
	refuse_and_free(p, tx, ERR_INVALID, "mandatory-script-verify-flag-failed");
	/* Signed for a chain with another genesis block. */
	other = p->fx;
	other.params.genesis_hash.h.b[0] ^= 1;
	refuse_and_free(p, fx_pay(&other, in, 2, &out, 1), ERR_INVALID,
			"mandatory-script-verify-flag-failed");
	/* Signed for another value: the digest contains it. */
	in[1].coin.value++;
	refuse_and_free(p, fx_pay(&p->fx, in, 2, &out, 1), ERR_INVALID,
			"mandatory-script-verify-flag-failed");
	in[1].coin.value--;
	/* Signed by another key. */
	in[1].coin.owner = p->fx.hashes[2];
	refuse_and_free(p, fx_pay(&p->fx, in, 2, &out, 1), ERR_INVALID, "bad-txns-vin-keyhash");
	in[1] = pf_coin(p, 1);
	accept_and_free(p, fx_pay(&p->fx, in, 2, &out, 1));
	pf_close(p);
}

static void a_signature_is_checked_once(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct fx_in in[3];
	struct fx_out out = {.key = 1, .value = 1000};
	struct tx *tx, *child;
	unsigned before;

	(void)state;
	pf_fan(p, 3);
	for (uint32_t i = 0; i < 3; i++)
		in[i] = pf_coin(p, i);
	tx = fx_pay(&p->fx, in, 3, &out, 1);
	before = pf_signatures;
	pf_submit(p, tx, 1);
	assert_int_equal(pf_verdict_on(p, tx)->cls, ERR_NONE);
	assert_int_equal(pf_signatures, before + 3);
	/* They are not checked again when a block has the transaction or another peer sends it. */
	child = fx_pay_one(&p->fx, fx_in(tx, 0, 0), 1, 200);
	pf_accept(p, child);
	before = pf_signatures;
	pf_mine(p, &tx, 1);
	pf_submit(p, tx, 2);
	assert_int_equal(pf_signatures, before);
	assert_true(mempool_verified(p->pool, &tx->id));
	pf_mine(p, &child, 1);
	assert_int_equal(pf_signatures, before);
	assert_int_equal(fx_height(p->tip), 3);
	tx_unref(child);
	tx_unref(tx);
	pf_close(p);
}

/* --- ancestors -------------------------------------------------------------------------- */

/* n transactions, each of which spends the one before. Returns the last, with a reference. */
static struct tx *pay_line(struct pf *p, uint32_t coin, unsigned n)
{
	struct tx *last = fx_pay_one(&p->fx, pf_coin(p, coin), 0, 1000);

	pf_accept(p, last);
	for (unsigned i = 1; i < n; i++) {
		struct tx *next = fx_pay_one(&p->fx, fx_in(last, 0, 0), 0, 1000);

		pf_accept(p, next);
		tx_unref(last);
		last = next;
	}
	return last;
}

static void a_chain_of_unconfirmed_transactions_has_25(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *last;
	struct mempool_entry en;

	(void)state;
	pf_fan(p, 1);
	last = pay_line(p, 0, MEMPOOL_ANCESTORS_MAX);
	assert_true(mempool_get(p->pool, &last->id, &en));
	assert_int_equal(en.n_ancestors, 25);
	assert_int_equal(en.ancestor_fees, 25 * 1000);
	assert_int_equal(en.ancestor_bytes, 25 * ONE_TO_ONE_BYTES);
	refuse_and_free(p, fx_pay_one(&p->fx, fx_in(last, 0, 0), 0, 1000), ERR_POLICY,
			"too-long-mempool-chain");
	tx_unref(last);
	pf_close(p);
}

static void ancestors_of_all_inputs_are_counted_once(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *a, *b;
	struct fx_in in[2];
	struct fx_out out = {.key = 1, .value = 1000};

	(void)state;
	pf_fan(p, 4);
	a = pay_line(p, 0, 12);
	b = pay_line(p, 1, 13);
	in[0] = fx_in(a, 0, 0);
	in[1] = fx_in(b, 0, 0);
	refuse_and_free(p, fx_pay(&p->fx, in, 2, &out, 1), ERR_POLICY, "too-long-mempool-chain");
	tx_unref(b);
	b = pay_line(p, 2, 12);
	in[1] = fx_in(b, 0, 0);
	accept_and_free(p, fx_pay(&p->fx, in, 2, &out, 1));
	tx_unref(a);
	tx_unref(b);
	pf_close(p);
}

static void a_transaction_has_25_descendants_itself_counted(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct fx_out out[26];
	struct fx_in in;
	struct tx *parent;
	struct mempool_entry en;

	(void)state;
	pf_fan(p, 1);
	for (size_t i = 0; i < 26; i++)
		out[i] = (struct fx_out){.key = 0, .value = 100000};
	in = pf_coin(p, 0);
	parent = fx_pay(&p->fx, &in, 1, out, 26);
	pf_accept(p, parent);
	for (uint32_t i = 0; i < 24; i++)
		accept_and_free(p, fx_pay_one(&p->fx, fx_in(parent, i, 0), 1, 1000));
	assert_true(mempool_get(p->pool, &parent->id, &en));
	assert_int_equal(en.n_descendants, 25);
	refuse_and_free(p, fx_pay_one(&p->fx, fx_in(parent, 24, 0), 1, 1000), ERR_POLICY,
			"too-long-mempool-chain");
	tx_unref(parent);
	pf_close(p);
}

static void mempool_test_adds_nothing(void **state)
{
	struct pf *p = pf_open(NULL, 0);
	struct tx *tx;
	int64_t fee;
	struct err e = {0};

	(void)state;
	pf_fan(p, 1);
	tx = fx_pay_one(&p->fx, pf_coin(p, 0), 1, 777);
	assert_true(mempool_test(p->pool, tx, &fee, &e));
	assert_int_equal(fee, 777);
	assert_int_equal(mempool_count(p->pool), 0);
	pf_accept(p, tx);
	assert_false(mempool_test(p->pool, tx, NULL, &e));
	assert_int_equal(e.cls, ERR_KNOWN);
	tx_unref(tx);
	pf_close(p);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_transaction_that_breaks_a_rule_without_coins_is_refused),
		cmocka_unit_test(a_transaction_larger_than_a_block_is_refused),
		cmocka_unit_test(a_transaction_has_at_most_100000_bytes),
		cmocka_unit_test(a_fee_is_at_least_one_unit_per_byte),
		cmocka_unit_test(a_coin_must_exist_and_be_unspent),
		cmocka_unit_test(the_first_of_two_that_spend_a_coin_stays),
		cmocka_unit_test(a_coinbase_is_spent_at_maturity_and_not_before),
		cmocka_unit_test(the_lock_time_is_checked_for_the_next_block),
		cmocka_unit_test(signatures_are_by_the_owner_and_for_this_chain),
		cmocka_unit_test(a_signature_is_checked_once),
		cmocka_unit_test(a_chain_of_unconfirmed_transactions_has_25),
		cmocka_unit_test(ancestors_of_all_inputs_are_counted_once),
		cmocka_unit_test(a_transaction_has_25_descendants_itself_counted),
		cmocka_unit_test(mempool_test_adds_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
