/* Salvaging the records of a damaged table; a file of garbage must do no harm. */
#include "store_dir.h"

#include <tally/base/rng.h>
#include <tally/store/salvage.h>

#define RECORDS 300
#define PAGE    4096
/* Sizes of the records: short, as large as a page allows, and overflow values of one and more pages. */
static const size_t sizes[] = {1, 200, 3000, 4096, 100000};

static void fill_body(uint8_t *out, size_t n, uint32_t i)
{
	for (size_t k = 0; k < n; k++)
		out[k] = (uint8_t)(i * 31 + k);
}

static size_t size_of(uint32_t i)
{
	return sizes[i % ARRAY_LEN(sizes)];
}

static void make_bodies(const struct fixture *f)
{
	struct store *s = must_open(f);
	uint8_t *body = mem_alloc(100000);
	struct err e = {0};

	for (uint32_t i = 0; i < RECORDS; i++) {
		fill_body(body, size_of(i), i);
		assert_ok(store_put_block(s, i, 0, (struct span){body, size_of(i)}, &e), e);
	}
	assert_ok(store_commit(s, true, &e), e);
	free(body);
	store_close(s);
}

struct tally_of {
	struct salvage *from;
	bool seen[RECORDS];
	unsigned right, wrong, unreadable, unsound;
};

static void look(void *arg, struct span key, const struct salvage_place *at)
{
	struct tally_of *t = arg;
	uint8_t *bytes, *want;
	uint32_t i;
	size_t n;

	t->unsound += !at->sound;
	if (key.len != STORE_HEADER_KEY_BYTES || be32(key.p) >= RECORDS)
		return;
	i = be32(key.p);
	if (!salvage_read(t->from, at, 200000, &bytes, &n)) {
		t->unreadable++;
		return;
	}
	want = mem_alloc(size_of(i));
	fill_body(want, size_of(i), i);
	if (n == size_of(i) && memcmp(bytes, want, n) == 0) {
		t->right += !t->seen[i];
		t->seen[i] = true;
	} else {
		t->wrong++;
	}
	free(want);
	free(bytes);
}

static struct tally_of read_all(const struct fixture *f)
{
	struct tally_of t = {0};
	struct err e = {0};

	assert_ok(salvage_open(&t.from, f->chain, "blocks", &e), e);
	salvage_scan(t.from, look, &t);
	salvage_close(t.from);
	return t;
}

static int open_blocks(const struct fixture *f, off_t *size)
{
	char path[400];
	int fd;

	snprintf(path, sizeof path, "%s/blocks.db", f->chain);
	fd = open(path, O_RDWR);
	assert_true(fd >= 0);
	*size = lseek(fd, 0, SEEK_END);
	return fd;
}

static void every_record_of_a_whole_file_is_read(void **state)
{
	const struct fixture *f = *state;
	struct tally_of t;

	make_bodies(f);
	t = read_all(f);
	assert_int_equal(t.right, RECORDS);
	assert_int_equal(t.wrong, 0);
	assert_int_equal(t.unsound, 0);
}

static void a_lost_page_costs_only_what_was_on_it(void **state)
{
	const struct fixture *f = *state;
	uint8_t junk[PAGE];
	off_t size;
	int fd;

	make_bodies(f);
	fd = open_blocks(f, &size);
	memset(junk, 0x5a, sizeof junk);
	for (off_t page = 0; page < 10; page++) { /* inner pages and some leaves */
		struct tally_of t;

		assert_int_equal(pwrite(fd, junk, PAGE, page * PAGE), PAGE);
		t = read_all(f);
		assert_true(t.right >= RECORDS - 110);
	}
	close(fd);
}

static void a_truncated_file_gives_the_records_before_the_cut(void **state)
{
	const struct fixture *f = *state;
	unsigned before = RECORDS;
	off_t size;
	int fd;

	make_bodies(f);
	fd = open_blocks(f, &size);
	for (off_t at = size; at > 0; at -= size / 9 + 77) {
		struct tally_of t;

		assert_int_equal(ftruncate(fd, at), 0);
		t = read_all(f);
		assert_true(t.right <= before);
		before = t.right;
	}
	assert_int_equal(ftruncate(fd, 0), 0);
	assert_int_equal(read_all(f).right, 0);
	close(fd);
}

static void a_changed_byte_fails_the_checksum(void **state)
{
	const struct fixture *f = *state;
	unsigned unsound = 0;
	off_t size;
	int fd;

	make_bodies(f);
	fd = open_blocks(f, &size);
	for (off_t at = 100; at < size; at += PAGE) { /* one byte of each page */
		uint8_t c;

		assert_int_equal(pread(fd, &c, 1, at), 1);
		c ^= 0x10;
		assert_int_equal(pwrite(fd, &c, 1, at), 1);
	}
	unsound = read_all(f).unsound;
	assert_true(unsound > RECORDS / 2);
	close(fd);
}

/* Pages that look like leaves with random lengths and offsets, and overflow pages in rings. */
static void garbage_is_read_without_harm(void **state)
{
	const struct fixture *f = *state;
	struct rng_seeded r;
	off_t size;
	int fd;

	make_bodies(f);
	fd = open_blocks(f, &size);
	rng_seeded_init(&r, 7);
	for (unsigned round = 0; round < 60; round++) {
		for (unsigned i = 0; i < 200; i++) {
			uint8_t c = (uint8_t)rng_u64(&r.rng);
			const off_t page = (off_t)rng_below(&r.rng, (uint64_t)(size / PAGE)) * PAGE;
			/* Half of the changes hit the header of the page. */
			const uint64_t room = i % 2 == 0 ? 64 : PAGE;

			assert_int_equal(pwrite(fd, &c, 1, page + (off_t)rng_below(&r.rng, room)),
					 1);
		}
		(void)read_all(f);
	}
	assert_true(read_all(f).right < RECORDS);
	close(fd);
}

static void a_missing_file_and_an_unreadable_one_differ(void **state)
{
	const struct fixture *f = *state;
	struct salvage *s = NULL;
	struct err e = {0};
	char path[400];

	assert_err(salvage_open(&s, f->chain, "blocks", &e), e, ERR_NOTFOUND, "salvage");
	assert_int_equal(mkdir(f->chain, 0700), 0);
	snprintf(path, sizeof path, "%s/blocks.db", f->chain);
	assert_int_equal(mkdir(path, 0700), 0);
	assert_err(salvage_open(&s, f->chain, "blocks", &e), e, ERR_IO, "salvage");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_record_of_a_whole_file_is_read),
		TEST(a_lost_page_costs_only_what_was_on_it),
		TEST(a_truncated_file_gives_the_records_before_the_cut),
		TEST(a_changed_byte_fails_the_checksum),
		TEST(garbage_is_read_without_harm),
		TEST(a_missing_file_and_an_unreadable_one_differ),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
