/* The address book: the new and the tried table, back-off, samples for peers, stored records. */
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

/* A stored record. */
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

static bool any_address(void *arg, const struct net_addr *a)
{
	(void)arg, (void)a;
	return true;
}

static bool only_this(void *arg, const struct net_addr *a)
{
	return net_addr_equal(arg, a);
}

static bool is_tried(struct fixture *f, const struct net_addr *a)
{
	struct addrbook_entry en;

	assert_true(addrbook_get(f->book, a, &en));
	return en.tried;
}

/* --- adding addresses ---------------------------------------------------------------- */

static void addresses_that_cannot_be_dialled_are_rejected(void **state)
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

static void a_time_in_the_future_is_corrected(void **state)
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

static void one_source_fills_at_most_64_new_buckets(void **state)
{
	struct fixture *f = *state;
	struct net_addr attacker = ip4(6, 6, 6, 6), a;
	size_t added = 0, of_others = 0;

	for (unsigned i = 0; i < 20000; i++) {
		a = ip4(20 + i / 2500, i / 10 % 250, i % 10, 1);
		added += addrbook_add(f->book, &a, 1, NOW, &attacker);
	}
	/* 64 of the 256 buckets have 1024 slots. */
	assert_in_range(added, 16, 1024);
	assert_int_equal(addrbook_count(f->book), added);
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
	assert_int_equal(f->n, addrbook_count(f->book) + 1); /* the key has a record, too */
}

static void only_a_stale_entry_of_a_full_bucket_is_replaced(void **state)
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
	assert_in_range(after, 0, 100); /* only in buckets with a free slot */
	pass(f, 31 * DAY);
	for (unsigned i = 0; i < 500; i++) {
		a = ip4(61, i % 250, i / 250, 2);
		after += addrbook_add(f->book, &a, 1, now(f), &source);
	}
	assert_true(after > 200);
	assert_in_range(addrbook_count(f->book), before, before + 100);
}

/* --- the tried table ---------------------------------------------------------------------- */

static void announced_addresses_never_replace_a_tried_one(void **state)
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

/* Adds tried addresses of one public group, which reaches 8 of the 64 buckets, until one is full.
 * *late is then an address that found no slot. Returns the number of those that did. */
static unsigned fill_tried(struct fixture *f, struct net_addr *late)
{
	for (unsigned i = 0; i < 400; i++) {
		*late = ip4(20, 1, i / 200, i % 200 + 1);
		addrbook_succeeded(f->book, late, 1);
		if (!is_tried(f, late))
			return i;
	}
	fail_msg("no tried bucket is full");
	return 0;
}

static void the_occupant_of_a_contested_slot_is_tested_first(void **state)
{
	struct fixture *f = *state;
	struct net_addr late, occupant, picked;

	fill_tried(f, &late);
	assert_true(addrbook_pick(f->book, only_this, &late, &picked) ==
		    net_addr_equal(&picked, &late));
	pass(f, 5 * HOUR);
	addrbook_succeeded(f->book, &late, 1);
	assert_false(is_tried(f, &late));
	assert_true(addrbook_pick(f->book, any_address, NULL, &occupant));
	assert_true(is_tried(f, &occupant));
	/* The same one is chosen until the result of a test is known. */
	assert_true(addrbook_pick(f->book, any_address, NULL, &picked));
	assert_true(net_addr_equal(&picked, &occupant));
	addrbook_succeeded(f->book, &occupant, 1);
	assert_true(is_tried(f, &occupant));
	assert_false(is_tried(f, &late));
}

static void an_occupant_that_does_not_answer_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct net_addr late, occupant;
	size_t count;

	fill_tried(f, &late);
	pass(f, 5 * HOUR);
	addrbook_succeeded(f->book, &late, 1);
	assert_true(addrbook_pick(f->book, any_address, NULL, &occupant));
	count = addrbook_count(f->book);
	addrbook_failed(f->book, &occupant);
	assert_true(is_tried(f, &late));
	assert_false(is_tried(f, &occupant));
	assert_int_equal(addrbook_count(f->book), count);
	assert_int_equal(f->n, count + 1);
}

static void an_occupant_that_was_not_tested_for_40_minutes_is_replaced(void **state)
{
	struct fixture *f = *state;
	struct net_addr late, nobody = ip4(9, 9, 9, 9), out;

	fill_tried(f, &late);
	pass(f, 5 * HOUR);
	addrbook_succeeded(f->book, &late, 1);
	pass(f, 40 * 60 - 1);
	assert_false(addrbook_pick(f->book, only_this, &nobody, &out));
	assert_false(is_tried(f, &late));
	pass(f, 1);
	assert_false(addrbook_pick(f->book, only_this, &nobody, &out));
	assert_true(is_tried(f, &late));
}

/* --- dialling ----------------------------------------------------------------------------- */

static void the_backoff_doubles_with_each_failure_up_to_an_hour(void **state)
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
		assert_false(addrbook_pick(f->book, any_address, NULL, &out));
		pass(f, 1);
		assert_true(addrbook_pick(f->book, any_address, NULL, &out));
	}
	addrbook_succeeded(f->book, &a, 1);
	addrbook_dialled(f->book, &a);
	pass(f, 9);
	assert_false(addrbook_pick(f->book, any_address, NULL, &out));
	pass(f, 1);
	assert_true(addrbook_pick(f->book, any_address, NULL, &out));
}

static void an_address_that_never_answered_is_dropped_after_six_failures(void **state)
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

static void only_wanted_addresses_are_picked(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = ip4(10, 0, 0, 1), b = ip4(10, 0, 0, 2), c = ip4(10, 0, 0, 3), out;

	assert_false(addrbook_pick(f->book, any_address, NULL, &out));
	addrbook_add(f->book, &a, 1, NOW, NULL);
	addrbook_succeeded(f->book, &b, 1);
	for (int i = 0; i < 20; i++) {
		assert_true(addrbook_pick(f->book, only_this, &a, &out));
		assert_true(net_addr_equal(&out, &a));
		assert_true(addrbook_pick(f->book, only_this, &b, &out));
		assert_true(net_addr_equal(&out, &b));
	}
	assert_false(addrbook_pick(f->book, only_this, &c, &out));
}

static void many_addresses_of_one_source_are_picked_no_more_often(void **state)
{
	struct fixture *f = *state;
	struct net_addr attacker = ip4(6, 6, 6, 6), a, out;
	int honest = 0;

	for (unsigned i = 0; i < 20000; i++) {
		a = ip4(20 + i / 2500, i / 10 % 250, i % 10, 1);
		addrbook_add(f->book, &a, 1, NOW, &attacker);
	}
	/* 64 honest addresses against about 1,000: a choice by number would pick 6% of them. */
	for (unsigned i = 0; i < 64; i++) {
		struct net_addr source = ip4(100 + i, 1, 0, 1);

		a = ip4(180, i, 7, 1);
		addrbook_add(f->book, &a, 1, NOW, &source);
	}
	for (int i = 0; i < 400; i++) {
		assert_true(addrbook_pick(f->book, any_address, NULL, &out));
		honest += out.ip[12] == 180;
	}
	assert_in_range(honest, 80, 320);
}

/* --- samples for peers --------------------------------------------------------------------- */

static void a_sample_has_no_addresses_that_the_peer_cannot_reach(void **state)
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

static void a_self_announced_address_is_in_samples_only_after_a_handshake(void **state)
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

/* --- stored records -------------------------------------------------------------------------- */

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

static void stored_entries_are_loaded_again(void **state)
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
		bool known;

		a = ip4(20 + i % 180, i / 180 % 250, 3, 1);
		known = addrbook_get(f->book, &a, &old);
		assert_int_equal(addrbook_get(again, &a, &new), known);
		if (!known)
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
	assert_int_equal(f->kept[0].key_n, 1); /* the secret key sorts first */
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
	assert_false(addrbook_load(again, key, value)); /* loaded twice */
	/* The secret key must be loaded before all entries: their buckets depend on it. */
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
		T(addresses_that_cannot_be_dialled_are_rejected),
		T(a_time_in_the_future_is_corrected),
		T(one_source_fills_at_most_64_new_buckets),
		T(the_book_is_bounded),
		T(only_a_stale_entry_of_a_full_bucket_is_replaced),
		T(announced_addresses_never_replace_a_tried_one),
		T(the_occupant_of_a_contested_slot_is_tested_first),
		T(an_occupant_that_does_not_answer_is_replaced),
		T(an_occupant_that_was_not_tested_for_40_minutes_is_replaced),
		T(the_backoff_doubles_with_each_failure_up_to_an_hour),
		T(an_address_that_never_answered_is_dropped_after_six_failures),
		T(only_wanted_addresses_are_picked),
		T(many_addresses_of_one_source_are_picked_no_more_often),
		T(a_sample_has_no_addresses_that_the_peer_cannot_reach),
		T(a_self_announced_address_is_in_samples_only_after_a_handshake),
		T(stored_entries_are_loaded_again),
		T(malformed_records_are_ignored),
	};

	return cmocka_run_group_tests(tests, group, NULL);
}
