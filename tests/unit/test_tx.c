/* Transactions: decoding, encoding, copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/base/text.h>
#include <tally/primitives/block.h>
#include <tally/primitives/tx.h>

#include "bitcoin_blocks.h"

/* Decodes from an allocation of exactly n bytes, so that a sanitizer notices a read past the end. */
static bool decode(struct tx **tx, const uint8_t *bytes, size_t n, struct err *e)
{
	uint8_t *p = mem_alloc(n);
	bool ok;

	if (n)
		memcpy(p, bytes, n);
	ok = tx_decode(tx, p, n, e);
	free(p);
	return ok;
}

static void bitcoins_first_transaction_decodes(void **state)
{
	uint8_t block[GENESIS_BYTES];
	char hex[HASH_HEX_CHARS + 1];
	struct tx *tx;

	(void)state;
	assert_true(hex_decode(block, sizeof(block), genesis_hex));
	assert_true(decode(&tx, block + 81, sizeof(block) - 81, NULL));
	hash256_hex(hex, &tx->id.h);
	assert_string_equal(hex, genesis_txid_hex);
	assert_int_equal(tx->version, 1);
	assert_int_equal(tx->lock_time, 0);
	assert_int_equal(tx->n_in, 1);
	assert_int_equal(tx->n_out, 1);
	assert_true(tx_is_coinbase(tx));
	assert_true(tx->in[0].sequence == SEQUENCE_FINAL);
	assert_int_equal(tx->in[0].script.len, 77);
	assert_memory_equal(tx->in[0].script.p + 8, "The Times 03/Jan/2009", 21);
	assert_true(tx->out[0].value == INT64_C(5000000000));
	assert_int_equal(tx->out[0].script.len, 67);
	assert_int_equal(tx->raw.len, 204);
	tx_unref(tx);
}

struct parts {
	struct txin in[300];
	struct txout out[300];
	size_t n_in, n_out;
	uint32_t lock_time;
	uint8_t scripts[600][300];
};

static struct span random_script(struct rng_seeded *rng, uint8_t *room)
{
	size_t n = (size_t)rng_below(&rng->rng, rng_below(&rng->rng, 8) ? 110 : 300);

	rng_fill(&rng->rng, room, n);
	return (struct span){room, n};
}

static void random_parts(struct parts *p, struct rng_seeded *rng, size_t most)
{
	size_t s = 0;

	p->n_in = (size_t)rng_below(&rng->rng, most + 1);
	p->n_out = (size_t)rng_below(&rng->rng, most + 1);
	p->lock_time = (uint32_t)rng_u64(&rng->rng);
	for (size_t i = 0; i < p->n_in; i++) {
		rng_fill(&rng->rng, &p->in[i].prev, sizeof(p->in[i].prev));
		p->in[i].sequence = (uint32_t)rng_u64(&rng->rng);
		p->in[i].script = random_script(rng, p->scripts[s++]);
	}
	for (size_t i = 0; i < p->n_out; i++) {
		p->out[i].value = (int64_t)rng_u64(&rng->rng);
		p->out[i].script = random_script(rng, p->scripts[s++]);
	}
}

static void assert_same_span(struct span a, struct span b)
{
	assert_int_equal(a.len, b.len);
	assert_memory_equal(a.p, b.p, a.len);
}

static void assert_parts(const struct tx *tx, const struct parts *p)
{
	assert_int_equal(tx->version, TX_VERSION);
	assert_int_equal(tx->lock_time, p->lock_time);
	assert_int_equal(tx->n_in, p->n_in);
	assert_int_equal(tx->n_out, p->n_out);
	for (size_t i = 0; i < p->n_in; i++) {
		assert_memory_equal(&tx->in[i].prev.txid, &p->in[i].prev.txid, 32);
		assert_int_equal(tx->in[i].prev.index, p->in[i].prev.index);
		assert_int_equal(tx->in[i].sequence, p->in[i].sequence);
		assert_same_span(tx->in[i].script, p->in[i].script);
	}
	for (size_t i = 0; i < p->n_out; i++) {
		assert_true(tx->out[i].value == p->out[i].value);
		assert_same_span(tx->out[i].script, p->out[i].script);
	}
}

static void random_transactions_round_trip(void **state)
{
	struct parts *p = NEW(struct parts);
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 1);
	for (int i = 0; i < 400; i++) {
		struct tx *tx, *copy;
		struct hash256 id;
		struct writer w, again;

		random_parts(p, &rng, i % 10 ? 6 : 300);
		writer_init(&w);
		tx_write(&w, p->in, p->n_in, p->out, p->n_out, p->lock_time);
		assert_true(decode(&tx, w.buf, w.len, NULL));
		assert_parts(tx, p);
		assert_same_span(tx->raw, (struct span){w.buf, w.len});
		sha256d(&id, w.buf, w.len);
		assert_true(hash256_equal(&id, &tx->id.h));
		/* The copy outlives the original. */
		copy = tx_copy(tx);
		tx_unref(tx);
		assert_parts(copy, p);
		assert_true(hash256_equal(&id, &copy->id.h));
		assert_same_span(copy->raw, (struct span){w.buf, w.len});
		writer_init(&again);
		tx_write(&again, copy->in, copy->n_in, copy->out, copy->n_out, copy->lock_time);
		assert_same_span((struct span){again.buf, again.len}, copy->raw);
		writer_clear(&again);
		tx_unref(copy);
		writer_clear(&w);
	}
	free(p);
}

/* With a few bytes changed, decoding fails or the result encodes to the changed bytes. */
static void changed_transactions_fail_or_round_trip(void **state)
{
	struct parts *p = NEW(struct parts);
	unsigned decoded = 0, failed = 0;
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 2);
	for (int i = 0; i < 6000; i++) {
		struct writer w, again;
		struct tx *tx;

		random_parts(p, &rng, 3);
		writer_init(&w);
		tx_write(&w, p->in, p->n_in, p->out, p->n_out, p->lock_time);
		for (uint64_t n = 1 + rng_below(&rng.rng, 3); n; n--)
			w.buf[rng_below(&rng.rng, w.len)] = (uint8_t)rng_u64(&rng.rng);
		if (decode(&tx, w.buf, w.len, NULL)) {
			decoded++;
			writer_init(&again);
			tx_write(&again, tx->in, tx->n_in, tx->out, tx->n_out, tx->lock_time);
			set_le32(again.buf, (uint32_t)tx->version);
			assert_same_span((struct span){again.buf, again.len},
					 (struct span){w.buf, w.len});
			writer_clear(&again);
			tx_unref(tx);
		} else {
			failed++;
		}
		writer_clear(&w);
	}
	assert_true(decoded > 1000 && failed > 100);
	free(p);
}

static void every_cut_and_every_trailing_byte_fails(void **state)
{
	struct parts *p = NEW(struct parts);
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 3);
	for (int i = 0; i < 12; i++) {
		struct tx *tx = NULL;
		struct writer w;
		size_t len;
		struct err e;

		random_parts(p, &rng, 5);
		writer_init(&w);
		tx_write(&w, p->in, p->n_in, p->out, p->n_out, p->lock_time);
		len = w.len;
		put_le64(&w, rng_u64(&rng.rng));
		for (size_t n = 0; n <= len + 8; n++) {
			bool ok = decode(&tx, w.buf, n, &e);

			assert_int_equal(ok, n == len);
			if (ok) {
				tx_unref(tx);
				continue;
			}
			assert_int_equal(e.cls, ERR_DECODE);
			assert_string_equal(e.token, n < len ? "tx-malformed" : "tx-trailing");
		}
		writer_clear(&w);
	}
	free(p);
}

static bool decodes_hex(const char *hex, struct tx **tx)
{
	uint8_t *bytes;
	size_t n;
	bool ok;

	assert_true(hex_decode_alloc(&bytes, &n, hex, 1000));
	ok = decode(tx, bytes, n, NULL);
	free(bytes);
	return ok;
}

static void the_smallest_transactions_decode(void **state)
{
	struct tx *tx;

	(void)state;
	assert_true(decodes_hex("01000000"
				"00"
				"00"
				"00000000",
				&tx));
	assert_int_equal(tx->n_in + tx->n_out, 0);
	assert_false(tx_is_coinbase(tx));
	tx_unref(tx);
	assert_true(decodes_hex("ffffffff"
				"00"
				"01"
				"ffffffffffffffff"
				"00"
				"78563412",
				&tx));
	assert_int_equal(tx->version, -1);
	assert_true(tx->out[0].value == -1);
	assert_int_equal(tx->lock_time, 0x12345678);
	tx_unref(tx);
}

static void counts_and_lengths_must_be_minimal(void **state)
{
	struct tx *tx;

	(void)state;
	assert_true(decodes_hex("01000000"
				"00"
				"01"
				"0000000000000000"
				"01aa"
				"00000000",
				&tx));
	tx_unref(tx);
	assert_false(decodes_hex("01000000"
				 "fd0000"
				 "01"
				 "0000000000000000"
				 "01aa"
				 "00000000",
				 &tx));
	assert_false(decodes_hex("01000000"
				 "00"
				 "fd0100"
				 "0000000000000000"
				 "01aa"
				 "00000000",
				 &tx));
	assert_false(decodes_hex("01000000"
				 "00"
				 "01"
				 "0000000000000000"
				 "fd0100aa"
				 "00000000",
				 &tx));
}

static void hostile_counts_fail_before_anything_is_allocated(void **state)
{
	static const char *const counts[] = {"fe00000001",         "feffffffff",
					     "ff0000000001000000", "ffffffffffffffffff",
					     "ff0000000000000080", "fdffff"};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(counts); i++) {
		char hex[200];
		struct tx *tx;

		snprintf(hex, sizeof(hex), "01000000%s00000000", counts[i]);
		assert_false(decodes_hex(hex, &tx));
		snprintf(hex, sizeof(hex), "0100000000%s00000000", counts[i]);
		assert_false(decodes_hex(hex, &tx));
		snprintf(hex, sizeof(hex),
			 "010000000001"
			 "0000000000000000"
			 "%s00000000",
			 counts[i]);
		assert_false(decodes_hex(hex, &tx));
	}
}

static void more_bytes_than_a_block_holds_are_refused(void **state)
{
	uint8_t *big = mem_zalloc(BLOCK_MAX_BYTES + 1);
	struct writer w;
	struct tx *tx;
	struct err e;

	(void)state;
	/* One output whose script makes the size exactly the limit, and one byte more. */
	for (size_t over = 0; over < 2; over++) {
		size_t script = BLOCK_MAX_BYTES + over - 4 - 1 - 1 - 8 - 5 - 4;

		writer_init_fixed(&w, big, BLOCK_MAX_BYTES + over);
		put_le32(&w, 1);
		put_u8(&w, 0);
		put_u8(&w, 1);
		put_le64(&w, 0);
		put_compact(&w, script);
		memset(big + w.len, 0, BLOCK_MAX_BYTES + over - w.len);
		if (over) {
			assert_false(tx_decode(&tx, big, BLOCK_MAX_BYTES + 1, &e));
			assert_string_equal(e.token, "tx-oversize");
		} else {
			assert_true(tx_decode(&tx, big, BLOCK_MAX_BYTES, &e));
			tx_unref(tx);
		}
	}
	free(big);
}

static void only_the_null_outpoint_makes_a_coinbase(void **state)
{
	struct outpoint null = {.index = 0xffffffff};

	(void)state;
	assert_true(outpoint_is_null(&null));
	for (int bit = 0; bit < 288; bit++) {
		struct outpoint o = null;
		struct txin in[2] = {{.prev = null}, {.prev = null}};
		struct writer w;
		struct tx *tx;

		if (bit < 256)
			o.txid.h.b[bit / 8] ^= (uint8_t)(1 << bit % 8);
		else
			o.index ^= UINT32_C(1) << (bit - 256);
		assert_false(outpoint_is_null(&o));
		writer_init(&w);
		in[0].prev = bit % 2 ? o : null;
		/* Two inputs, or another outpoint, are not a coinbase. */
		tx_write(&w, in, bit % 2 ? 1 : 2, NULL, 0, 0);
		assert_true(decode(&tx, w.buf, w.len, NULL));
		assert_false(tx_is_coinbase(tx));
		tx_unref(tx);
		writer_clear(&w);
	}
}

static void outpoints_pack_into_36_bytes(void **state)
{
	struct outpoint o = {.index = 0x01020304}, back;
	uint8_t packed[OUTPOINT_BYTES];

	(void)state;
	for (int i = 0; i < 32; i++)
		o.txid.h.b[i] = (uint8_t)(100 + i);
	outpoint_pack(packed, &o);
	assert_memory_equal(packed, o.txid.h.b, 32);
	assert_memory_equal(packed + 32, "\x04\x03\x02\x01", 4);
	outpoint_unpack(&back, packed);
	assert_memory_equal(&o.txid, &back.txid, 32);
	assert_int_equal(o.index, back.index);
}

static void a_transaction_lives_until_its_last_reference(void **state)
{
	struct tx *tx;

	(void)state;
	assert_true(decodes_hex("01000000"
				"00"
				"00"
				"00000000",
				&tx));
	assert_int_equal(tx->refs, 1);
	assert_ptr_equal(tx_ref(tx), tx);
	tx_unref(tx);
	assert_int_equal(tx->refs, 1);
	tx_unref(tx);
	tx_unref(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bitcoins_first_transaction_decodes),
		cmocka_unit_test(random_transactions_round_trip),
		cmocka_unit_test(changed_transactions_fail_or_round_trip),
		cmocka_unit_test(every_cut_and_every_trailing_byte_fails),
		cmocka_unit_test(the_smallest_transactions_decode),
		cmocka_unit_test(counts_and_lengths_must_be_minimal),
		cmocka_unit_test(hostile_counts_fail_before_anything_is_allocated),
		cmocka_unit_test(more_bytes_than_a_block_holds_are_refused),
		cmocka_unit_test(only_the_null_outpoint_makes_a_coinbase),
		cmocka_unit_test(outpoints_pack_into_36_bytes),
		cmocka_unit_test(a_transaction_lives_until_its_last_reference),
	};

	return cmocka_run_group_tests_name("tx", tests, NULL, NULL);
}
