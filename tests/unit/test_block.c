/* Blocks and headers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/base/text.h>
#include <tally/primitives/block.h>
#include <tally/primitives/merkle.h>

#include "bitcoin_blocks.h"

/* Decodes from an allocation of exactly n bytes, so that a sanitizer notices a read past the end. */
static bool decode(struct block **b, const uint8_t *bytes, size_t n, struct err *e)
{
	uint8_t *p = mem_alloc(n);
	bool ok;

	if (n)
		memcpy(p, bytes, n);
	ok = block_decode(b, p, n, e);
	free(p);
	return ok;
}

static void assert_hex(const struct hash256 *h, const char *want)
{
	char hex[HASH_HEX_CHARS + 1];

	hash256_hex(hex, h);
	assert_string_equal(hex, want);
}

static void bitcoins_genesis_decodes(void **state)
{
	uint8_t bytes[GENESIS_BYTES];
	struct hash256 root;
	bool mutated = true;
	struct block *b;

	(void)state;
	assert_true(hex_decode(bytes, sizeof(bytes), genesis_hex));
	assert_true(decode(&b, bytes, sizeof(bytes), NULL));
	assert_hex(&b->hash.h, genesis_hash_hex);
	assert_int_equal(b->n_tx, 1);
	assert_hex(&b->tx[0].id.h, genesis_txid_hex);
	assert_int_equal(b->tx[0].refs, 0);
	assert_int_equal(b->header.version, 1);
	assert_true(hash256_is_zero(&b->header.prev.h));
	assert_hex(&b->header.merkle_root, genesis_txid_hex);
	assert_int_equal(b->header.time, 1231006505);
	assert_int_equal(b->header.bits, 0x1d00ffff);
	assert_int_equal(b->header.nonce, 2083236893);
	block_merkle_root(&root, b, &mutated);
	assert_true(hash256_equal(&root, &b->header.merkle_root));
	assert_false(mutated);
	block_unref(b);
}

static void bitcoins_block_100000_decodes(void **state)
{
	uint8_t bytes[BLOCK_100000_BYTES];
	struct hash256 root;
	struct block *b;
	bool mutated;

	(void)state;
	assert_true(hex_decode(bytes, sizeof(bytes), block_100000_hex));
	assert_true(decode(&b, bytes, sizeof(bytes), NULL));
	assert_hex(&b->hash.h, block_100000_hash_hex);
	assert_int_equal(b->n_tx, 4);
	for (uint32_t i = 0; i < 4; i++)
		assert_hex(&b->tx[i].id.h, block_100000_txids_hex[i]);
	assert_true(tx_is_coinbase(&b->tx[0]));
	assert_false(tx_is_coinbase(&b->tx[1]));
	assert_int_equal(b->tx[1].n_out, 2);
	assert_true(b->tx[1].out[0].value == INT64_C(556000000));
	assert_true(b->tx[1].out[1].value == INT64_C(4444000000));
	assert_hex(&b->header.merkle_root, block_100000_root_hex);
	block_merkle_root(&root, b, &mutated);
	assert_hex(&root, block_100000_root_hex);
	assert_false(mutated);
	assert_int_equal(b->raw.len, sizeof(bytes));
	assert_memory_equal(b->raw.p, bytes, sizeof(bytes));
	block_unref(b);
}

static void headers_round_trip(void **state)
{
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 1);
	for (int i = 0; i < 200; i++) {
		uint8_t bytes[HEADER_BYTES], again[HEADER_BYTES];
		struct block_hash hash;
		struct block_header h;
		struct hash256 want;

		rng_fill(&rng.rng, bytes, sizeof(bytes));
		header_decode(&h, bytes);
		header_encode(again, &h);
		assert_memory_equal(bytes, again, sizeof(bytes));
		header_hash(&hash, &h);
		sha256d(&want, bytes, sizeof(bytes));
		assert_true(hash256_equal(&hash.h, &want));
	}
}

/* Makes a block of n transactions, each of them different. */
static struct block *make(size_t n, struct rng_seeded *rng)
{
	struct span *raws = mem_array(n, sizeof(*raws));
	struct writer *w = mem_array(n, sizeof(*w));
	struct block_header h;
	struct block *b;

	rng_fill(&rng->rng, &h, sizeof(h));
	for (size_t i = 0; i < n; i++) {
		uint8_t script[40];
		struct txin in = {.sequence = (uint32_t)i, .script = {script, sizeof(script)}};
		struct txout out[3];

		rng_fill(&rng->rng, script, sizeof(script));
		for (size_t o = 0; o < 3; o++)
			out[o] = (struct txout){(int64_t)(100 * i + o), {script, o * 10}};
		writer_init(&w[i]);
		tx_write(&w[i], &in, i % 4 != 3, out, i % 4, (uint32_t)i);
		raws[i] = (struct span){w[i].buf, w[i].len};
	}
	b = block_make(&h, raws, n);
	for (size_t i = 0; i < n; i++)
		writer_clear(&w[i]);
	free(w);
	free(raws);
	return b;
}

static void blocks_made_of_transactions_round_trip(void **state)
{
	static const size_t counts[] = {0, 1, 2, 5, 252, 253, 300};
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 2);
	for (size_t c = 0; c < ARRAY_LEN(counts); c++) {
		struct block *made = make(counts[c], &rng), *b;
		uint8_t header[HEADER_BYTES];
		uint8_t *bytes;

		assert_int_equal(made->n_tx, counts[c]);
		bytes = mem_alloc(made->raw.len);
		memcpy(bytes, made->raw.p, made->raw.len);
		assert_true(block_decode_take(&b, bytes, made->raw.len, NULL));
		assert_ptr_equal(b->raw.p, bytes); /* owned, not copied */
		assert_int_equal(b->n_tx, made->n_tx);
		assert_true(hash256_equal(&b->hash.h, &made->hash.h));
		header_encode(header, &b->header);
		assert_memory_equal(header, b->raw.p, HEADER_BYTES);
		for (uint32_t i = 0; i < b->n_tx; i++) {
			const struct tx *tx = &b->tx[i];
			struct hash256 id;

			assert_true(hash256_equal(&tx->id.h, &made->tx[i].id.h));
			sha256d(&id, tx->raw.p, tx->raw.len);
			assert_true(hash256_equal(&tx->id.h, &id));
			assert_int_equal(tx->n_in, i % 4 != 3);
			assert_int_equal(tx->n_out, i % 4);
			for (uint32_t o = 0; o < tx->n_out; o++) {
				assert_true(tx->out[o].value == (int64_t)(100 * i + o));
				assert_int_equal(tx->out[o].script.len, o * 10);
			}
		}
		block_unref(made);
		block_unref(b);
	}
}

static void a_transaction_copied_out_outlives_its_block(void **state)
{
	struct rng_seeded rng;
	struct block *b;
	struct hash256 id;
	struct tx *tx;

	(void)state;
	rng_seeded_init(&rng, 3);
	b = make(9, &rng);
	tx = tx_copy(&b->tx[6]);
	block_unref(b);
	assert_int_equal(tx->refs, 1);
	sha256d(&id, tx->raw.p, tx->raw.len);
	assert_true(hash256_equal(&id, &tx->id.h));
	assert_int_equal(tx->n_out, 2);
	assert_true(tx->out[1].value == 601);
	assert_true(tx->in[0].script.p > tx->raw.p);
	assert_true(tx->in[0].script.p + 40 < tx->raw.p + tx->raw.len);
	tx_unref(tx);
}

static void every_cut_and_every_trailing_byte_fails(void **state)
{
	uint8_t bytes[BLOCK_100000_BYTES + 8] = {0};
	struct block *b;
	struct err e;

	(void)state;
	assert_true(hex_decode(bytes, BLOCK_100000_BYTES, block_100000_hex));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		bool ok = decode(&b, bytes, n, &e);

		assert_int_equal(ok, n == BLOCK_100000_BYTES);
		if (ok) {
			block_unref(b);
			continue;
		}
		assert_int_equal(e.cls, ERR_DECODE);
		assert_string_equal(e.token,
				    n < BLOCK_100000_BYTES ? "block-malformed" : "block-trailing");
	}
}

static void changed_blocks_fail_or_keep_their_bytes(void **state)
{
	uint8_t good[BLOCK_100000_BYTES], bytes[BLOCK_100000_BYTES];
	unsigned decoded = 0, failed = 0;
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 4);
	assert_true(hex_decode(good, sizeof(good), block_100000_hex));
	for (int i = 0; i < 4000; i++) {
		struct block *b;
		size_t sum = HEADER_BYTES + 1;

		memcpy(bytes, good, sizeof(bytes));
		for (uint64_t n = 1 + rng_below(&rng.rng, 3); n; n--)
			bytes[rng_below(&rng.rng, sizeof(bytes))] = (uint8_t)rng_u64(&rng.rng);
		if (!decode(&b, bytes, sizeof(bytes), NULL)) {
			failed++;
			continue;
		}
		decoded++;
		for (uint32_t t = 0; t < b->n_tx; t++)
			sum += b->tx[t].raw.len;
		assert_int_equal(sum, sizeof(bytes));
		block_unref(b);
	}
	assert_true(decoded > 500 && failed > 50);
}

static void hostile_counts_fail_before_anything_is_allocated(void **state)
{
	static const char *const counts[] = {
		"feffffffff", "ffffffffffffffffff", "ff0000000000000040", "fdffff", "fd0100", "02"};
	uint8_t bytes[HEADER_BYTES + 9 + 10];
	struct block *b;
	struct err e;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		size_t n = strlen(counts[i]) / 2;

		memset(bytes, 0, sizeof(bytes));
		assert_true(hex_decode(bytes + HEADER_BYTES, n, counts[i]));
		assert_false(decode(&b, bytes, HEADER_BYTES + n + 10, &e));
		assert_string_equal(e.token, "block-malformed");
	}
	/* The same with the true count. */
	memset(bytes, 0, sizeof(bytes));
	bytes[HEADER_BYTES] = 1;
	assert_true(decode(&b, bytes, HEADER_BYTES + 1 + 10, &e));
	assert_int_equal(b->n_tx, 1);
	block_unref(b);
}

static void the_largest_block_decodes_and_no_larger(void **state)
{
	uint8_t *bytes = mem_zalloc(BLOCK_MAX_BYTES + 1), *taken = mem_zalloc(BLOCK_MAX_BYTES + 1);
	size_t n_tx = (BLOCK_MAX_BYTES - HEADER_BYTES - 5) / 10;
	struct block *b;
	struct writer w;
	struct err e;

	(void)state;
	/* The largest possible number of transactions, of ten zero bytes each. */
	writer_init_fixed(&w, bytes + HEADER_BYTES, 5);
	put_compact(&w, n_tx);
	assert_int_equal(w.len, 5);
	assert_true(block_decode(&b, bytes, HEADER_BYTES + 5 + 10 * n_tx, &e));
	assert_int_equal(b->n_tx, n_tx);
	block_unref(b);
	assert_false(block_decode(&b, bytes, BLOCK_MAX_BYTES + 1, &e));
	assert_string_equal(e.token, "block-oversize");
	assert_false(block_decode_take(&b, taken, BLOCK_MAX_BYTES + 1, &e));
	assert_string_equal(e.token, "block-oversize");
	/* Exactly the limit: one transaction whose only output takes the rest. */
	memset(bytes, 0, BLOCK_MAX_BYTES);
	bytes[HEADER_BYTES] = 1;
	bytes[HEADER_BYTES + 6] = 1;
	writer_init_fixed(&w, bytes + HEADER_BYTES + 15, 5);
	put_compact(&w, BLOCK_MAX_BYTES - HEADER_BYTES - 15 - 5 - 4);
	assert_true(block_decode(&b, bytes, BLOCK_MAX_BYTES, &e));
	assert_int_equal(b->tx[0].n_out, 1);
	block_unref(b);
	free(bytes);
}

static void a_block_lives_until_its_last_reference(void **state)
{
	struct rng_seeded rng;
	struct block *b;

	(void)state;
	rng_seeded_init(&rng, 5);
	b = make(2, &rng);
	assert_int_equal(b->refs, 1);
	assert_ptr_equal(block_ref(b), b);
	block_unref(b);
	assert_int_equal(b->refs, 1);
	block_unref(b);
	block_unref(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bitcoins_genesis_decodes),
		cmocka_unit_test(bitcoins_block_100000_decodes),
		cmocka_unit_test(headers_round_trip),
		cmocka_unit_test(blocks_made_of_transactions_round_trip),
		cmocka_unit_test(a_transaction_copied_out_outlives_its_block),
		cmocka_unit_test(every_cut_and_every_trailing_byte_fails),
		cmocka_unit_test(changed_blocks_fail_or_keep_their_bytes),
		cmocka_unit_test(hostile_counts_fail_before_anything_is_allocated),
		cmocka_unit_test(the_largest_block_decodes_and_no_larger),
		cmocka_unit_test(a_block_lives_until_its_last_reference),
	};

	return cmocka_run_group_tests_name("block", tests, NULL, NULL);
}
