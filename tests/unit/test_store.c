/* The store's records: what is written is read, in order, before and after a commit and a
 * restart. */
#include "store_dir.h"

#include <poll.h>
#include <time.h>

#include <tally/base/rng.h>

#define KEY_MANY 1000

static void put_text(struct store *s, const char *name, const char *text)
{
	struct err e = {0};

	assert_ok(store_put_meta(s, name, text, strlen(text), &e), e);
}

static void assert_text(struct store *s, const char *name, const char *want)
{
	char got[64];
	size_t n = sizeof got;
	struct err e = {0};

	if (want == NULL) {
		assert_false(store_get_meta(s, name, got, &n, &e));
		assert_int_equal(e.cls, ERR_NONE);
		return;
	}
	assert_ok(store_get_meta(s, name, got, &n, &e), e);
	assert_int_equal(n, strlen(want));
	assert_memory_equal(got, want, n);
}

static struct outpoint outpoint_of(uint32_t i)
{
	struct outpoint o = {.index = i % 3};

	/* Spread over the key space, and different for every i. */
	for (size_t k = 0; k < HASH_BYTES; k++)
		o.txid.h.b[k] = (uint8_t)((i * 2654435761u) >> (8 * (k % 4)));
	return o;
}

static struct coin coin_of(uint32_t i)
{
	struct coin c = {.value = (int64_t)i * 100000007, .height = i, .coinbase = i % 2 == 1};

	memset(&c.owner, (int)(i & 0xff), sizeof c.owner);
	return c;
}

static void assert_coin(const struct coin *got, const struct coin *want)
{
	assert_true(got->value == want->value);
	assert_int_equal(got->height, want->height);
	assert_int_equal(got->coinbase, want->coinbase);
	assert_memory_equal(&got->owner, &want->owner, sizeof want->owner);
}

static void put_coins(struct store *s, uint32_t from, uint32_t to)
{
	struct err e = {0};

	for (uint32_t i = from; i < to; i++) {
		struct outpoint o = outpoint_of(i);
		struct coin c = coin_of(i);

		assert_ok(store_put_coin(s, &o, &c, &e), e);
	}
}

static void committed_values_survive_reopening(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};

	put_text(s, "tip", "abc");
	assert_text(s, "tip", "abc");
	assert_ok(store_commit(s, true, &e), e);
	store_close(s);
	s = must_open(f);
	assert_text(s, "tip", "abc");
	assert_text(s, "genesis", NULL);
	store_close(s);
}

static void commits_that_are_not_durable_survive_a_clean_close(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};

	put_text(s, "tip", "abc");
	assert_ok(store_commit(s, false, &e), e);
	store_close(s);
	s = must_open(f);
	assert_text(s, "tip", "abc");
	store_close(s);
}

static bool readable(int fd, int ms)
{
	struct pollfd p = {.fd = fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1;
}

static void a_flush_runs_while_the_owner_works(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};
	bool done = false;

	assert_ok(store_flush_end(s, false, &done, &e), e);
	assert_true(done); /* no flush was begun */
	for (int i = 0; i < 50; i++) {
		put_text(s, "tip", "abc");
		assert_ok(store_commit(s, false, &e), e);
		store_flush_begin(s);
		put_text(s, "tip", "def"); /* during the flush */
		if (i % 2)
			assert_ok(store_commit(s, false, &e), e);
		if (i % 3) {
			assert_true(readable(store_flush_fd(s), 10000));
			assert_ok(store_flush_end(s, false, &done, &e), e);
		} else {
			assert_ok(store_flush_end(s, true, &done, &e), e);
		}
		assert_true(done);
		assert_false(readable(store_flush_fd(s), 0));
		assert_ok(store_commit(s, true, &e),
			  e); /* also the commit made during the first flush */
	}
	/* Closing during a flush waits for it. */
	put_text(s, "tip", "ghi");
	assert_ok(store_commit(s, false, &e), e);
	store_flush_begin(s);
	store_close(s);
	s = must_open(f);
	assert_text(s, "tip", "ghi");
	store_close(s);
}

static void uncommitted_values_are_dropped(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};

	put_text(s, "tip", "old");
	assert_ok(store_commit(s, true, &e), e);
	put_text(s, "tip", "new");
	put_text(s, "other", "x");
	put_coins(s, 0, 100);
	assert_text(s, "tip", "new");
	store_close(s);
	s = must_open(f);
	assert_text(s, "tip", "old");
	assert_text(s, "other", NULL);
	store_close(s);
}

static void an_empty_value_is_not_an_absent_one(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};
	uint8_t *bytes = NULL;
	size_t n = 99;

	assert_err(store_get_undo(s, 7, 0, &bytes, &n, &e), e, ERR_NOTFOUND, "block-not-found");
	assert_ok(store_put_undo(s, 7, 0, (struct span){NULL, 0}, &e), e);
	assert_ok(store_get_undo(s, 7, 0, &bytes, &n, &e), e);
	assert_int_equal(n, 0);
	free(bytes);
	put_text(s, "empty", "");
	assert_text(s, "empty", "");
	store_close(s);
}

static void a_value_longer_than_the_room_is_an_error(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};
	char room[4];
	size_t n = sizeof room;

	put_text(s, "tip", "12345");
	assert_err(store_get_meta(s, "tip", room, &n, &e), e, ERR_CORRUPT, "db-damaged");
	store_close(s);
}

static void pending_counts_until_the_commit(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};
	uint8_t *big = mem_zalloc(100000);

	assert_int_equal(store_pending(s), 0);
	assert_ok(store_put_block(s, 1, 0, (struct span){big, 100000}, &e), e);
	assert_true(store_pending(s) >= 100000);
	assert_ok(store_commit(s, false, &e), e);
	assert_int_equal(store_pending(s), 0);
	free(big);
	store_close(s);
}

struct seen {
	uint32_t n, stop_at, height[KEY_MANY], seq[KEY_MANY];
};

static bool see_header(void *arg, uint32_t height, uint32_t seq, const uint8_t header[HEADER_BYTES],
		       uint32_t status, struct err *e)
{
	struct seen *seen = arg;

	assert_int_equal(header[0], (uint8_t)height);
	assert_int_equal(header[HEADER_BYTES - 1], (uint8_t)seq);
	assert_int_equal(status, height * 257 + seq);
	seen->height[seen->n] = height;
	seen->seq[seen->n++] = seq;
	if (seen->n == seen->stop_at)
		return err_set(e, ERR_INTERNAL, "enough", "enough");
	return true;
}

static void put_header(struct store *s, uint32_t height, uint32_t seq)
{
	uint8_t header[HEADER_BYTES] = {0};
	struct err e = {0};

	header[0] = (uint8_t)height;
	header[HEADER_BYTES - 1] = (uint8_t)seq;
	assert_ok(store_put_header(s, height, seq, header, height * 257 + seq, &e), e);
}

static void headers_come_in_order_of_height_and_sequence(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct seen *seen = NEW(struct seen);
	struct err e = {0};

	/* Heights around each power of 256, written in descending order. */
	static const uint32_t heights[] = {70000, 65536, 65535, 257, 256, 255, 1, 0};

	for (size_t i = 0; i < ARRAY_LEN(heights); i++)
		for (uint32_t seq = 3; seq-- > 0;)
			put_header(s, heights[i], seq);
	assert_ok(store_commit(s, true, &e), e);
	put_header(s, 2, 0); /* not committed, but visible */
	assert_ok(store_each_header(s, see_header, seen, &e), e);
	assert_int_equal(seen->n, 3 * ARRAY_LEN(heights) + 1);
	for (uint32_t i = 1; i < seen->n; i++)
		assert_true(seen->height[i - 1] < seen->height[i] ||
			    (seen->height[i - 1] == seen->height[i] &&
			     seen->seq[i - 1] < seen->seq[i]));
	*seen = (struct seen){.stop_at = 5};
	assert_err(store_each_header(s, see_header, seen, &e), e, ERR_INTERNAL, "enough");
	assert_int_equal(seen->n, 5);
	free(seen);
	store_close(s);
}

static void a_header_keeps_every_status(void **state)
{
	static const uint32_t statuses[] = {0, 1, 255, 256, 0x00ff0000, 0xff000000, UINT32_MAX};
	struct fixture *f = *state;
	struct store *s = must_open(f);
	uint8_t header[HEADER_BYTES], got[HEADER_BYTES];
	struct err e = {0};
	uint32_t status;

	memset(header, 0xa5, sizeof header);
	for (size_t i = 0; i < ARRAY_LEN(statuses); i++) {
		assert_ok(store_put_header(s, 1, 2, header, statuses[i], &e), e);
		assert_ok(store_get_header(s, 1, 2, got, &status, &e), e);
		assert_memory_equal(got, header, sizeof got);
		assert_int_equal(status, statuses[i]);
	}
	assert_err(store_get_header(s, 2, 1, got, &status, &e), e, ERR_NOTFOUND,
		   "header-not-found");
	store_close(s);
}

static void blocks_of_every_size_round_trip(void **state)
{
	static const size_t sizes[] = {1, 4000, 5000, 16384, 1000000, BLOCK_MAX_BYTES};
	struct fixture *f = *state;
	struct store *s = must_open(f);
	uint8_t *block = mem_alloc(BLOCK_MAX_BYTES), *got;
	struct rng_seeded rng;
	struct err e = {0};
	size_t n;

	rng_seeded_init(&rng, 1);
	rng_fill(&rng.rng, block, BLOCK_MAX_BYTES);
	for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++)
		assert_ok(store_put_block(s, i, 9, (struct span){block, sizes[i]}, &e), e);
	assert_ok(store_commit(s, true, &e), e);
	store_close(s);
	s = must_open(f);
	for (uint32_t i = 0; i < ARRAY_LEN(sizes); i++) {
		assert_ok(store_get_block(s, i, 9, &got, &n, &e), e);
		assert_int_equal(n, sizes[i]);
		assert_memory_equal(got, block, n);
		free(got);
	}
	assert_err(store_get_block(s, 0, 8, &got, &n, &e), e, ERR_NOTFOUND, "block-not-found");
	free(block);
	store_close(s);
}

static void a_coin_keeps_every_field(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct outpoint o = outpoint_of(5), other = o;
	struct coin c = coin_of(5), got;
	struct err e = {0};

	other.index++;
	for (int i = 0; i < 4; i++) {
		c.coinbase = i & 1;
		c.height = i & 2 ? MEMPOOL_HEIGHT : 0;
		c.value = i & 2 ? INT64_MAX : 0;
		assert_ok(store_put_coin(s, &o, &c, &e), e);
		assert_ok(store_get_coin(s, &o, &got, &e), e);
		assert_coin(&got, &c);
	}
	assert_false(store_get_coin(s, &other, &got, &e));
	assert_int_equal(e.cls, ERR_NONE);
	store_close(s);
}

static void a_deleted_coin_is_absent_and_deleting_it_again_is_harmless(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct outpoint o = outpoint_of(0);
	struct coin got;
	struct err e = {0};

	put_coins(s, 0, 2);
	assert_ok(store_commit(s, true, &e), e);
	assert_ok(store_del_coin(s, &o, &e), e);
	assert_false(store_get_coin(s, &o, &got, &e));
	assert_int_equal(e.cls, ERR_NONE);
	assert_ok(store_del_coin(s, &o, &e), e);
	assert_ok(store_commit(s, true, &e), e);
	assert_false(store_get_coin(s, &o, &got, &e));
	o = outpoint_of(1);
	assert_ok(store_get_coin(s, &o, &got, &e), e);
	store_close(s);
}

/* Scans everything in slices of `slice`; returns the number of coins and checks that their keys ascend. */
static uint32_t scan_all(struct store *s, size_t slice, bool commit_between)
{
	struct store_coin got[64];
	uint8_t last[OUTPOINT_BYTES], key[OUTPOINT_BYTES];
	struct err e = {0};
	uint32_t sum = 0;
	size_t n;

	for (;;) {
		assert_ok(store_scan_coins(s, last, sum == 0, got, slice, &n, &e), e);
		if (n == 0)
			return sum;
		for (size_t i = 0; i < n; i++, sum++) {
			struct coin want = coin_of(got[i].coin.height);

			outpoint_pack(key, &got[i].outpoint);
			if (sum > 0)
				assert_true(memcmp(last, key, sizeof key) < 0);
			memcpy(last, key, sizeof key);
			assert_coin(&got[i].coin, &want);
		}
		if (commit_between) {
			put_text(s, "scanned", "x");
			assert_ok(store_commit(s, false, &e), e);
		}
	}
}

static void coins_are_scanned_in_slices_in_key_order(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};

	assert_int_equal(scan_all(s, 64, false), 0);
	put_coins(s, 0, KEY_MANY);
	assert_int_equal(scan_all(s, 64, false), KEY_MANY); /* within the transaction */
	assert_ok(store_commit(s, true, &e), e);
	assert_int_equal(scan_all(s, 64, true), KEY_MANY); /* across commits */
	assert_int_equal(scan_all(s, 1, false), KEY_MANY);
	assert_int_equal(scan_all(s, 7, false), KEY_MANY);
	store_close(s);
}

static void a_scan_continues_after_a_deleted_coin(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct store_coin first[3], rest[3];
	uint8_t after[OUTPOINT_BYTES];
	struct err e = {0};
	size_t n;

	put_coins(s, 0, 3);
	assert_ok(store_scan_coins(s, NULL, true, first, 3, &n, &e), e);
	assert_int_equal(n, 3);
	outpoint_pack(after, &first[1].outpoint);
	assert_ok(store_del_coin(s, &first[1].outpoint, &e), e);
	assert_ok(store_scan_coins(s, after, false, rest, 3, &n, &e), e);
	assert_int_equal(n, 1);
	assert_memory_equal(&rest[0].outpoint.txid, &first[2].outpoint.txid, HASH_BYTES);
	store_close(s);
}

static void clearing_coins_is_part_of_the_transaction(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct err e = {0};

	put_coins(s, 0, KEY_MANY);
	assert_ok(store_commit(s, true, &e), e);
	assert_ok(store_clear_coins(s, &e), e);
	assert_int_equal(scan_all(s, 64, false), 0);
	put_coins(s, 0, 10);
	assert_int_equal(scan_all(s, 64, false), 10);
	store_close(s); /* not committed */
	s = must_open(f);
	assert_int_equal(scan_all(s, 64, false), KEY_MANY);
	assert_ok(store_clear_coins(s, &e), e);
	put_coins(s, 0, 10);
	assert_ok(store_commit(s, true, &e), e);
	store_close(s);
	s = must_open(f);
	assert_int_equal(scan_all(s, 64, false), 10);
	store_close(s);
}

struct addrs {
	unsigned n, max;
	char text[200];
};

static bool see_addr(void *arg, struct span key, struct span record)
{
	struct addrs *a = arg;

	snprintf(a->text + strlen(a->text), sizeof a->text - strlen(a->text), "%.*s=%.*s ",
		 (int)key.len, (const char *)key.p, (int)record.len, (const char *)record.p);
	return ++a->n < a->max;
}

static void addresses_are_kept_replaced_and_deleted(void **state)
{
	struct fixture *f = *state;
	struct store *s = must_open(f);
	struct addrs a = {.max = 10};
	struct err e = {0};

	assert_ok(store_put_addr(s, text_span("b"), text_span("1"), &e), e);
	assert_ok(store_put_addr(s, text_span("a"), text_span("2"), &e), e);
	assert_ok(store_put_addr(s, text_span("c"), text_span("3"), &e), e);
	assert_ok(store_put_addr(s, text_span("b"), text_span("a longer one"), &e), e);
	assert_ok(store_del_addr(s, text_span("c"), &e), e);
	assert_ok(store_del_addr(s, text_span("c"), &e), e);
	assert_ok(store_each_addr(s, see_addr, &a, &e), e);
	assert_string_equal(a.text, "a=2 b=a longer one ");
	a = (struct addrs){.max = 1};
	assert_ok(store_each_addr(s, see_addr, &a, &e), e); /* stopping is not a failure */
	assert_string_equal(a.text, "a=2 ");
	store_close(s);
}

static void a_batch_far_larger_than_the_cache_commits_and_aborts(void **state)
{
	struct fixture *f = *state;
	struct store *s;
	struct err e = {0};

	f->o.cache_bytes = 256 << 10; /* 16 pages, and each coin of a batch on any of fifty */
	s = must_open(f);
	put_coins(s, 0, 8000);
	assert_ok(store_commit(s, false, &e), e);
	put_coins(s, 8000, 12000);
	store_close(s);
	s = must_open(f);
	assert_int_equal(scan_all(s, 64, false), 8000);
	store_close(s);
}

static void checkpoints_bound_the_logs(void **state)
{
	const struct timespec pause = {.tv_nsec = 10000000};
	struct fixture *f = *state;
	struct store *s = must_open(f);
	uint8_t *block = mem_zalloc(1 << 20);
	struct err e = {0};
	int tries = 0;

	for (uint32_t i = 0; i < 48; i++) {
		assert_ok(store_put_block(s, i, 0, (struct span){block, 1 << 20}, &e), e);
		assert_ok(store_commit(s, false, &e), e);
	}
	/* The thread may still be running; afterwards the log is smaller than the checkpoint size. */
	while (dir_bytes(f->chain, "log.") > UINT64_C(24) << 20 && tries++ < 1000)
		nanosleep(&pause, NULL);
	assert_true(dir_bytes(f->chain, "log.") <= UINT64_C(24) << 20);
	assert_false(store_failed(s, NULL));
	store_close(s);
	assert_true(dir_bytes(f->chain, "log.") <= UINT64_C(4) << 20);
	free(block);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(committed_values_survive_reopening),
		TEST(commits_that_are_not_durable_survive_a_clean_close),
		TEST(a_flush_runs_while_the_owner_works),
		TEST(uncommitted_values_are_dropped),
		TEST(an_empty_value_is_not_an_absent_one),
		TEST(a_value_longer_than_the_room_is_an_error),
		TEST(pending_counts_until_the_commit),
		TEST(headers_come_in_order_of_height_and_sequence),
		TEST(a_header_keeps_every_status),
		TEST(blocks_of_every_size_round_trip),
		TEST(a_coin_keeps_every_field),
		TEST(a_deleted_coin_is_absent_and_deleting_it_again_is_harmless),
		TEST(coins_are_scanned_in_slices_in_key_order),
		TEST(a_scan_continues_after_a_deleted_coin),
		TEST(clearing_coins_is_part_of_the_transaction),
		TEST(addresses_are_kept_replaced_and_deleted),
		TEST(a_batch_far_larger_than_the_cache_commits_and_aborts),
		TEST(checkpoints_bound_the_logs),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
