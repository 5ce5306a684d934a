/* The coins cache compared with a plain map, and undo records. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/map.h>
#include <tally/base/rng.h>

#include "chain/coins_priv.h"
#include "chain/undo_priv.h"
#include "chain_fixture.h"

static struct outpoint outpoint_of(uint32_t n)
{
	struct outpoint o = {.index = n % 3};
	uint8_t bytes[4];

	set_le32(bytes, n);
	sha256d(&o.txid.h, bytes, sizeof(bytes));
	return o;
}

static struct coin coin_of(uint32_t n)
{
	struct coin c = {.value = n + 1, .height = n % 1000, .coinbase = n % 2 == 0};

	memset(c.owner.b, (int)(n & 255), sizeof(c.owner.b));
	return c;
}

static void assert_coin(const struct coin *c, uint32_t n)
{
	struct coin want = coin_of(n);

	assert_int_equal(c->value, want.value);
	assert_int_equal(c->height, want.height);
	assert_int_equal(c->coinbase, want.coinbase);
	assert_memory_equal(c->owner.b, want.owner.b, sizeof(want.owner.b));
}

/* The model has 1 for each coin that exists. The outpoints are few, so that each is added, spent,
 * written and added again. */
#define SPACE 4000

static void spend_or_add(struct coins *cs, uint8_t *model, const struct rng *rng)
{
	uint32_t n = (uint32_t)rng_below(rng, SPACE);
	struct outpoint o = outpoint_of(n);
	struct err e = {0};
	struct coin c;

	if (!model[n] && rng_below(rng, 3) > 0) {
		c = coin_of(n);
		coins_add(cs, &o, &c);
		model[n] = 1;
	} else if (model[n] && rng_below(rng, 2) == 0) {
		coins_remove(cs, &o);
		model[n] = 0;
	} else {
		enum coins_found found = coins_spend(cs, &o, &c, &e);

		assert_int_equal(found, model[n] ? COINS_FOUND : COINS_MISSING);
		if (found == COINS_FOUND)
			assert_coin(&c, n);
		model[n] = 0;
	}
}

static void assert_model(const struct coins *cs, const uint8_t *model)
{
	for (uint32_t n = 0; n < SPACE; n++) {
		struct outpoint o = outpoint_of(n);
		struct err e = {0};
		struct coin c;

		assert_int_equal(coins_get(cs, &o, &c, &e), model[n]);
		assert_int_equal(e.cls, ERR_NONE);
		if (model[n])
			assert_coin(&c, n);
	}
}

static size_t count(const uint8_t *model)
{
	size_t n = 0;

	for (uint32_t i = 0; i < SPACE; i++)
		n += model[i];
	return n;
}

static size_t count_stored(struct store *s)
{
	struct store_coin *all = calloc(SPACE, sizeof(*all));
	uint8_t after[OUTPOINT_BYTES] = {0};
	struct err e = {0};
	size_t n = 0;

	assert_non_null(all);
	assert_true(store_scan_coins(s, after, true, all, SPACE, &n, &e));
	free(all);
	return n;
}

static void the_cache_behaves_as_a_map_in_any_order_of_writes(void **state)
{
	struct fx fx;
	struct rng_seeded rng;
	struct coins cs;
	uint8_t *model = calloc(1, SPACE);
	struct err e = {0};

	(void)state;
	assert_non_null(model);
	rng_seeded_init(&rng, 11);
	fx_open(&fx, &(struct fx_options){.no_genesis = true});
	coins_init(&cs, fx.store, 0); /* the smallest limit, 1,024 entries */
	for (int k = 0; k < 60000; k++) {
		spend_or_add(&cs, model, &rng.rng);
		if (rng_below(&rng.rng, 50) == 0)
			assert_true(coins_flush(&cs, (size_t)rng_below(&rng.rng, 80), &e));
		if (rng_below(&rng.rng, 50) == 0)
			coins_trim(&cs);
		if (k % 10000 == 9999)
			assert_model(&cs, model);
	}
	assert_true(coins_flush(&cs, SIZE_MAX, &e));
	assert_int_equal(coins_dirty(&cs), 0);
	assert_int_equal(count_stored(fx.store), count(model));
	coins_trim(&cs);
	assert_false(coins_full(&cs));
	assert_model(&cs, model);
	coins_reset(&cs); /* now all is read from the store */
	assert_model(&cs, model);
	coins_clear(&cs);
	free(model);
	fx_close(&fx);
}

static void a_coin_added_and_spent_between_writes_is_never_written(void **state)
{
	struct fx fx;
	struct coins cs;
	size_t before;
	struct err e = {0};

	(void)state;
	fx_open(&fx, &(struct fx_options){.no_genesis = true});
	coins_init(&cs, fx.store, 1 << 20);
	before = store_pending(fx.store);
	for (uint32_t n = 0; n < 1000; n++) {
		struct outpoint o = outpoint_of(n);
		struct coin c = coin_of(n);

		coins_add(&cs, &o, &c);
		assert_int_equal(coins_spend(&cs, &o, &c, &e), COINS_FOUND);
		assert_int_equal(coins_spend(&cs, &o, &c, &e), COINS_MISSING);
	}
	assert_int_equal(coins_dirty(&cs), 0);
	assert_true(coins_flush(&cs, SIZE_MAX, &e));
	assert_int_equal(store_pending(fx.store), before);
	coins_clear(&cs);
	fx_close(&fx);
}

static void the_cache_stays_within_its_bytes(void **state)
{
	struct fx fx;
	struct coins cs;
	struct err e = {0};

	(void)state;
	fx_open(&fx, &(struct fx_options){.no_genesis = true});
	coins_init(&cs, fx.store, 1 << 20);
	for (uint32_t n = 0; n < 30000; n++) {
		struct outpoint o = outpoint_of(n);
		struct coin c = coin_of(n);

		coins_add(&cs, &o, &c);
		assert_true(coins_make_room(&cs, 64, &e));
		assert_false(coins_full(&cs));
		assert_in_range(coins_memory(&cs), 0, (1 << 20) + (128 << 10));
	}
	coins_clear(&cs);
	fx_close(&fx);
}

static int by_key(const void *a, const void *b)
{
	return memcmp(a, b, OUTPOINT_BYTES);
}

/* However many changes a call writes, they are those with the lowest keys. */
static void changes_are_written_in_order_of_their_keys(void **state)
{
	static uint8_t keys[SPACE][OUTPOINT_BYTES];
	static const size_t parts[] = {1, 31, 500, 64, 2000};
	struct store_coin *all = calloc(SPACE, sizeof(*all));
	uint8_t after[OUTPOINT_BYTES] = {0};
	size_t written = 0, n;
	struct fx fx;
	struct coins cs;
	struct err e = {0};

	(void)state;
	assert_non_null(all);
	fx_open(&fx, &(struct fx_options){.no_genesis = true});
	coins_init(&cs, fx.store, 1 << 20);
	for (uint32_t i = 0; i < SPACE; i++) {
		/* The last ones are outputs of one transaction: enough to fill several buckets with
		 * keys alike. */
		struct outpoint o = outpoint_of(i < 3700 ? i : 0);
		struct coin c = coin_of(i);

		if (i >= 3700)
			o.index = i;
		coins_add(&cs, &o, &c);
		outpoint_pack(keys[i], &o);
	}
	qsort(keys, SPACE, OUTPOINT_BYTES, by_key);
	for (size_t p = 0; p < sizeof(parts) / sizeof(parts[0]); p++) {
		assert_true(coins_flush(&cs, parts[p], &e));
		written += parts[p];
		assert_true(store_scan_coins(fx.store, after, true, all, SPACE, &n, &e));
		assert_int_equal(n, written);
		for (size_t i = 0; i < n; i++) {
			uint8_t key[OUTPOINT_BYTES];

			outpoint_pack(key, &all[i].outpoint);
			assert_memory_equal(key, keys[i], OUTPOINT_BYTES);
		}
	}
	coins_clear(&cs);
	free(all);
	fx_close(&fx);
}

static void clean_coins_are_dropped_before_changes_are_written(void **state)
{
	struct fx fx;
	struct coins cs;
	struct err e = {0};
	uint32_t n = 0;

	(void)state;
	fx_open(&fx, &(struct fx_options){.no_genesis = true});
	coins_init(&cs, fx.store, 0);
	for (; !coins_full(&cs); n++) {
		struct outpoint o = outpoint_of(n);
		struct coin c = coin_of(n);

		coins_add(&cs, &o, &c);
		if (n == 99)
			assert_true(coins_flush(&cs, SIZE_MAX, &e));
	}
	for (int clean = 99; clean >= 0; clean--) {
		struct outpoint o = outpoint_of(n);
		struct coin c = coin_of(n++);
		size_t before = store_pending(fx.store);

		assert_true(coins_make_room(&cs, 8, &e));
		assert_int_equal(store_pending(fx.store), before);
		assert_false(coins_full(&cs));
		coins_add(&cs, &o, &c);
		assert_true(coins_full(&cs));
	}
	assert_int_equal(coins_dirty(&cs), 1025);
	assert_true(
		coins_make_room(&cs, 8, &e)); /* no clean coin is left, so changes are written */
	assert_int_equal(coins_dirty(&cs), 1017);
	coins_clear(&cs);
	fx_close(&fx);
}

static void undo_records_decode_to_the_same_coins(void **state)
{
	struct coin coins[5], *back;
	struct writer w;
	struct err e = {0};
	size_t n;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		coins[i] = coin_of(i * 77);
	coins[4].value = MAX_MONEY;
	coins[4].height = MEMPOOL_HEIGHT;
	writer_init(&w);
	undo_encode(&w, coins, 5);
	assert_int_equal(w.len, 5 * UNDO_COIN_BYTES);
	assert_true(undo_decode(&back, &n, (struct span){w.buf, w.len}, &e));
	assert_int_equal(n, 5);
	for (uint32_t i = 0; i < 4; i++)
		assert_coin(&back[i], i * 77);
	assert_int_equal(back[4].value, MAX_MONEY);
	assert_int_equal(back[4].height, MEMPOOL_HEIGHT);
	free(back);
	assert_true(undo_decode(&back, &n, (struct span){NULL, 0}, &e));
	assert_int_equal(n, 0);
	free(back);
	writer_clear(&w);
}

static void a_damaged_undo_record_is_refused(void **state)
{
	struct coin c = coin_of(1), *back;
	struct writer w;
	struct err e = {0};
	size_t n;

	(void)state;
	writer_init(&w);
	c.value = MAX_MONEY + 1;
	undo_encode(&w, &c, 1);
	assert_false(undo_decode(&back, &n, (struct span){w.buf, w.len}, &e));
	assert_int_equal(e.cls, ERR_CORRUPT);
	assert_false(undo_decode(&back, &n, (struct span){w.buf, w.len - 1}, &e));
	assert_int_equal(e.cls, ERR_CORRUPT);
	writer_clear(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cache_behaves_as_a_map_in_any_order_of_writes),
		cmocka_unit_test(a_coin_added_and_spent_between_writes_is_never_written),
		cmocka_unit_test(the_cache_stays_within_its_bytes),
		cmocka_unit_test(changes_are_written_in_order_of_their_keys),
		cmocka_unit_test(clean_coins_are_dropped_before_changes_are_written),
		cmocka_unit_test(undo_records_decode_to_the_same_coins),
		cmocka_unit_test(a_damaged_undo_record_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
