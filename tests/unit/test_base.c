/* Clocks, random generators, memory, lists, checked arithmetic. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/clock.h>
#include <tally/base/list.h>
#include <tally/base/mem.h>
#include <tally/base/rng.h>

#define SECOND INT64_C(1000000)

static void the_system_clock_moves_forward(void **state)
{
	const struct clock *c = clock_system();
	int64_t unix_s = clock_unix(c), mono_ms = clock_mono_ms(c), mono_us = clock_mono_us(c);

	(void)state;
	assert_true(unix_s > 1700000000);
	assert_in_range(clock_unix_us(c) / SECOND - unix_s, 0, 60);
	assert_in_range(mono_us / 1000 - mono_ms, 0, 60000);
	assert_true(clock_mono_us(c) >= mono_us);
}

static void a_mocked_wall_clock_stands_still(void **state)
{
	struct clock_mock m;
	int64_t unix_s;

	(void)state;
	clock_mock_init(&m);
	unix_s = clock_unix(clock_system());
	assert_in_range(clock_unix(&m.clock) - unix_s, 0, 60);
	clock_mock_set(&m, 1000);
	assert_int_equal(clock_unix(&m.clock), 1000);
	assert_true(clock_unix_us(&m.clock) == 1000 * SECOND);
	clock_mock_set(&m, 0);
	assert_in_range(clock_unix(&m.clock) - unix_s, 0, 60);
}

static void setting_the_wall_clock_forward_moves_timeouts_along(void **state)
{
	struct clock_mock m;
	int64_t before;

	(void)state;
	clock_mock_init(&m);
	before = clock_mono_us(&m.clock);
	clock_mock_set(&m, 5000); /* in the past: no jump */
	assert_in_range(clock_mono_us(&m.clock) - before, 0, 60 * SECOND);
	clock_mock_set(&m, 5000 + 1200);
	assert_in_range(clock_mono_us(&m.clock) - before, 1200 * SECOND, 1260 * SECOND);
	before = clock_mono_us(&m.clock);
	clock_mock_set(&m, 5000); /* back to the present: the monotonic clock never goes back */
	assert_in_range(clock_mono_us(&m.clock) - before, 0, 60 * SECOND);
	clock_mock_set(&m, 0);
	assert_in_range(clock_mono_us(&m.clock) - before, 0, 60 * SECOND);
}

static void a_manual_clock_moves_only_when_advanced(void **state)
{
	struct clock_manual m;

	(void)state;
	clock_manual_init(&m, 1700000000);
	assert_int_equal(clock_unix(&m.clock), 1700000000);
	assert_int_equal(clock_mono_us(&m.clock), 0);
	clock_manual_advance(&m, 2500000);
	assert_int_equal(clock_unix(&m.clock), 1700000002);
	assert_int_equal(clock_mono_ms(&m.clock), 2500);
}

static void a_seed_always_gives_the_same_numbers(void **state)
{
	/* splitmix64 of seed 0 begins with these (Rosetta Code, "Pseudo-random numbers/Splitmix64",
	 * gives e220a8397b1dcdaf for the first of seed 0). */
	struct rng_seeded a, b, c;
	uint8_t x[37], y[37];

	(void)state;
	rng_seeded_init(&a, 0);
	assert_true(a.s[0] == UINT64_C(0xe220a8397b1dcdaf));
	rng_seeded_init(&a, 42);
	rng_seeded_init(&b, 42);
	rng_seeded_init(&c, 43);
	for (int i = 0; i < 100; i++)
		assert_true(rng_u64(&a.rng) == rng_u64(&b.rng));
	rng_fill(&a.rng, x, sizeof(x));
	rng_fill(&b.rng, y, sizeof(y));
	assert_memory_equal(x, y, sizeof(x));
	rng_fill(&c.rng, y, sizeof(y));
	assert_memory_not_equal(x, y, sizeof(x));
}

/* xoshiro256** from state 1, 2, 3, 4: 11520, 0, 1509978240, 1215971899390074240 (the
 * reference outputs that rust-random's rand_xoshiro took from the authors' C code). */
static void seeded_numbers_are_xoshiro256starstar(void **state)
{
	static const uint64_t want[] = {11520, 0, 1509978240, UINT64_C(1215971899390074240)};
	struct rng_seeded r;

	(void)state;
	rng_seeded_init(&r, 0);
	for (uint64_t i = 0; i < 4; i++)
		r.s[i] = i + 1;
	for (size_t i = 0; i < ARRAY_LEN(want); i++)
		assert_true(rng_u64(&r.rng) == want[i]);
}

static void numbers_below_n_are_below_n_and_even(void **state)
{
	struct rng_seeded r;
	unsigned count[7] = {0};

	(void)state;
	rng_seeded_init(&r, 5);
	for (int i = 0; i < 70000; i++) {
		uint64_t v = rng_below(&r.rng, 7);

		assert_true(v < 7);
		count[v]++;
	}
	for (int i = 0; i < 7; i++)
		assert_in_range(count[i], 9500, 10500);
	assert_int_equal(rng_below(&r.rng, 1), 0);
	/* For n above 2^63 a plain remainder would make low numbers twice as likely. */
	for (int i = 0; i < 64; i++)
		assert_true(rng_below(&r.rng, (UINT64_C(1) << 63) + 1) <= UINT64_C(1) << 63);
}

static void the_system_gives_different_bytes_each_time(void **state)
{
	uint8_t a[32], b[32];

	(void)state;
	rng_fill(rng_system(), a, sizeof(a));
	rng_fill(rng_system(), b, sizeof(b));
	assert_memory_not_equal(a, b, sizeof(a));
}

static void reserving_keeps_elements_and_doubles(void **state)
{
	uint32_t *a = NULL;
	size_t cap = 0, grown = 0;

	(void)state;
	for (uint32_t i = 0; i < 5000; i++) {
		size_t before = cap;

		mem_reserve(&a, &cap, i + 1, sizeof(*a));
		assert_true(cap > i);
		grown += cap != before;
		a[i] = i;
	}
	assert_true(grown < 20);
	for (uint32_t i = 0; i < 5000; i++)
		assert_int_equal(a[i], i);
	free(a);
}

static void an_allocation_of_zero_bytes_is_not_null(void **state)
{
	void *p = mem_alloc(0), *q = mem_zalloc(0), *r = mem_array(0, 8), *s = mem_try(0);

	(void)state;
	assert_non_null(p);
	assert_non_null(q);
	assert_non_null(r);
	assert_non_null(s);
	p = mem_resize(p, 0, 4);
	assert_non_null(p);
	free(p);
	free(q);
	free(r);
	free(s);
}

static void strings_are_allocated_in_full(void **state)
{
	char *a = mem_strdup("abc"), *b = mem_printf("%s-%05d", a, 42);

	(void)state;
	assert_string_equal(a, "abc");
	assert_string_equal(b, "abc-00042");
	free(a);
	free(b);
}

struct item {
	int n;
	struct list link;
};

static void lists_keep_order_and_remove_items(void **state)
{
	struct item items[5];
	struct list head;
	int n = 0;

	(void)state;
	list_init(&head);
	assert_true(list_empty(&head));
	assert_null(list_first(&head, struct item, link));
	for (int i = 0; i < 5; i++) {
		items[i].n = i;
		list_add(&head, &items[i].link);
	}
	list_each (it, &head)
		assert_int_equal(list_entry(it, struct item, link)->n, n++);
	assert_int_equal(n, 5);
	list_each_safe (it, &head)
		if (list_entry(it, struct item, link)->n % 2 == 0)
			list_del(it);
	list_del(&items[0].link); /* already removed: harmless */
	assert_int_equal(list_first(&head, struct item, link)->n, 1);
	list_del(&items[1].link);
	assert_int_equal(list_first(&head, struct item, link)->n, 3);
	list_del(&items[3].link);
	assert_true(list_empty(&head));
}

static void checked_arithmetic_reports_overflow(void **state)
{
	int64_t s;
	size_t z;

	(void)state;
	assert_true(checked_add(&s, INT64_MAX - 1, 1) && s == INT64_MAX);
	assert_false(checked_add(&s, INT64_MAX, 1));
	assert_true(checked_sub(&z, (size_t)1, (size_t)1) && z == 0);
	assert_false(checked_sub(&z, (size_t)0, (size_t)1));
	assert_false(checked_mul(&z, SIZE_MAX / 2 + 1, (size_t)2));
	assert_true(checked_mul(&z, SIZE_MAX / 2, (size_t)2));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_system_clock_moves_forward),
		cmocka_unit_test(a_mocked_wall_clock_stands_still),
		cmocka_unit_test(setting_the_wall_clock_forward_moves_timeouts_along),
		cmocka_unit_test(a_manual_clock_moves_only_when_advanced),
		cmocka_unit_test(a_seed_always_gives_the_same_numbers),
		cmocka_unit_test(seeded_numbers_are_xoshiro256starstar),
		cmocka_unit_test(numbers_below_n_are_below_n_and_even),
		cmocka_unit_test(the_system_gives_different_bytes_each_time),
		cmocka_unit_test(reserving_keeps_elements_and_doubles),
		cmocka_unit_test(an_allocation_of_zero_bytes_is_not_null),
		cmocka_unit_test(strings_are_allocated_in_full),
		cmocka_unit_test(lists_keep_order_and_remove_items),
		cmocka_unit_test(checked_arithmetic_reports_overflow),
	};

	return cmocka_run_group_tests_name("outside", tests, NULL, NULL);
}
