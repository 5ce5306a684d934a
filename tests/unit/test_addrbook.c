/* The address book: new and tried buckets, back-off, what is told, what is stored. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <setjmp.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/clock.h>
#include <tally/base/mem.h>
#include <tally/crypto/key.h>
#include <tally/net/addrbook.h>

#define NOW  1700000000
#define HOUR 3600
#define DAY  (24 * HOUR)

/* Records in the order of their keys, as the store tells them. */
struct record {
	uint8_t key[32], value[80];
	size_t key_n, value_n;
};

struct fixture {
	struct clock_manual clock;
	struct rng_seeded rng;
	struct record_store store;
	struct record *kept;
	size_t n, cap;
	struct addrbook *book;
};

static void kept_del(void *ctx, struct span key)
{
	struct fixture *f = ctx;

	for (size_t i = 0; i < f->n; i++)
		if (f->kept[i].key_n == key.len && memcmp(f->kept[i].key, key.p, key.len) == 0) {
			f->kept[i] = f->kept[--f->n];
			return;
		}
}

static void kept_put(void *ctx, struct span key, struct span value)
{
	struct fixture *f = ctx;
	struct record *r;

	kept_del(ctx, key);
	mem_reserve(&f->kept, &f->cap, f->n + 1, sizeof(*f->kept));
	r = &f->kept[f->n++];
	assert_true(key.len <= sizeof(r->key) && value.len <= sizeof(r->value));
	memcpy(r->key, key.p, key.len);
	memcpy(r->value, value.p, value.len);
	r->key_n = key.len;
	r->value_n = value.len;
}

static int by_key(const void *a, const void *b)
{
	const struct record *x = a, *y = b;
	size_t n = x->key_n < y->key_n ? x->key_n : y->key_n;
	int c = memcmp(x->key, y->key, n);

	return c ? c : (int)x->key_n - (int)y->key_n;
}

static int setup(void **state)
{
	struct fixture *f = NEW(struct fixture);

	clock_manual_init(&f->clock, NOW);
	rng_seeded_init(&f->rng, 3);
	f->store = (struct record_store){kept_put, kept_del, f};
	f->book = addrbook_new(&f->clock.clock, &f->rng.rng, &f->store);
	addrbook_loaded(f->book);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	addrbook_free(f->book);
	free(f->kept);
	free(f);
	return 0;
}

static void pass(struct fixture *f, int64_t seconds)
{
	clock_manual_advance(&f->clock, seconds * 1000000);
}

static int64_t now(const struct fixture *f)
{
	return clock_unix(&f->clock.clock);
}

static struct net_addr ip4(unsigned a, unsigned b, unsigned c, unsigned d)
{
	struct net_addr x = {.port = 3000};

	x.ip[10] = x.ip[11] = 0xff;
	x.ip[12] = (uint8_t)a;
	x.ip[13] = (uint8_t)b;
	x.ip[14] = (uint8_t)c;
	x.ip[15] = (uint8_t)d;
	return x;
}

static bool anybody(void *arg, const struct net_addr *a)
{
	(void)arg, (void)a;
	return true;
}

static bool only(void *arg, const struct net_addr *a)
{
	return net_addr_equal(arg, a);
}

static bool is_tried(struct fixture *f, const struct net_addr *a)
{
	struct addrbook_entry en;

	assert_true(addrbook_get(f->book, a, &en));
	return en.tried;
}

/* --- what is taken ------------------------------------------------------------------- */

static void what_cannot_be_dialled_is_not_taken(void **state)
{
	struct fixture *f = *state;
	struct net_addr none = ip4(0, 0, 0, 0), multicast = ip4(224, 0, 0, 1),
			portless = ip4(10, 0, 0, 1), good = ip4(10, 0, 0, 1);

	portless.port = 0;
	assert_false(addrbook_add(f->book, &none, 1, NOW, NULL));
	assert_false(addrbook_add(f->book, &multicast, 1, NOW, NULL));
	assert_false(addrbook_add(f->book, &portless, 1, NOW, NULL));
	assert_true(addrbook_add(f->book, &good, 1, NOW, NULL));
	assert_int_equal(addrbook_count(f->book), 1);
	assert_true(addrbook_add(f->book, &good, 1, NOW, NULL));
	assert_int_equal(addrbook_count(f->book), 1);
}

static void times_that_cannot_be_are_mended(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = ip4(10, 0, 0, 1), b = ip4(10, 0, 0, 2);
	struct addrbook_entry en;

	assert_true(addrbook_add(f->book, &a, 1, NOW + 601, NULL));
	assert_true(addrbook_get(f->book, &a, &en));
	assert_int_equal(en.seen, NOW - 5 * DAY);
	assert_true(addrbook_add(f->book, &b, 1, NOW + 600, NULL));
	assert_true(addrbook_get(f->book, &b, &en));
	assert_int_equal(en.seen, NOW);
}

static void one_source_fills_few_buckets_and_others_still_find_room(void **state)
{
	struct fixture *f = *state;
	struct net_addr attacker = ip4(6, 6, 6, 6), a;
	size_t taken = 0, of_others = 0;

	for (unsigned i = 0; i < 20000; i++) {
		a = ip4(20 + i / 2500, i / 10 % 250, i % 10, 1);
		taken += addrbook_add(f->book, &a, 1, NOW, &attacker);
	}
	/* 64 of 256 buckets with 16 slots each, at most. */
	assert_in_range(taken, 16, 1024);
	assert_int_equal(addrbook_count(f->book), taken);
	for (unsigned i = 0; i < 200; i++) {
		struct net_addr source = ip4(100 + i % 100, i, 0, 1);

		a = ip4(150, i, 7, 1);
		of_others += addrbook_add(f->book, &a, 1, NOW, &source);
	}
	assert_true(of_others > 120);
}

static void the_book_is_bounded(void **state)
{
	struct fixture *f = *state;
	struct net_addr a, source;

	for (unsigned i = 0; i < 60000; i++) {
		a = ip4(20 + i % 180, i / 180 % 250, i / 45000, 1);
		source = ip4(20 + i * 7 % 180, i * 13 % 250, 0, 1);
		addrbook_add(f->book, &a, 1, NOW, &source);
		if (i % 20 == 0)
			addrbook_succeeded(f->book, &a, 1);
	}
	assert_true(addrbook_count(f->book) > ADDRBOOK_MAX / 2);
	assert_true(addrbook_count(f->book) <= ADDRBOOK_MAX);
	assert_int_equal(f->n, addrbook_count(f->book) + 1); /* and the key */
}

static void a_poor_entry_makes_room_and_a_good_one_does_not(void **state)
{
	struct fixture *f = *state;
	struct net_addr source = ip4(6, 6, 6, 6), a;
	size_t before, after = 0;

	for (unsigned i = 0; i < 20000; i++) {
		a = ip4(20 + i / 2500, i / 10 % 250, i % 10, 1);
		addrbook_add(f->book, &a, 1, NOW, &source);
	}
	before = addrbook_count(f->book);
	for (unsigned i = 0; i < 500; i++) {
		a = ip4(60, i % 250, i / 250, 2);
		after += addrbook_add(f->book, &a, 1, NOW, &source);
	}
	assert_in_range(after, 0, 100); /* where a bucket still had a free slot */
	pass(f, 31 * DAY);
	for (unsigned i = 0; i < 500; i++) {
		a = ip4(61, i % 250, i / 250, 2);
		after += addrbook_add(f->book, &a, 1, now(f), &source);
	}
	assert_true(after > 200);
	assert_in_range(addrbook_count(f->book), before, before + 100);
}

/* --- tried -------------------------------------------------------------------------------- */

static void success_makes_tried_and_gossip_never_displaces_it(void **state)
{
	struct fixture *f = *state;
	struct net_addr good = ip4(10, 0, 0, 1), source = ip4(6, 6, 6, 6), a;

	addrbook_add(f->book, &good, 1, NOW, NULL);
	assert_false(is_tried(f, &good));
	addrbook_succeeded(f->book, &good, 1);
	assert_true(is_tried(f, &good));
	for (unsigned i = 0; i < 60000; i++) {
		a = ip4(20 + i % 180, i / 180 % 250, i / 45000, 1);
		source.ip[13] = (uint8_t)i;
		addrbook_add(f->book, &a, 1, NOW, &source);
	}
	assert_true(is_tried(f, &good));
}

/* Fills tried buckets from one public place (it reaches 8 of 64, 128 slots) until one is full; then *late is an address
 * with which a contest begins. How many were tried with success. */
static unsigned fill_tried(struct fixture *f, struct net_addr *late)
{
	for (unsigned i = 0; i < 400; i++) {
		*late = ip4(20, 1, i / 200, i % 200 + 1);
		addrbook_succeeded(f->book, late, 1);
		if (!is_tried(f, late))
			return i;
	}
	fail_msg("no bucket filled up");
	return 0;
}

static void of_a_full_bucket_the_holder_is_dialled_first(void **state)
{
	struct fixture *f = *state;
	struct net_addr late, holder, asked;

	fill_tried(f, &late);
	assert_true(addrbook_pick(f->book, only, &late, &asked) == net_addr_equal(&asked, &late));
	pass(f, 5 * HOUR);
	addrbook_succeeded(f->book, &late, 1);
	assert_false(is_tried(f, &late));
	assert_true(addrbook_pick(f->book, anybody, NULL, &holder));
	assert_true(is_tried(f, &holder));
	/* While nothing came of it the same one is asked. */
	assert_true(addrbook_pick(f->book, anybody, NULL, &asked));
	assert_true(net_addr_equal(&asked, &holder));
	addrbook_succeeded(f->book, &holder, 1);
	assert_true(is_tried(f, &holder));
	assert_false(is_tried(f, &late));
}

static void a_holder_that_does_not_answer_makes_room(void **state)
{
	struct fixture *f = *state;
	struct net_addr late, holder;
	size_t count;

	fill_tried(f, &late);
	pass(f, 5 * HOUR);
	addrbook_succeeded(f->book, &late, 1);
	assert_true(addrbook_pick(f->book, anybody, NULL, &holder));
	count = addrbook_count(f->book);
	addrbook_failed(f->book, &holder);
	assert_true(is_tried(f, &late));
	assert_false(is_tried(f, &holder));
	assert_int_equal(addrbook_count(f->book), count);
	assert_int_equal(f->n, count + 1);
}

static void a_holder_that_nobody_could_ask_for_forty_minutes_makes_room(void **state)
{
	struct fixture *f = *state;
	struct net_addr late, nobody = ip4(9, 9, 9, 9), out;

	fill_tried(f, &late);
	pass(f, 5 * HOUR);
	addrbook_succeeded(f->book, &late, 1);
	pass(f, 40 * 60 - 1);
	assert_false(addrbook_pick(f->book, only, &nobody, &out));
	assert_false(is_tried(f, &late));
	pass(f, 1);
	assert_false(addrbook_pick(f->book, only, &nobody, &out));
	assert_true(is_tried(f, &late));
}

/* --- dialling ----------------------------------------------------------------------------- */

static void who_failed_is_left_alone_for_longer_each_time(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = ip4(10, 0, 0, 1), out;
	int64_t wait = 10;

	addrbook_succeeded(f->book, &a, 1);
	for (int i = 0; i < 14; i++) {
		addrbook_dialled(f->book, &a);
		addrbook_failed(f->book, &a);
		wait = wait * 2 > HOUR ? HOUR : wait * 2;
		pass(f, wait - 1);
		assert_false(addrbook_pick(f->book, anybody, NULL, &out));
		pass(f, 1);
		assert_true(addrbook_pick(f->book, anybody, NULL, &out));
	}
	addrbook_succeeded(f->book, &a, 1);
	addrbook_dialled(f->book, &a);
	pass(f, 9);
	assert_false(addrbook_pick(f->book, anybody, NULL, &out));
	pass(f, 1);
	assert_true(addrbook_pick(f->book, anybody, NULL, &out));
}

static void who_never_answered_is_given_up_and_who_did_is_not(void **state)
{
	struct fixture *f = *state;
	struct net_addr never = ip4(10, 0, 0, 1), did = ip4(10, 0, 0, 2);
	struct addrbook_entry en;

	addrbook_add(f->book, &never, 1, NOW, NULL);
	addrbook_succeeded(f->book, &did, 1);
	for (int i = 0; i < 5; i++)
		addrbook_failed(f->book, &never);
	assert_true(addrbook_get(f->book, &never, &en));
	addrbook_failed(f->book, &never);
	assert_false(addrbook_get(f->book, &never, &en));
	for (int i = 0; i < 50; i++)
		addrbook_failed(f->book, &did);
	assert_true(addrbook_get(f->book, &did, &en));
	pass(f, 31 * DAY);
	addrbook_failed(f->book, &did);
	assert_false(addrbook_get(f->book, &did, &en));
}

static void only_who_is_wanted_is_picked(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = ip4(10, 0, 0, 1), b = ip4(10, 0, 0, 2), c = ip4(10, 0, 0, 3), out;

	assert_false(addrbook_pick(f->book, anybody, NULL, &out));
	addrbook_add(f->book, &a, 1, NOW, NULL);
	addrbook_succeeded(f->book, &b, 1);
	for (int i = 0; i < 20; i++) {
		assert_true(addrbook_pick(f->book, only, &a, &out));
		assert_true(net_addr_equal(&out, &a));
		assert_true(addrbook_pick(f->book, only, &b, &out));
		assert_true(net_addr_equal(&out, &b));
	}
	assert_false(addrbook_pick(f->book, only, &c, &out));
}

static void a_bucket_full_of_one_source_has_no_more_chances_than_another(void **state)
{
	struct fixture *f = *state;
	struct net_addr attacker = ip4(6, 6, 6, 6), a, out;
	int honest = 0;

	for (unsigned i = 0; i < 20000; i++) {
		a = ip4(20 + i / 2500, i / 10 % 250, i % 10, 1);
		addrbook_add(f->book, &a, 1, NOW, &attacker);
	}
	/* 64 honest ones against 1,000: by numbers one in sixteen. */
	for (unsigned i = 0; i < 64; i++) {
		struct net_addr source = ip4(100 + i, 1, 0, 1);

		a = ip4(180, i, 7, 1);
		addrbook_add(f->book, &a, 1, NOW, &source);
	}
	for (int i = 0; i < 400; i++) {
		assert_true(addrbook_pick(f->book, anybody, NULL, &out));
		honest += out.ip[12] == 180;
	}
	assert_in_range(honest, 80, 320);
}

/* --- telling ------------------------------------------------------------------------------- */

static void what_is_told_fits_whom_it_is_told(void **state)
{
	struct fixture *f = *state;
	struct net_addr loop = ip4(127, 0, 0, 1), priv = ip4(10, 0, 0, 1), pub = ip4(20, 0, 0, 1);
	struct addrbook_entry some[8];

	addrbook_add(f->book, &loop, 1, NOW, NULL);
	addrbook_add(f->book, &priv, 1, NOW, NULL);
	addrbook_add(f->book, &pub, 1, NOW, NULL);
	assert_int_equal(addrbook_sample(f->book, NET_LOOPBACK, some, 8), 3);
	assert_int_equal(addrbook_sample(f->book, NET_PRIVATE, some, 8), 2);
	assert_int_equal(addrbook_sample(f->book, NET_PUBLIC, some, 8), 1);
	assert_true(net_addr_equal(&some[0].addr, &pub));
	assert_int_equal(addrbook_sample(f->book, NET_LOOPBACK, some, 2), 2);
}

static void an_address_on_its_own_word_is_told_after_success_alone(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = ip4(10, 0, 0, 1), b = ip4(10, 0, 0, 2);
	struct addrbook_entry some[8];

	addrbook_add(f->book, &a, 1, 0, NULL);
	assert_int_equal(addrbook_sample(f->book, NET_PRIVATE, some, 8), 0);
	addrbook_succeeded(f->book, &a, 1);
	assert_int_equal(addrbook_sample(f->book, NET_PRIVATE, some, 8), 1);
	addrbook_add(f->book, &b, 1, NOW, NULL);
	assert_int_equal(addrbook_sample(f->book, NET_PRIVATE, some, 8), 2);
	pass(f, 30 * DAY);
	assert_int_equal(addrbook_sample(f->book, NET_PRIVATE, some, 8), 2);
	pass(f, 1);
	assert_int_equal(addrbook_sample(f->book, NET_PRIVATE, some, 8), 1);
}

/* --- stored ---------------------------------------------------------------------------------- */

static struct addrbook *load_again(struct fixture *f)
{
	struct addrbook *again = addrbook_new(&f->clock.clock, &f->rng.rng, NULL);

	qsort(f->kept, f->n, sizeof(*f->kept), by_key);
	for (size_t i = 0; i < f->n; i++)
		assert_true(addrbook_load(again, (struct span){f->kept[i].key, f->kept[i].key_n},
					  (struct span){f->kept[i].value, f->kept[i].value_n}));
	addrbook_loaded(again);
	return again;
}

static void what_is_stored_comes_back(void **state)
{
	struct fixture *f = *state;
	struct addrbook *again;
	struct net_addr a;
	size_t tried = 0;

	for (unsigned i = 0; i < 3000; i++) {
		struct net_addr source = ip4(20 + i * 7 % 180, i * 13 % 250, 0, 1);

		a = ip4(20 + i % 180, i / 180 % 250, 3, 1);
		addrbook_add(f->book, &a, i, NOW - i, &source);
		if (i % 3 == 0)
			addrbook_succeeded(f->book, &a, i);
		if (i % 5 == 0)
			addrbook_failed(f->book, &a);
	}
	again = load_again(f);
	assert_int_equal(addrbook_count(again), addrbook_count(f->book));
	for (unsigned i = 0; i < 3000; i++) {
		struct addrbook_entry old, new;
		bool there;

		a = ip4(20 + i % 180, i / 180 % 250, 3, 1);
		there = addrbook_get(f->book, &a, &old);
		assert_int_equal(addrbook_get(again, &a, &new), there);
		if (!there)
			continue;
		tried += new.tried;
		assert_int_equal(new.tried, old.tried);
		assert_true(new.services == old.services &&new.seen == old.seen &&new.dialled ==
			    old.dialled &&new.succeeded == old.succeeded &&new.failures ==
			    old.failures);
	}
	assert_true(tried > 500);
	addrbook_free(again);
}

static void malformed_records_are_ignored(void **state)
{
	struct fixture *f = *state;
	struct addrbook *again = addrbook_new(&f->clock.clock, &f->rng.rng, NULL);
	struct net_addr a = ip4(10, 0, 0, 1);
	struct span key, value;

	addrbook_add(f->book, &a, 1, NOW, NULL);
	qsort(f->kept, f->n, sizeof(*f->kept), by_key);
	assert_int_equal(f->kept[0].key_n, 1); /* the key comes first */
	key = (struct span){f->kept[1].key, f->kept[1].key_n};
	value = (struct span){f->kept[1].value, f->kept[1].value_n};
	for (size_t n = 0; n < value.len; n++)
		assert_false(addrbook_load(again, key, (struct span){value.p, n}));
	for (size_t n = 0; n < key.len; n++)
		assert_false(addrbook_load(again, (struct span){key.p, n}, value));
	f->kept[1].value[0] = 99;
	assert_false(addrbook_load(again, key, value));
	f->kept[1].value[0] = 2;
	assert_true(addrbook_load(again, key, value));
	assert_false(addrbook_load(again, key, value)); /* twice */
	/* The key after an entry would leave it in a bucket that isn't its. */
	assert_false(addrbook_load(again, (struct span){f->kept[0].key, 1},
				   (struct span){f->kept[0].value, f->kept[0].value_n}));
	addrbook_free(again);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static int group(void **state)
{
	(void)state;
	return crypto_start(NULL) ? 0 : -1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(what_cannot_be_dialled_is_not_taken),
		T(times_that_cannot_be_are_mended),
		T(one_source_fills_few_buckets_and_others_still_find_room),
		T(the_book_is_bounded),
		T(a_poor_entry_makes_room_and_a_good_one_does_not),
		T(success_makes_tried_and_gossip_never_displaces_it),
		T(of_a_full_bucket_the_holder_is_dialled_first),
		T(a_holder_that_does_not_answer_makes_room),
		T(a_holder_that_nobody_could_ask_for_forty_minutes_makes_room),
		T(who_failed_is_left_alone_for_longer_each_time),
		T(who_never_answered_is_given_up_and_who_did_is_not),
		T(only_who_is_wanted_is_picked),
		T(a_bucket_full_of_one_source_has_no_more_chances_than_another),
		T(what_is_told_fits_whom_it_is_told),
		T(an_address_on_its_own_word_is_told_after_success_alone),
		T(what_is_stored_comes_back),
		T(malformed_records_are_ignored),
	};

	return cmocka_run_group_tests(tests, group, NULL);
}
