/* Subnets, bans and discouragements. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/clock.h>
#include <tally/base/map.h>
#include <tally/base/mem.h>
#include <tally/crypto/key.h>
#include <tally/net/bans.h>

#define NOW 1700000000
#define DAY (24 * 3600)

static struct net_addr addr(const char *text)
{
	struct net_addr a;

	assert_true(net_addr_parse_numeric(&a, text, 1, NULL));
	return a;
}

static struct subnet sub(const char *text)
{
	struct subnet s;

	assert_true(subnet_parse(&s, text, NULL));
	return s;
}

/* --- subnets ------------------------------------------------------------------------ */

static void assert_formatted(const char *text, const char *formatted)
{
	struct subnet s = sub(text);
	char out[SUBNET_CHARS + 1];

	subnet_format(out, &s);
	assert_string_equal(out, formatted);
}

static void subnets_are_parsed_and_formatted(void **state)
{
	(void)state;
	assert_formatted("10.1.2.3", "10.1.2.3/32");
	assert_formatted("10.1.2.3/32", "10.1.2.3/32");
	assert_formatted("10.1.2.3/16", "10.1.0.0/16");
	assert_formatted("10.1.2.3/255.255.0.0", "10.1.0.0/16");
	assert_formatted("10.1.2.255/25", "10.1.2.128/25");
	assert_formatted("10.1.2.3/0", "0.0.0.0/0");
	assert_formatted("::1", "::1/128");
	assert_formatted("2001:db8:1::7/32", "2001:db8::/32");
	assert_formatted("::/0", "::/0");
	assert_formatted("::ffff:10.0.0.1", "10.0.0.1/32");
}

static void text_that_is_not_a_subnet_is_rejected(void **state)
{
	static const char *const bad[] = {"",
					  "10.1.2",
					  "10.1.2.3/",
					  "10.1.2.3/33",
					  "10.1.2.3/-1",
					  "10.1.2.3/255.0.255.0",
					  "10.1.2.3/16/8",
					  "::1/129",
					  "::1/255.255.0.0",
					  "10.1.2.3:3000",
					  "[::1]",
					  "host",
					  "/8",
					  "1111:2222:3333:4444:5555:6666:7777:8888:9999"};
	struct subnet s;
	struct err e;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		err_clear(&e);
		if (subnet_parse(&s, bad[i], &e))
			fail_msg("'%s' was accepted", bad[i]);
		assert_int_equal(e.cls, ERR_USAGE);
		assert_string_equal(e.token, "bad-subnet");
	}
}

static void assert_within(const char *net, const char *in, const char *out)
{
	struct subnet s = sub(net);
	struct net_addr a = addr(in), b = addr(out);

	assert_true(subnet_has(&s, &a));
	assert_false(subnet_has(&s, &b));
}

static void a_subnet_contains_addresses_with_its_prefix(void **state)
{
	(void)state;
	assert_within("10.1.0.0/16", "10.1.255.255", "10.2.0.0");
	assert_within("10.1.2.128/25", "10.1.2.128", "10.1.2.127");
	assert_within("10.1.2.3", "10.1.2.3", "10.1.2.2");
	assert_within("0.0.0.0/0", "8.8.8.8", "2001:db8::1");
	assert_within("::/0", "2001:db8::1", "8.8.8.8");
	assert_within("2001:db8::/33", "2001:db8:7fff::1", "2001:db8:8000::1");
}

static void packed_subnets_are_unpacked_unless_a_bit_after_the_prefix_is_set(void **state)
{
	struct subnet s = sub("10.1.0.0/16"), again;
	uint8_t bytes[SUBNET_KEY_BYTES];

	(void)state;
	subnet_pack(bytes, &s);
	assert_true(subnet_unpack(&again, bytes));
	assert_memory_equal(again.ip, s.ip, sizeof(s.ip));
	assert_int_equal(again.bits, s.bits);
	bytes[15] = 1;
	assert_false(subnet_unpack(&again, bytes));
	bytes[15] = 0;
	bytes[16] = 129;
	assert_false(subnet_unpack(&again, bytes));
}

/* --- bans ------------------------------------------------------------------------------ */

/* A table of records in memory, as the store keeps it. */
#define KEPT_MAX 32
struct kept {
	size_t n;
	uint8_t key[KEPT_MAX][20], record[KEPT_MAX][20];
	size_t key_n[KEPT_MAX], record_n[KEPT_MAX];
};

static void kept_del(void *ctx, struct span key)
{
	struct kept *k = ctx;

	for (size_t i = 0; i < k->n; i++)
		if (k->key_n[i] == key.len && memcmp(k->key[i], key.p, key.len) == 0) {
			k->n--;
			memmove(k->key[i], k->key[k->n], sizeof(k->key[i]));
			memmove(k->record[i], k->record[k->n], sizeof(k->record[i]));
			k->key_n[i] = k->key_n[k->n];
			k->record_n[i] = k->record_n[k->n];
			return;
		}
}

static void kept_put(void *ctx, struct span key, struct span record)
{
	struct kept *k = ctx;

	assert_true(key.len <= 20 && record.len <= 20 && k->n < KEPT_MAX);
	kept_del(ctx, key);
	memcpy(k->key[k->n], key.p, key.len);
	memcpy(k->record[k->n], record.p, record.len);
	k->key_n[k->n] = key.len;
	k->record_n[k->n++] = record.len;
}

struct fixture {
	struct clock_manual clock;
	struct kept kept;
	struct record_store store;
	struct bans *bans;
};

static int setup(void **state)
{
	struct fixture *f = NEW(struct fixture);

	clock_manual_init(&f->clock, NOW);
	f->store = (struct record_store){kept_put, kept_del, &f->kept};
	f->bans = bans_new(&f->clock.clock, &f->store);
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	bans_free(f->bans);
	free(f);
	return 0;
}

static void pass(struct fixture *f, int64_t seconds)
{
	clock_manual_advance(&f->clock, seconds * 1000000);
	bans_tick(f->bans);
}

static bool ban(struct fixture *f, const char *net, int64_t until, struct err *e)
{
	struct subnet s = sub(net);

	return bans_add(f->bans, &s, until, e);
}

static bool banned(struct fixture *f, const char *text)
{
	struct net_addr a = addr(text);

	return bans_is_banned(f->bans, &a);
}

static bool discouraged(struct fixture *f, const char *text)
{
	struct net_addr a = addr(text);

	return bans_is_discouraged(f->bans, &a);
}

static void a_ban_ends_at_its_time(void **state)
{
	struct fixture *f = *state;

	assert_true(ban(f, "10.1.0.0/16", NOW + 100, NULL));
	assert_true(banned(f, "10.1.2.3"));
	assert_false(banned(f, "10.2.0.0"));
	pass(f, 99);
	assert_true(banned(f, "10.1.2.3"));
	pass(f, 1);
	assert_false(banned(f, "10.1.2.3"));
	assert_int_equal(bans_list(f->bans, NULL, 0), 0);
	assert_int_equal(f->kept.n, 0);
}

static void a_second_ban_of_a_subnet_or_one_in_the_past_is_rejected(void **state)
{
	struct fixture *f = *state;
	struct err e = {0};

	assert_true(ban(f, "10.1.2.3", NOW + 100, NULL));
	assert_false(ban(f, "10.1.2.3/32", NOW + 500, &e));
	assert_int_equal(e.cls, ERR_KNOWN);
	assert_true(ban(f, "10.1.0.0/16", NOW + 100, NULL));
	assert_false(ban(f, "10.3.0.0/16", NOW, &e));
	assert_string_equal(e.token, "ban-in-the-past");
	assert_true(ban(f, "10.3.0.0/16", NOW + 1, NULL));
	pass(f, 100);
	assert_true(ban(f, "10.1.2.3", NOW + 500, NULL));
}

static void loopback_can_be_banned_but_not_discouraged(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = addr("127.0.0.1:3000"), b = addr("::1");

	assert_false(bans_discourage(f->bans, &a));
	assert_false(bans_discourage(f->bans, &b));
	assert_false(discouraged(f, "127.0.0.1"));
	assert_true(ban(f, "127.0.0.0/8", NOW + 9, NULL));
	assert_true(banned(f, "127.0.0.1:3000"));
}

static void a_discouragement_covers_every_port_for_a_day(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = addr("192.168.1.7:51822");

	assert_true(bans_discourage(f->bans, &a));
	assert_true(discouraged(f, "192.168.1.7:3000"));
	assert_false(discouraged(f, "192.168.1.8:3000"));
	assert_false(banned(f, "192.168.1.7:3000"));
	pass(f, DAY - 10);
	assert_true(bans_discourage(f->bans, &a)); /* starts the 24 hours again */
	pass(f, DAY - 1);
	assert_true(discouraged(f, "192.168.1.7"));
	pass(f, 1);
	assert_false(discouraged(f, "192.168.1.7"));
	assert_int_equal(f->kept.n, 0);
}

static void bans_and_discouragements_are_listed_and_removed(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = addr("10.1.2.3:5");
	struct subnet one = sub("10.1.2.3"), net = sub("10.1.0.0/16");
	struct ban all[4];

	assert_true(bans_discourage(f->bans, &a));
	assert_true(ban(f, "10.1.0.0/16", NOW + 100, NULL));
	assert_true(ban(f, "10.1.2.3", NOW + 200, NULL));
	assert_int_equal(bans_list(f->bans, all, 4), 3);
	assert_int_equal(all[0].kind, BAN_MANUAL);
	assert_int_equal(all[0].net.bits, 112);
	assert_int_equal(all[1].until, NOW + 200);
	assert_int_equal(all[1].created, NOW);
	assert_int_equal(all[2].kind, BAN_DISCOURAGED);
	assert_int_equal(all[2].until, NOW + DAY);
	assert_true(bans_remove(f->bans, &one));
	assert_false(bans_remove(f->bans, &one));
	assert_int_equal(bans_list(f->bans, all, 4), 1);
	assert_true(banned(f, "10.1.2.3"));
	assert_true(bans_remove(f->bans, &net));
	assert_int_equal(f->kept.n, 0);
	assert_true(bans_discourage(f->bans, &a));
	assert_true(ban(f, "10.1.0.0/16", NOW + 100, NULL));
	bans_clear(f->bans);
	assert_int_equal(bans_list(f->bans, NULL, 0), 0);
	assert_false(discouraged(f, "10.1.2.3"));
	assert_int_equal(f->kept.n, 0);
}

static void stored_bans_are_loaded_again(void **state)
{
	struct fixture *f = *state;
	struct net_addr a = addr("2001:db8::7");
	struct bans *again = bans_new(&f->clock.clock, NULL);
	struct ban old[3], now[3];

	assert_true(ban(f, "10.1.0.0/16", NOW + 100, NULL));
	assert_true(ban(f, "::/0", NOW + 300, NULL));
	assert_true(bans_discourage(f->bans, &a));
	assert_int_equal(f->kept.n, 3);
	for (size_t i = 0; i < 3; i++)
		assert_true(bans_load(again, (struct span){f->kept.key[i], f->kept.key_n[i]},
				      (struct span){f->kept.record[i], f->kept.record_n[i]}));
	assert_int_equal(bans_list(f->bans, old, 3), 3);
	assert_int_equal(bans_list(again, now, 3), 3);
	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(now[i].kind, old[i].kind);
		assert_int_equal(now[i].created, old[i].created);
		assert_int_equal(now[i].until, old[i].until);
		assert_memory_equal(now[i].net.ip, old[i].net.ip, 16);
		assert_int_equal(now[i].net.bits, old[i].net.bits);
	}
	bans_free(again);
}

static void malformed_records_are_ignored(void **state)
{
	struct fixture *f = *state;
	struct bans *again = bans_new(&f->clock.clock, NULL);
	struct span key, record;

	assert_true(ban(f, "10.1.0.0/16", NOW + 100, NULL));
	key = (struct span){f->kept.key[0], f->kept.key_n[0]};
	record = (struct span){f->kept.record[0], f->kept.record_n[0]};
	for (size_t n = 0; n < record.len; n++)
		assert_false(bans_load(again, key, (struct span){record.p, n}));
	for (size_t n = 0; n < key.len; n++)
		assert_false(bans_load(again, (struct span){key.p, n}, record));
	f->kept.record[0][16] = 0x7f; /* over BAN_UNTIL_MAX */
	assert_false(bans_load(again, key, record));
	f->kept.record[0][16] = 0;
	f->kept.key[0][1] = 2; /* an unknown kind */
	assert_false(bans_load(again, key, record));
	f->kept.key[0][1] = 1; /* a discouragement of a subnet */
	assert_false(bans_load(again, key, record));
	f->kept.key[0][1] = 0;
	assert_true(bans_load(again, key, record));
	bans_free(again);
}

static void the_lists_are_bounded(void **state)
{
	struct clock_manual clock;
	struct bans *b;
	struct net_addr a = addr("10.0.0.0");
	struct subnet s;
	struct err e = {0};

	(void)state;
	clock_manual_init(&clock, NOW);
	b = bans_new(&clock.clock, NULL);
	for (int i = 0; i <= DISCOURAGED_MAX; i++) {
		a.ip[14] = (uint8_t)(i >> 8);
		a.ip[15] = (uint8_t)i;
		clock_manual_advance(&clock, 1000000);
		assert_true(bans_discourage(b, &a));
	}
	/* The discouragement that ends first was dropped. */
	assert_int_equal(bans_list(b, NULL, 0), DISCOURAGED_MAX);
	assert_true(bans_is_discouraged(b, &a));
	a = addr("10.0.0.0");
	assert_false(bans_is_discouraged(b, &a));
	a = addr("10.0.0.1");
	assert_true(bans_is_discouraged(b, &a));
	bans_clear(b);
	for (int i = 0; i < BANS_MAX; i++) {
		a.ip[14] = (uint8_t)(i >> 8);
		a.ip[15] = (uint8_t)i;
		subnet_of(&s, &a);
		assert_true(bans_add(b, &s, NOW + DAY, NULL));
	}
	s = sub("11.0.0.1");
	assert_false(bans_add(b, &s, NOW + DAY, &e));
	assert_string_equal(e.token, "too-many-bans");
	bans_free(b);
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
		cmocka_unit_test(subnets_are_parsed_and_formatted),
		cmocka_unit_test(text_that_is_not_a_subnet_is_rejected),
		cmocka_unit_test(a_subnet_contains_addresses_with_its_prefix),
		cmocka_unit_test(packed_subnets_are_unpacked_unless_a_bit_after_the_prefix_is_set),
		T(a_ban_ends_at_its_time),
		T(a_second_ban_of_a_subnet_or_one_in_the_past_is_rejected),
		T(loopback_can_be_banned_but_not_discouraged),
		T(a_discouragement_covers_every_port_for_a_day),
		T(bans_and_discouragements_are_listed_and_removed),
		T(stored_bans_are_loaded_again),
		T(malformed_records_are_ignored),
		cmocka_unit_test(the_lists_are_bounded),
	};

	return cmocka_run_group_tests(tests, group, NULL);
}
