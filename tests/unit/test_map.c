/* Compares the hash map with a simple array. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/map.h>
#include <tally/base/mem.h>
#include <tally/base/rng.h>

#define KEYS_MAX 3000

/* Key number i: the number, then filler bytes. */
static void make_key(uint8_t *key, size_t key_bytes, uint32_t i)
{
	memset(key, 0x5a, key_bytes);
	for (size_t b = 0; b < 4 && b < key_bytes; b++)
		key[b] = (uint8_t)(i >> (8 * b));
}

struct model {
	bool there[KEYS_MAX];
	uint64_t value[KEYS_MAX];
	size_t len;
};

static void compare_all(const struct map *m, const struct model *model, size_t key_bytes,
			uint32_t n_keys)
{
	size_t at = 0, seen = 0;
	const void *k;
	void *v;

	assert_int_equal(map_len(m), model->len);
	for (uint32_t i = 0; i < n_keys; i++) {
		uint8_t key[64];
		void *value;

		make_key(key, key_bytes, i);
		value = map_get(m, key);
		assert_int_equal(value != NULL, model->there[i]);
		if (value && m->value_bytes)
			assert_memory_equal(value, &model->value[i], 8);
	}
	while (map_next(m, &at, &k, &v)) {
		uint8_t key[64];
		uint32_t i = 0;

		memcpy(&i, k, key_bytes < 4 ? key_bytes : 4);
		assert_true(i < n_keys && model->there[i]);
		make_key(key, key_bytes, i);
		assert_memory_equal(k, key, key_bytes);
		assert_ptr_equal(v, map_get(m, key));
		seen++;
	}
	assert_int_equal(seen, model->len);
}

static void random_operations(size_t key_bytes, size_t value_bytes, uint32_t n_keys, size_t rounds,
			      uint64_t seed)
{
	struct model *model = NEW(struct model);
	struct rng_seeded rng;
	struct map m;

	rng_seeded_init(&rng, seed);
	map_init(&m, key_bytes, value_bytes);
	assert_int_equal(map_memory(&m), 0);
	for (size_t round = 0; round < rounds; round++) {
		uint32_t i = (uint32_t)rng_below(&rng.rng, n_keys);
		/* Alternately fills and empties the map, so that every load factor occurs. */
		bool filling = round / 4000 % 2 == 0;
		bool put = rng_below(&rng.rng, 10) < (filling ? 7u : 3u), added;
		uint8_t key[64];

		make_key(key, key_bytes, i);
		if (put) {
			uint8_t *v = map_put(&m, key, &added);

			assert_int_equal(added, !model->there[i]);
			assert_int_equal((uintptr_t)v % 8, 0);
			if (value_bytes && added)
				for (size_t b = 0; b < value_bytes; b++)
					assert_int_equal(v[b], 0);
			model->value[i] = rng_u64(&rng.rng);
			if (value_bytes)
				memcpy(v, &model->value[i], 8);
			model->len += !model->there[i];
			model->there[i] = true;
		} else {
			assert_int_equal(map_del(&m, key), model->there[i]);
			model->len -= model->there[i];
			model->there[i] = false;
		}
		if (round % 997 == 0)
			compare_all(&m, model, key_bytes, n_keys);
	}
	compare_all(&m, model, key_bytes, n_keys);
	map_clear(&m);
	memset(model, 0, sizeof(*model));
	compare_all(&m, model, key_bytes, n_keys);
	free(model);
}

static void random_operations_agree_with_the_model(void **state)
{
	(void)state;
	random_operations(36, 32, KEYS_MAX, 40000, 1);
	random_operations(32, 8, 700, 40000, 2);
	random_operations(1, 9, 200, 20000, 3);
	random_operations(5, 17, 13, 20000, 4);
}

static void sets_agree_with_the_model(void **state)
{
	(void)state;
	random_operations(32, 0, 1000, 40000, 5);
	random_operations(2, 0, 300, 20000, 6);
}

/* Colliding tags and runs that wrap around the end of the table: a small, nearly full table is emptied in
 * every order of a few. */
static void deleting_never_hides_another_key(void **state)
{
	(void)state;
	for (uint32_t turn = 0; turn < 3000; turn++) {
		uint32_t keys[6], dead = turn % 6;
		struct map m;

		map_init(&m, 4, 4);
		for (uint32_t i = 0; i < 6; i++) {
			keys[i] = turn * 7 + i;
			*(uint32_t *)map_put(&m, &keys[i], NULL) = i;
		}
		assert_true(map_del(&m, &keys[dead]));
		assert_false(map_del(&m, &keys[dead]));
		for (uint32_t i = 0; i < 6; i++) {
			const uint32_t *v = map_get(&m, &keys[i]);

			assert_int_equal(v != NULL, i != dead);
			if (v)
				assert_int_equal(*v, i);
		}
		map_clear(&m);
	}
}

static void an_empty_map_holds_no_memory_and_finds_nothing(void **state)
{
	uint32_t key = 1;
	size_t at = 0;
	struct map m;

	(void)state;
	map_init(&m, 4, 8);
	assert_null(map_get(&m, &key));
	assert_false(map_del(&m, &key));
	assert_false(map_next(&m, &at, NULL, NULL));
	assert_int_equal(map_memory(&m), 0);
	map_put(&m, &key, NULL);
	assert_true(map_memory(&m) > 0);
	map_clear(&m);
	assert_int_equal(map_memory(&m), 0);
	assert_null(map_get(&m, &key));
	map_clear(&m);
}

static void two_maps_hash_under_different_keys(void **state)
{
	uint32_t key = 1;
	struct map a, b;

	(void)state;
	map_init(&a, 4, 0);
	map_init(&b, 4, 0);
	map_put(&a, &key, NULL);
	map_put(&b, &key, NULL);
	assert_memory_not_equal(a.hash_key, b.hash_key, sizeof(a.hash_key));
	map_clear(&a);
	map_clear(&b);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(random_operations_agree_with_the_model),
		cmocka_unit_test(sets_agree_with_the_model),
		cmocka_unit_test(deleting_never_hides_another_key),
		cmocka_unit_test(an_empty_map_holds_no_memory_and_finds_nothing),
		cmocka_unit_test(two_maps_hash_under_different_keys),
	};

	return cmocka_run_group_tests_name("map", tests, NULL, NULL);
}
