/* Fuzz targets for transactions, blocks, headers, scripts and numbers. */
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>
#include <tally/consensus/params.h>
#include <tally/consensus/rules.h>
#include <tally/consensus/target.h>
#include <tally/primitives/block.h>
#include <tally/primitives/merkle.h>
#include <tally/primitives/script.h>
#include <tally/primitives/tx.h>

static void run_compact(const uint8_t *data, size_t size)
{
	uint8_t again[9];
	struct writer w;
	struct reader r;
	uint64_t v;

	reader_init(&r, data, size);
	v = get_compact(&r);
	if (!reader_ok(&r)) {
		REQUIRE(v == 0 && reader_left(&r) == 0);
		return;
	}
	writer_init_fixed(&w, again, sizeof again);
	put_compact(&w, v);
	REQUIRE(!w.failed && w.len == compact_bytes(v));
	fuzz_require_bytes(again, w.len, data, size - reader_left(&r));
}

/* Encoded again from its fields, the transaction must give its original bytes. */
static void require_same_tx(const struct tx *tx)
{
	struct writer w;

	writer_init(&w);
	tx_write(&w, tx->in, tx->n_in, tx->out, tx->n_out, tx->lock_time);
	set_le32(w.buf, (uint32_t)tx->version); /* tx_write always writes version 1 */
	fuzz_require_bytes(w.buf, w.len, tx->raw.p, tx->raw.len);
	writer_clear(&w);
}

static void run_tx(const uint8_t *data, size_t size)
{
	struct tx *tx;

	if (!tx_decode(&tx, data, size, NULL))
		return;
	fuzz_require_bytes(tx->raw.p, tx->raw.len, data, size);
	require_same_tx(tx);
	if (tx_check(tx, NULL) && !tx_is_coinbase(tx)) {
		struct block_hash genesis = {0};
		const struct coin coin = {.value = 1};
		struct hash256 digest;
		struct sighash s;

		sighash_init(&s, tx, &genesis);
		sighash_input(&digest, &s, tx->n_in - 1, &coin);
	}
	(void)tx_final(tx, 1, 1);
	tx_unref(tx);
}

static void run_block(const uint8_t *data, size_t size)
{
	struct chain_params p;
	uint8_t header[HEADER_BYTES];
	struct span *raws;
	struct block *b, *again;

	if (!block_decode(&b, data, size, NULL))
		return;
	header_encode(header, &b->header);
	fuzz_require_bytes(header, HEADER_BYTES, data, HEADER_BYTES);
	raws = mem_array(b->n_tx + 1, sizeof(*raws));
	for (uint32_t i = 0; i < b->n_tx; i++) {
		require_same_tx(&b->tx[i]);
		raws[i] = b->tx[i].raw;
	}
	again = block_make(&b->header, raws, b->n_tx);
	fuzz_require_bytes(again->raw.p, again->raw.len, data, size);
	REQUIRE(hash256_equal(&again->hash.h, &b->hash.h));
	params_default(&p, 0);
	if (block_check_bytes(b, NULL))
		(void)block_check(b, &p, 1, 0, NULL);
	block_unref(again);
	block_unref(b);
	free(raws);
}

static void run_genesis(const uint8_t *data, size_t size)
{
	struct chain_params p = {0};
	uint8_t record[PARAMS_RECORD_BYTES];
	struct block *b;

	if (size == PARAMS_RECORD_BYTES && params_decode(&p, data, NULL)) {
		REQUIRE(params_check(&p, NULL));
		params_encode(record, &p);
		fuzz_require_bytes(record, sizeof record, data, size);
	}
	if (!block_decode(&b, data, size, NULL))
		return;
	if (genesis_read(&p, b, NULL)) {
		REQUIRE(params_check(&p, NULL));
		REQUIRE(hash256_equal(&p.genesis_hash.h, &b->hash.h));
	}
	block_unref(b);
}

static void run_header(const uint8_t *data, size_t size)
{
	const struct header_parent parent = {
		.height = 7, .bits = POW_LIMIT_BITS_DEFAULT, .time = 100};
	uint8_t again[HEADER_BYTES];
	struct chain_params p;
	struct block_header h;
	struct block_hash hash;

	if (size < HEADER_BYTES)
		return;
	header_decode(&h, data);
	header_encode(again, &h);
	fuzz_require_bytes(again, HEADER_BYTES, data, HEADER_BYTES);
	header_hash(&hash, &h);
	params_default(&p, SPACING_DEFAULT);
	(void)header_check(&h, &hash, &p, &parent, NULL);
}

static void run_bits(const uint8_t *data, size_t size)
{
	struct u256 target, again;
	uint32_t bits;

	if (size < 4 || !target_from_bits(&target, le32(data)))
		return;
	bits = target_to_bits(&target);
	REQUIRE(target_from_bits(&again, bits));
	REQUIRE(memcmp(&again, &target, sizeof again) == 0);
	(void)work_of_bits(bits);
}

static void run_script(const uint8_t *data, size_t size)
{
	const struct span script = {data, size};
	uint8_t again[SCRIPT_INPUT_BYTES];
	struct key_hash kh;
	struct signature sig;
	struct pubkey pub;
	struct span push;

	switch (script_output(script, &push)) {
	case SCRIPT_PAY:
		memcpy(kh.b, push.p, KEY_HASH_BYTES);
		script_pay(again, &kh);
		fuzz_require_bytes(again, SCRIPT_PAY_BYTES, data, size);
		break;
	case SCRIPT_MEMO:
		fuzz_require_bytes(again, script_memo(again, push.p, push.len), data, size);
		break;
	case SCRIPT_BAD:
		break;
	}
	if (script_input_parse(script, &sig, &pub)) {
		script_input(again, &sig, &pub);
		fuzz_require_bytes(again, SCRIPT_INPUT_BYTES, data, size);
	}
}

const struct fuzz_target fuzz_primitives[] = {
	{"compact", run_compact}, {"tx", run_tx},
	{"block", run_block},     {"genesis", run_genesis},
	{"header", run_header},   {"bits", run_bits},
	{"script", run_script},   {0},
};
