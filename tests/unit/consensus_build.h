/* Builds valid transactions and blocks for the tests of the consensus rules. A test then changes one
 * thing. Include it after cmocka.h. */
#ifndef TESTS_UNIT_CONSENSUS_BUILD_H
#define TESTS_UNIT_CONSENSUS_BUILD_H

#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/consensus/rules.h>
#include <tally/primitives/merkle.h>
#include <tally/primitives/script.h>

#define BUILD_IN_MAX     800
#define BUILD_OUT_MAX    8
#define BUILD_SCRIPT_MAX 200

struct build {
	int32_t version;
	uint32_t lock_time;
	size_t n_in, n_out;
	struct txin in[BUILD_IN_MAX];
	struct txout out[BUILD_OUT_MAX];
	uint8_t out_script[BUILD_OUT_MAX][BUILD_SCRIPT_MAX];
	uint8_t cb_script[BUILD_SCRIPT_MAX];
};

/* 40 <64 bytes> 20 <32 bytes> */
static inline struct span build_input_script(void)
{
	static uint8_t script[SCRIPT_INPUT_BYTES];

	memset(script, 0x77, sizeof script);
	script[0] = 0x40;
	script[65] = 0x20;
	return (struct span){script, sizeof script};
}

static inline struct outpoint build_outpoint(uint8_t fill, uint32_t index)
{
	struct outpoint o = {.index = index};

	memset(o.txid.h.b, fill, HASH_BYTES);
	return o;
}

static inline void build_in(struct build *b, struct outpoint prev)
{
	assert_true(b->n_in < BUILD_IN_MAX);
	b->in[b->n_in++] = (struct txin){
		.prev = prev, .sequence = SEQUENCE_FINAL, .script = build_input_script()};
}

static inline void build_out(struct build *b, int64_t value, const void *script, size_t n)
{
	assert_true(b->n_out < BUILD_OUT_MAX && n <= BUILD_SCRIPT_MAX);
	memcpy(b->out_script[b->n_out], script, n);
	b->out[b->n_out] = (struct txout){value, {b->out_script[b->n_out], n}};
	b->n_out++;
}

static inline void build_pay(struct build *b, int64_t value)
{
	struct key_hash kh;
	uint8_t script[SCRIPT_PAY_BYTES];

	memset(kh.b, 0x33, sizeof kh.b);
	script_pay(script, &kh);
	build_out(b, value, script, sizeof script);
}

static inline void build_memo(struct build *b, int64_t value, size_t n)
{
	uint8_t script[BUILD_SCRIPT_MAX];

	memset(script, 'm', sizeof script);
	script[0] = 0x6a;
	script[1] = (uint8_t)n;
	build_out(b, value, script, n + 2);
}

static inline void build_clear(struct build *b)
{
	memset(b, 0, sizeof *b);
	b->version = TX_VERSION;
}

/* One input, which spends output 0 of 01…01, one output. */
static inline void build_payment(struct build *b)
{
	build_clear(b);
	build_in(b, build_outpoint(1, 0));
	build_pay(b, 1000);
}

static inline void build_cb_script(struct build *b, const void *script, size_t n)
{
	assert_true(n <= BUILD_SCRIPT_MAX);
	memcpy(b->cb_script, script, n);
	b->in[0].script = (struct span){b->cb_script, n};
}

/* The height, eight bytes, one output. */
static inline void build_coinbase(struct build *b, uint32_t height, int64_t value)
{
	uint8_t script[SCRIPT_HEIGHT_MAX + 8] = {0};
	size_t n = script_height(script, height);

	build_clear(b);
	build_in(b, build_outpoint(0, OUTPOINT_NULL_INDEX));
	build_cb_script(b, script, n + 8);
	build_pay(b, value);
}

static inline struct tx *build_tx(const struct build *b)
{
	struct writer w;
	struct tx *tx;
	struct err e = {0};

	writer_init(&w);
	tx_write(&w, b->in, b->n_in, b->out, b->n_out, b->lock_time);
	set_le32(w.buf, (uint32_t)b->version);
	if (!tx_decode(&tx, w.buf, w.len, &e))
		fail_msg("%s: %s", e.token, e.detail);
	writer_clear(&w);
	return tx;
}

/* The block as built, with the given merkle root. */
static inline struct block *build_block_raw(const struct block_header *h, struct tx *const *txs,
					    size_t n)
{
	struct span raw[8];

	assert_true(n <= ARRAY_LEN(raw));
	for (size_t i = 0; i < n; i++)
		raw[i] = txs[i]->raw;
	return block_make(h, raw, n);
}

/* The block with the merkle root of its transactions. */
static inline struct block *build_block(struct block_header h, struct tx *const *txs, size_t n)
{
	struct block *b = build_block_raw(&h, txs, n);

	block_merkle_root(&h.merkle_root, b, NULL);
	block_unref(b);
	return build_block_raw(&h, txs, n);
}

static inline void assert_passes(bool ok, const struct err *e)
{
	if (!ok)
		fail_msg("refused: %s: %s", e->token, e->detail);
}

static inline void assert_refused(bool ok, const struct err *e, enum err_class cls,
				  const char *token)
{
	assert_false(ok);
	assert_string_equal(e->token, token);
	assert_int_equal(e->cls, cls);
}

/* Runs tx_check on the built transaction. token: the expected error; NULL: it must pass. */
static inline void check_built(const struct build *b, const char *token)
{
	struct tx *tx = build_tx(b);
	struct err e = {0};
	bool ok = tx_check(tx, &e);

	if (token)
		assert_refused(ok, &e, ERR_INVALID, token);
	else
		assert_passes(ok, &e);
	tx_unref(tx);
}

#endif
