/* Hex, UTF-8, numbers, errors, log lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/clock.h>
#include <tally/base/err.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

static void hex_is_encoded_and_decoded(void **state)
{
	uint8_t all[256], back[256];
	char text[513];

	(void)state;
	for (int i = 0; i < 256; i++)
		all[i] = (uint8_t)i;
	hex_encode(text, all, 256);
	assert_int_equal(strlen(text), 512);
	assert_memory_equal(text, "000102", 6);
	assert_memory_equal(text + 506, "fdfeff", 6);
	assert_true(hex_decode(back, 256, text));
	assert_memory_equal(all, back, 256);
	hex_encode(text, all, 0);
	assert_string_equal(text, "");
}

static void hex_is_read_strictly(void **state)
{
	uint8_t b[2];

	(void)state;
	assert_true(hex_decode(b, 2, "aBFf"));
	assert_memory_equal(b, "\xab\xff", 2);
	assert_false(hex_decode(b, 2, "abc"));
	assert_false(hex_decode(b, 2, "abcde"));
	assert_false(hex_decode(b, 2, "abcdef"));
	assert_false(hex_decode(b, 2, "ab"));
	assert_false(hex_decode(b, 2, ""));
	assert_false(hex_decode(b, 2, "0xab"));
	assert_false(hex_decode(b, 2, "abcg"));
	assert_false(hex_decode(b, 2, "ab:0"));
	assert_false(hex_decode(b, 2, "ab/0"));
	assert_false(hex_decode(b, 2, " abc"));
	assert_true(hex_decode(b, 0, ""));
}

static void hex_of_any_length_is_bounded(void **state)
{
	uint8_t *p = NULL;
	size_t n = 9;

	(void)state;
	assert_true(hex_decode_alloc(&p, &n, "00ff10", 3));
	assert_int_equal(n, 3);
	assert_memory_equal(p, "\x00\xff\x10", 3);
	free(p);
	assert_false(hex_decode_alloc(&p, &n, "00ff10", 2));
	assert_false(hex_decode_alloc(&p, &n, "00ff1", 3));
	assert_false(hex_decode_alloc(&p, &n, "00fx10", 3));
	assert_true(hex_decode_alloc(&p, &n, "", 3));
	assert_int_equal(n, 0);
	free(p);
}

static const struct {
	const char *text;
	bool valid, printable;
} utf8_cases[] = {
	{"", true, true},
	{"plain", true, true},
	{"a\nb", true, false},
	{"\x1f", true, false},
	{" ", true, true},
	{"~", true, true},
	{"\x7f", true, false},
	{"\xc2\x80", true, false}, /* U+0080 */
	{"\xc2\x9f", true, false}, /* U+009F */
	{"\xc2\xa0", true, true},  /* U+00A0 */
	{"\xc3\xa9", true, true},
	{"\xe2\x82\xac", true, true},
	{"\xf0\x9f\x98\x80", true, true},
	{"\xf4\x8f\xbf\xbf", true, true},   /* U+10FFFF */
	{"\xf4\x90\x80\x80", false, false}, /* U+110000 */
	{"\xed\x9f\xbf", true, true},       /* U+D7FF */
	{"\xed\xa0\x80", false, false},     /* U+D800, a surrogate */
	{"\xee\x80\x80", true, true},       /* U+E000 */
	{"\xc0\x80", false, false},         /* overlong */
	{"\xc1\xbf", false, false},         /* overlong */
	{"\xe0\x9f\xbf", false, false},     /* overlong */
	{"\xe0\xa0\x80", true, true},       /* U+0800 */
	{"\xf0\x8f\xbf\xbf", false, false}, /* overlong */
	{"\xf0\x90\x80\x80", true, true},   /* U+10000 */
	{"\xf5\x80\x80\x80", false, false},
	{"\xff", false, false},
	{"\x80", false, false},         /* only a continuation byte */
	{"\xc3", false, false},         /* cut */
	{"\xe2\x82", false, false},     /* cut */
	{"\xf0\x9f\x98", false, false}, /* cut */
	{"\xe2\x28\xa1", false, false},
	{"\xe2\x82\x28", false, false},
	{"\xf0\x9f\x98\x28", false, false},
};

static void utf8_validity_follows_unicode(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(utf8_cases); i++) {
		size_t n = strlen(utf8_cases[i].text);

		assert_int_equal(utf8_valid(utf8_cases[i].text, n), utf8_cases[i].valid);
		assert_int_equal(utf8_printable(utf8_cases[i].text, n), utf8_cases[i].printable);
	}
	assert_true(utf8_valid("a\0b", 3));
	assert_false(utf8_printable("a\0b", 3));
}

static void sanitised_text_can_always_be_shown(void **state)
{
	char out[64];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(utf8_cases); i++) {
		const char *text = utf8_cases[i].text;

		utf8_sanitise(out, sizeof(out), text, strlen(text));
		assert_true(utf8_printable(out, strlen(out)));
		assert_int_equal(strcmp(out, text) == 0, utf8_cases[i].printable);
	}
	utf8_sanitise(out, sizeof(out), "a\x1b[2J\xff\0z\xc3\xa9", 10);
	assert_string_equal(out, "a?[2J??z\xc3\xa9");
}

static void text_that_changes_direction_or_breaks_lines_is_not_plain(void **state)
{
	static const char *const turning[] = {"\u061c", "\u200e", "\u200f", "\u2028",
					      "\u202e", "\u2066", "\u2069"};
	static const char *const beside[] = {"\u061b", "\u200d", "\u2010", "\u2027",
					     "\u202f", "\u2065", "\u206a", "\u05d0"};
	char out[8];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(turning); i++) {
		assert_true(utf8_printable(turning[i], strlen(turning[i])));
		assert_false(utf8_plain(turning[i], strlen(turning[i])));
		utf8_sanitise(out, sizeof(out), turning[i], strlen(turning[i]));
		assert_string_equal(out, "?");
	}
	for (size_t i = 0; i < ARRAY_LEN(beside); i++) {
		assert_true(utf8_plain(beside[i], strlen(beside[i])));
		utf8_sanitise(out, sizeof(out), beside[i], strlen(beside[i]));
		assert_string_equal(out, beside[i]);
	}
	assert_false(utf8_plain("a\tb", 3));
	assert_false(utf8_plain("\xff", 1));
}

static void escaped_text_is_plain_and_means_the_same(void **state)
{
	char *got = utf8_escape("{\n \"n\": \"gr\u00fc\u00df \u202egnp\u2066\x7f\xc2\x85\t\"}");

	(void)state;
	assert_string_equal(
		got, "{\n \"n\": \"gr\u00fc\u00df \\u202egnp\\u2066\\u007f\\u0085\\u0009\"}");
	free(got);
	got = utf8_escape("\xff");
	assert_string_equal(got, "\\u00ff");
	free(got);
	got = utf8_escape("");
	assert_string_equal(got, "");
	free(got);
}

static void sanitised_text_is_cut_at_whole_characters(void **state)
{
	char out[8];

	(void)state;
	memset(out, 'x', sizeof(out));
	utf8_sanitise(out, 4, "ab\xe2\x82\xac", 5);
	assert_string_equal(out, "ab");
	assert_int_equal(out[4], 'x');
	utf8_sanitise(out, 6, "ab\xe2\x82\xac", 5);
	assert_string_equal(out, "ab\xe2\x82\xac");
	utf8_sanitise(out, 1, "ab", 2);
	assert_string_equal(out, "");
	memset(out, 'x', sizeof(out));
	utf8_sanitise(out, 0, "ab", 2);
	assert_int_equal(out[0], 'x');
}

static void numbers_are_read_strictly(void **state)
{
	static const char *const bad[] = {"",
					  "-1",
					  "+1",
					  " 1",
					  "1 ",
					  "1x",
					  "0x10",
					  "1.0",
					  "ten",
					  "18446744073709551616",
					  "99999999999999999999999",
					  "abc"};
	uint64_t v = 7;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(parse_u64(bad[i], 0, UINT64_MAX, &v));
	assert_int_equal(v, 7);
	assert_true(parse_u64("18446744073709551615", 0, UINT64_MAX, &v));
	assert_true(v == UINT64_MAX);
	assert_true(parse_u64("0", 0, 5, &v) && v == 0);
	assert_true(parse_u64("5", 5, 5, &v) && v == 5);
	assert_false(parse_u64("4", 5, 5, &v));
	assert_false(parse_u64("6", 5, 5, &v));
	assert_true(parse_u64("007", 0, 9, &v) && v == 7);
}

static void hex_numbers_are_read_only_by_parse_u64_any(void **state)
{
	uint64_t v;

	(void)state;
	assert_true(parse_u64_any("0x1f00ffff", 0, UINT32_MAX, &v) && v == 0x1f00ffff);
	assert_true(parse_u64_any("0XfF", 0, 255, &v) && v == 255);
	assert_true(parse_u64_any("12", 0, 255, &v) && v == 12);
	assert_true(parse_u64_any("0xffffffffffffffff", 0, UINT64_MAX, &v) && v == UINT64_MAX);
	assert_false(parse_u64_any("0x10000000000000000", 0, UINT64_MAX, &v));
	assert_false(parse_u64_any("0x100", 0, 255, &v));
	assert_false(parse_u64_any("0x", 0, 255, &v));
	assert_false(parse_u64_any("0xg", 0, 255, &v));
	assert_false(parse_u64_any("ff", 0, 255, &v));
	assert_false(parse_u64_any("", 0, 255, &v));
}

static void appended_text_never_overruns(void **state)
{
	char buf[9] = "ab";

	(void)state;
	buf[8] = 'x';
	text_append(buf, 8, "%d", 123);
	assert_string_equal(buf, "ab123");
	text_append(buf, 8, "%s", "cdefgh");
	assert_string_equal(buf, "ab123cd");
	text_append(buf, 8, "more");
	assert_string_equal(buf, "ab123cd");
	assert_int_equal(buf[8], 'x');
	memset(buf, 'y', 8); /* no NUL: nothing is written */
	text_append(buf, 8, "more");
	assert_memory_equal(buf, "yyyyyyyy", 8);
}

static void errors_carry_class_token_and_one_line(void **state)
{
	struct err e = {0};

	(void)state;
	assert_false(err_set(&e, ERR_INVALID, "bad-cb-height", "want %u\ngot %s", 5u, "\x1b[0m"));
	assert_int_equal(e.cls, ERR_INVALID);
	assert_string_equal(e.token, "bad-cb-height");
	assert_string_equal(e.detail, "want 5?got ?[0m");
	assert_false(err_prefix(&e, "block %d", 7));
	assert_string_equal(e.detail, "block 7: want 5?got ?[0m");
	assert_string_equal(e.token, "bad-cb-height");
	assert_int_equal(e.cls, ERR_INVALID);
	/* An argument may be the error itself. */
	err_set(&e, ERR_IO, "io", "again: %s", e.detail);
	assert_string_equal(e.detail, "again: block 7: want 5?got ?[0m");
	err_clear(&e);
	assert_int_equal(e.cls, ERR_NONE);
	assert_string_equal(e.detail, "");
	assert_false(err_set(NULL, ERR_IO, "x", "%d", 1));
	assert_false(err_prefix(NULL, "x"));
	err_clear(NULL);
}

static void errors_are_cut_to_their_size(void **state)
{
	char longer[1000];
	struct err e;

	(void)state;
	memset(longer, 'a', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	err_set(&e, ERR_IO, longer, "%s", longer);
	assert_int_equal(strlen(e.token), ERR_TOKEN_CHARS);
	assert_int_equal(strlen(e.detail), ERR_DETAIL_CHARS);
	err_prefix(&e, "front");
	assert_memory_equal(e.detail, "front: aaa", 10);
	assert_int_equal(strlen(e.detail), ERR_DETAIL_CHARS);
}

static void every_error_class_has_a_name(void **state)
{
	(void)state;
#define X(name, text) assert_string_equal(err_class_name(name), text);
	ERR_CLASSES(X)
#undef X
	assert_string_equal(err_class_name(ERR_NOSPACE), "nospace");
}

struct heard {
	unsigned lines;
	enum log_subsystem sub;
	enum log_level level;
	int64_t unix_us;
	char text[4000];
};

static void hear(void *arg, int64_t unix_us, enum log_subsystem sub, enum log_level level,
		 const char *text)
{
	struct heard *h = arg;

	h->lines++;
	h->sub = sub;
	h->level = level;
	h->unix_us = unix_us;
	assert_true(strlen(text) < sizeof(h->text));
	strcpy(h->text, text);
}

static void log_lines_reach_the_sink_sanitised(void **state)
{
	struct heard *h = NEW(struct heard);
	char longer[3000];

	(void)state;
	log_set_sink(hear, h);
	log_set_level(LOG_INFO);
	log_debug(LOG_NET, "nothing");
	assert_int_equal(h->lines, 0);
	log_warn(LOG_PEER, "peer %d says \"%s\"", 3, "a\x1b]0;\xc3\xa9\xff\n");
	assert_int_equal(h->lines, 1);
	assert_int_equal(h->sub, LOG_PEER);
	assert_int_equal(h->level, LOG_WARN);
	assert_string_equal(h->text, "peer 3 says \"a?]0;\xc3\xa9??\"");
	assert_in_range(clock_unix_us(clock_system()) - h->unix_us, 0, 60000000);
	log_set_level(LOG_ERROR);
	log_warn(LOG_PEER, "nothing");
	assert_int_equal(h->lines, 1);
	log_set_level(LOG_DEBUG);
	memset(longer, 'z', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	log_debug(LOG_TUI, "%s", longer);
	assert_int_equal(h->lines, 2);
	assert_in_range(strlen(h->text), 1000, sizeof(longer) - 1);
	log_set_sink(NULL, NULL);
	free(h);
	assert_string_equal(log_subsystem_name(LOG_MEMPOOL), "mempool");
	assert_string_equal(log_level_name(LOG_WARN), "warn");
}

static const char *meant(const char *to)
{
	static const char *const words[] = {"send", "sendall", "getblock", "getblockhash", "mine"};
	struct nearest n = {.to = to};

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		nearest_try(&n, words[i]);
	return n.word;
}

static void the_nearest_word_is_found(void **state)
{
	(void)state;
	assert_string_equal(meant("getblok"), "getblock");
	assert_string_equal(meant("gettblockhsh"), "getblockhash");
	assert_string_equal(meant("sen"), "send");
	assert_string_equal(meant("mien"), "mine"); /* two neighbouring letters swapped */
	assert_null(meant("stop"));
	assert_null(meant("xy"));
	assert_null(meant(""));
	assert_null(meant("getbalanceofeverythingthereisandmoreandmoreandmoreandmoreandmore"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_is_encoded_and_decoded),
		cmocka_unit_test(hex_is_read_strictly),
		cmocka_unit_test(hex_of_any_length_is_bounded),
		cmocka_unit_test(utf8_validity_follows_unicode),
		cmocka_unit_test(sanitised_text_can_always_be_shown),
		cmocka_unit_test(text_that_changes_direction_or_breaks_lines_is_not_plain),
		cmocka_unit_test(escaped_text_is_plain_and_means_the_same),
		cmocka_unit_test(sanitised_text_is_cut_at_whole_characters),
		cmocka_unit_test(numbers_are_read_strictly),
		cmocka_unit_test(hex_numbers_are_read_only_by_parse_u64_any),
		cmocka_unit_test(appended_text_never_overruns),
		cmocka_unit_test(the_nearest_word_is_found),
		cmocka_unit_test(errors_carry_class_token_and_one_line),
		cmocka_unit_test(errors_are_cut_to_their_size),
		cmocka_unit_test(every_error_class_has_a_name),
		cmocka_unit_test(log_lines_reach_the_sink_sanitised),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
