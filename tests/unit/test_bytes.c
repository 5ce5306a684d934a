/* Readers and writers of bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>
#include <tally/base/rng.h>

static void integers_have_the_byte_order_of_their_name(void **state)
{
	static const uint8_t want[] = {1,    0x03, 0x02, 0x02, 0x03, 7,    6,    5,    4,    4,
				       5,    6,    7,    0x18, 0x17, 0x16, 0x15, 0x14, 0x13, 0x12,
				       0x11, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18};
	struct writer w;
	struct reader r;

	(void)state;
	writer_init(&w);
	put_u8(&w, 1);
	put_le16(&w, 0x0203);
	put_be16(&w, 0x0203);
	put_le32(&w, 0x04050607);
	put_be32(&w, 0x04050607);
	put_le64(&w, UINT64_C(0x1112131415161718));
	put_be64(&w, UINT64_C(0x1112131415161718));
	assert_int_equal(w.len, sizeof(want));
	assert_memory_equal(w.buf, want, sizeof(want));
	reader_init(&r, w.buf, w.len);
	assert_int_equal(get_u8(&r), 1);
	assert_int_equal(get_le16(&r), 0x0203);
	assert_int_equal(get_be16(&r), 0x0203);
	assert_int_equal(get_le32(&r), 0x04050607);
	assert_int_equal(get_be32(&r), 0x04050607);
	assert_true(get_le64(&r) == UINT64_C(0x1112131415161718));
	assert_true(get_be64(&r) == UINT64_C(0x1112131415161718));
	assert_true(reader_done(&r));
	writer_clear(&w);
}

static void plain_integers_keep_their_highest_bits(void **state)
{
	uint8_t b[8];

	(void)state;
	memset(b, 0xff, sizeof(b));
	b[0] = 0xfe;
	assert_int_equal(le16(b), 0xfffe);
	assert_true(le32(b) == UINT32_C(0xfffffffe));
	assert_true(be32(b) == UINT32_C(0xfeffffff));
	assert_true(le64(b) == UINT64_C(0xfffffffffffffffe));
	assert_true(be64(b) == UINT64_C(0xfeffffffffffffff));
	set_le32(b, UINT32_C(0x80000001));
	assert_true(le32(b) == UINT32_C(0x80000001));
	set_be32(b, UINT32_C(0x80000001));
	assert_true(be32(b) == UINT32_C(0x80000001) && b[0] == 0x80 && b[3] == 1);
	set_le64(b, UINT64_C(0x8000000000000001));
	assert_true(le64(b) == UINT64_C(0x8000000000000001));
	set_be64(b, UINT64_C(0x8000000000000001));
	assert_true(be64(b) == UINT64_C(0x8000000000000001) && b[0] == 0x80 && b[7] == 1);
}

/* Every way to read, each with the bytes it needs. */
static void read_one_way(struct reader *r, unsigned way)
{
	uint8_t out[3];

	switch (way) {
	case 0:
		assert_int_equal(get_u8(r), 0);
		break;
	case 1:
		assert_int_equal(get_le16(r), 0);
		break;
	case 2:
		assert_int_equal(get_be16(r), 0);
		break;
	case 3:
		assert_int_equal(get_le32(r), 0);
		break;
	case 4:
		assert_int_equal(get_be32(r), 0);
		break;
	case 5:
		assert_int_equal(get_le64(r), 0);
		break;
	case 6:
		assert_int_equal(get_be64(r), 0);
		break;
	case 7:
		memset(out, 0xaa, sizeof(out));
		get_bytes(r, out, sizeof(out));
		assert_memory_equal(out, "\0\0\0", 3);
		break;
	case 8:
		assert_null(get_span(r, 3).p);
		break;
	case 9:
		assert_int_equal(get_compact(r), 0);
		break;
	case 10:
		assert_null(get_var_span(r, 100).p);
		break;
	}
}

static void one_byte_too_few_fails_and_poisons(void **state)
{
	/* A CompactSize that announces eight more bytes; for the var span, a length of three with two bytes. */
	static const uint8_t bytes[11][9] = {[9] = {0xff, 1, 1, 1, 1, 1, 1, 1}, [10] = {3, 1, 1}};
	static const size_t needs[] = {1, 2, 2, 4, 4, 8, 8, 3, 3, 9, 4};

	(void)state;
	for (unsigned way = 0; way < ARRAY_LEN(needs); way++) {
		/* An allocation of exactly this size, so that a sanitizer notices a read past the end. */
		size_t have = needs[way] - 1;
		uint8_t *p = mem_alloc(have);
		struct reader r;

		memset(p, 0x55, have);
		if (way >= 9)
			memcpy(p, bytes[way], have);
		reader_init(&r, p, have);
		read_one_way(&r, way);
		assert_false(reader_ok(&r));
		assert_false(reader_done(&r));
		assert_int_equal(reader_left(&r), 0);
		/* After a failure even reads that would fit return zeros. */
		for (unsigned next = 0; next < ARRAY_LEN(needs); next++)
			read_one_way(&r, next);
		assert_false(reader_ok(&r));
		free(p);
	}
}

static void reading_exactly_all_bytes_succeeds(void **state)
{
	uint8_t b[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, out[9];
	struct reader r;
	struct span s;

	(void)state;
	reader_init(&r, b, 9);
	get_bytes(&r, out, 9);
	assert_memory_equal(out, b, 9);
	assert_true(reader_done(&r));
	reader_init(&r, b, 9);
	s = get_span(&r, 9);
	assert_ptr_equal(s.p, b);
	assert_int_equal(s.len, 9);
	assert_true(reader_done(&r));
	reader_init(&r, b, 9);
	get_le64(&r);
	assert_true(reader_ok(&r));
	assert_false(reader_done(&r));
	assert_int_equal(reader_left(&r), 1);
	reader_fail(&r);
	assert_false(reader_ok(&r));
	assert_int_equal(get_u8(&r), 0);
}

static void an_empty_reader_gives_nothing(void **state)
{
	struct reader r;

	(void)state;
	reader_init(&r, NULL, 0);
	assert_true(reader_done(&r));
	get_bytes(&r, NULL, 0);
	get_span(&r, 0);
	assert_true(reader_done(&r));
	get_u8(&r);
	assert_false(reader_ok(&r));
}

static const struct {
	uint64_t v;
	size_t n;
} compact_cases[] = {
	{0, 1},
	{1, 1},
	{0xfc, 1},
	{0xfd, 3},
	{0xfe, 3},
	{0xff, 3},
	{0x100, 3},
	{0xffff, 3},
	{0x10000, 5},
	{0xffffffff, 5},
	{UINT64_C(0x100000000), 9},
	{UINT64_MAX, 9},
};

static void compact_sizes_come_back_at_every_boundary(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(compact_cases); i++) {
		struct writer w;
		struct reader r;

		writer_init(&w);
		put_compact(&w, compact_cases[i].v);
		assert_int_equal(w.len, compact_cases[i].n);
		assert_int_equal(compact_bytes(compact_cases[i].v), compact_cases[i].n);
		reader_init(&r, w.buf, w.len);
		assert_true(get_compact(&r) == compact_cases[i].v);
		assert_true(reader_done(&r));
		writer_clear(&w);
	}
}

/* Bitcoin's own example: 0xfd is followed by two bytes, the low one first (developer
 * reference, "CompactSize unsigned integers": 515 is fd 03 02). */
static void compact_size_of_515_is_fd0302(void **state)
{
	struct reader r;

	(void)state;
	reader_init(&r, "\xfd\x03\x02", 3);
	assert_int_equal(get_compact(&r), 515);
	assert_true(reader_done(&r));
}

static void compact_sizes_that_are_not_minimal_fail(void **state)
{
	static const struct {
		uint8_t b[9];
		size_t n;
		bool ok;
	} cases[] = {
		{{0xfd, 0xfc, 0x00}, 3, false},
		{{0xfd, 0xfd, 0x00}, 3, true},
		{{0xfd, 0x00, 0x00}, 3, false},
		{{0xfe, 0xff, 0xff, 0x00, 0x00}, 5, false},
		{{0xfe, 0x00, 0x00, 0x01, 0x00}, 5, true},
		{{0xfe, 0x01, 0x00, 0x00, 0x00}, 5, false},
		{{0xff, 0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00}, 9, false},
		{{0xff, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00}, 9, true},
		{{0xff, 0x01, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00}, 9, false},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct reader r;
		uint64_t v;

		reader_init(&r, cases[i].b, cases[i].n);
		v = get_compact(&r);
		assert_int_equal(reader_ok(&r), cases[i].ok);
		assert_true(cases[i].ok || v == 0);
	}
}

static void var_spans_are_bounded_by_max_and_by_the_bytes_left(void **state)
{
	struct reader r;
	struct span s;

	(void)state;
	reader_init(&r,
		    "\x03"
		    "abc",
		    4);
	s = get_var_span(&r, 3);
	assert_int_equal(s.len, 3);
	assert_memory_equal(s.p, "abc", 3);
	assert_true(reader_done(&r));
	reader_init(&r,
		    "\x03"
		    "abc",
		    4);
	s = get_var_span(&r, 2);
	assert_false(reader_ok(&r));
	assert_null(s.p);
	assert_int_equal(s.len, 0);
	reader_init(&r,
		    "\x04"
		    "abc",
		    4);
	get_var_span(&r, SIZE_MAX);
	assert_false(reader_ok(&r));
	reader_init(&r, "\xff\xff\xff\xff\xff\xff\xff\xff\xff", 9);
	get_var_span(&r, SIZE_MAX);
	assert_false(reader_ok(&r));
	reader_init(&r, "\x00", 1);
	s = get_var_span(&r, 0);
	assert_true(reader_done(&r));
	assert_int_equal(s.len, 0);
}

static void fixed_writers_stop_at_their_end(void **state)
{
	uint8_t buf[6] = {0, 0, 0, 0, 0, 0x77};
	struct writer w;

	(void)state;
	writer_init_fixed(&w, buf, 5);
	put_le32(&w, 0x01020304);
	assert_false(w.failed);
	put_le16(&w, 0xffff);
	assert_true(w.failed);
	assert_int_equal(w.len, 4);
	put_u8(&w, 9); /* would fit, but the writer has failed */
	assert_int_equal(w.len, 4);
	assert_int_equal(buf[4], 0);
	assert_int_equal(buf[5], 0x77);
	writer_reset(&w);
	assert_false(w.failed);
	put_bytes(&w, "12345", 5);
	assert_false(w.failed);
	assert_int_equal(w.len, 5);
	put_bytes(&w, NULL, 0);
	assert_false(w.failed);
	put_u8(&w, 1);
	assert_true(w.failed);
	assert_int_equal(buf[5], 0x77);
	writer_clear(&w);
}

static void growing_writers_keep_what_was_written(void **state)
{
	struct rng_seeded rng;
	uint8_t *want = mem_alloc(100000), *got;
	size_t n = 0, len;
	struct writer w;

	(void)state;
	rng_seeded_init(&rng, 1);
	rng_fill(&rng.rng, want, 100000);
	writer_init(&w);
	while (n < 100000) {
		size_t some = (size_t)rng_below(&rng.rng, 700);

		some = some < 100000 - n ? some : 100000 - n;
		put_bytes(&w, want + n, some);
		n += some;
	}
	got = writer_take(&w, &len);
	assert_int_equal(len, 100000);
	assert_memory_equal(got, want, len);
	assert_null(w.buf);
	assert_int_equal(w.len, 0);
	free(got);
	got = writer_take(&w, &len);
	assert_int_equal(len, 0);
	assert_non_null(got);
	free(got);
	writer_clear(&w);
	writer_clear(&w);
	free(want);
}

static void var_bytes_carry_their_length(void **state)
{
	uint8_t big[300] = {0};
	struct writer w;
	struct reader r;

	(void)state;
	writer_init(&w);
	put_var_bytes(&w, big, 300);
	put_var_bytes(&w, "x", 1);
	put_var_bytes(&w, NULL, 0);
	assert_int_equal(w.len, 303 + 2 + 1);
	reader_init(&r, w.buf, w.len);
	assert_int_equal(get_var_span(&r, 300).len, 300);
	assert_int_equal(get_var_span(&r, 300).len, 1);
	assert_int_equal(get_var_span(&r, 300).len, 0);
	assert_true(reader_done(&r));
	writer_clear(&w);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_have_the_byte_order_of_their_name),
		cmocka_unit_test(plain_integers_keep_their_highest_bits),
		cmocka_unit_test(one_byte_too_few_fails_and_poisons),
		cmocka_unit_test(reading_exactly_all_bytes_succeeds),
		cmocka_unit_test(an_empty_reader_gives_nothing),
		cmocka_unit_test(compact_sizes_come_back_at_every_boundary),
		cmocka_unit_test(compact_size_of_515_is_fd0302),
		cmocka_unit_test(compact_sizes_that_are_not_minimal_fail),
		cmocka_unit_test(var_spans_are_bounded_by_max_and_by_the_bytes_left),
		cmocka_unit_test(fixed_writers_stop_at_their_end),
		cmocka_unit_test(growing_writers_keep_what_was_written),
		cmocka_unit_test(var_bytes_carry_their_length),
	};

	return cmocka_run_group_tests_name("bytes", tests, NULL, NULL);
}
