/* bech32 and addresses: BIP 173's own examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <ctype.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/base/text.h>
#include <tally/crypto/address.h>

/* BIP 173, "Test vectors": valid Bech32 strings. */
static const char *const valid[] = {
	"A12UEL5L",
	"a12uel5l",
	"an83characterlonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1tt5tgs",
	"abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw",
	"11qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqc8247j",
	"split1checkupstagehandshakeupstreamerranterredcaperred2y9e3w",
	"?1ezyfcl",
};

/* BIP 173: invalid Bech32 strings, and why. */
static const struct {
	const char *text, *token;
} invalid[] = {
	{" 1nwldj5", "bech32-character"},
	{"\x7f"
	 "1axkwrx",
	 "bech32-character"},
	{"\x80"
	 "1eym55h",
	 "bech32-character"},
	{"an84characterslonghumanreadablepartthatcontainsthenumber1andtheexcludedcharactersbio1569pvx",
	 "bech32-length"},
	{"pzry9x0s0muk", "bech32-prefix"},
	{"1pzry9x0s0muk", "bech32-prefix"},
	{"x1b4n0q5v", "bech32-character"},
	{"li1dgmt3", "bech32-length"},
	{"de1lg7wt\xff", "bech32-character"},
	{"A1G7SGD8", "bech32-checksum"},
	{"10a06t8", "bech32-prefix"},
	{"1qzzfhee", "bech32-prefix"},
	/* Cases that are not in BIP 173: */
	{"", "bech32-prefix"},
	{"1", "bech32-prefix"},
	{"a1", "bech32-length"},
	{"A12uEL5L", "bech32-case"},
	{"a12uel5m", "bech32-checksum"},
};

static void valid_strings_decode_and_encode_to_themselves(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
		char hrp[84], again[BECH32_MAX_CHARS + 1], lower[BECH32_MAX_CHARS + 1];
		uint8_t data[BECH32_MAX_CHARS];
		size_t n, len = strlen(valid[i]);
		struct err e = {0};

		assert_true(bech32_decode(hrp, data, &n, BECH32, valid[i], BECH32_MAX_CHARS, &e));
		assert_true(bech32_encode(again, len + 1, BECH32, hrp, data, n));
		for (size_t c = 0; c <= len; c++)
			lower[c] = (char)tolower((unsigned char)valid[i][c]);
		assert_string_equal(again, lower);
		assert_false(
			bech32_encode(again, len, BECH32, hrp, data, n)); /* no space for the NUL */
	}
}

static void invalid_strings_are_refused_for_their_reason(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(invalid); i++) {
		uint8_t data[100];
		char hrp[84];
		struct err e;
		size_t n;

		assert_false(bech32_decode(hrp, data, &n, BECH32, invalid[i].text, BECH32_MAX_CHARS,
					   &e));
		assert_int_equal(e.cls, ERR_DECODE);
		assert_string_equal(e.token, invalid[i].token);
	}
}

static void every_single_changed_character_is_noticed(void **state)
{
	static const char set[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	struct key_hash kh = {{1, 2, 3}}, out;
	char good[ADDRESS_CHARS + 1], text[ADDRESS_CHARS + 1];
	unsigned tried = 0;

	(void)state;
	address_encode(good, &kh);
	for (int i = 4; i < ADDRESS_CHARS; i++)
		for (const char *c = set; *c; c++) {
			strcpy(text, good);
			text[i] = *c;
			tried++;
			assert_int_equal(address_decode(&out, text, NULL), *c == good[i]);
		}
	assert_int_equal(tried, 39 * 32);
}

/* BIP 173: BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4 is version 0 and this program. */
static void groups_of_five_bits_hold_bip173s_program(void **state)
{
	uint8_t data[BECH32_MAX_CHARS], program[BECH32_MAX_CHARS], want[20], groups[40];
	size_t n, program_n, groups_n;
	char hrp[84];

	(void)state;
	assert_true(hex_decode(want, 20, "751e76e8199196d454941c45d1b3a323f1433bd6"));
	assert_true(bech32_decode(hrp, data, &n, BECH32,
				  "BC1QW508D6QEJXTDG4Y5R3ZARVARY0C5XW7KV8F3T4", BECH32_MAX_CHARS,
				  NULL));
	assert_string_equal(hrp, "bc");
	assert_int_equal(data[0], 0);
	assert_true(bech32_convert(program, &program_n, 8, data + 1, n - 1, 5, false));
	assert_int_equal(program_n, 20);
	assert_memory_equal(program, want, 20);
	assert_true(bech32_convert(groups, &groups_n, 5, want, 20, 8, true));
	assert_int_equal(groups_n, 32);
	assert_memory_equal(groups, data + 1, 32);
}

static void leftover_bits_must_be_zero_padding(void **state)
{
	static const uint8_t padded[] = {31, 28}, nonzero[] = {31, 29}, too_many[] = {31, 28, 0};
	static const uint8_t wide[] = {32, 0};
	uint8_t out[8];
	size_t n;

	(void)state;
	assert_true(bech32_convert(out, &n, 8, padded, 2, 5, false));
	assert_int_equal(n, 1);
	assert_int_equal(out[0], 0xff);
	assert_false(bech32_convert(out, &n, 8, nonzero, 2, 5, false));
	assert_false(bech32_convert(out, &n, 8, too_many, 3, 5, false));
	assert_false(bech32_convert(out, &n, 8, wide, 2, 5, false));
	assert_true(bech32_convert(out, &n, 5, (const uint8_t[]){0xff}, 1, 8, true));
	assert_int_equal(n, 2);
	assert_memory_equal(out, padded, 2);
}

static void groups_come_back_for_every_length(void **state)
{
	uint8_t in[60], groups[100], back[64];
	struct rng_seeded rng;
	size_t n, m;

	(void)state;
	rng_seeded_init(&rng, 3);
	rng_fill(&rng.rng, in, sizeof(in));
	for (size_t len = 0; len <= sizeof(in); len++) {
		assert_true(bech32_convert(groups, &n, 5, in, len, 8, true));
		assert_int_equal(n, (len * 8 + 4) / 5);
		assert_true(bech32_convert(back, &m, 8, groups, n, 5, false));
		assert_int_equal(m, len);
		assert_memory_equal(back, in, len);
	}
}

static void the_caller_chooses_the_longest_text(void **state)
{
	uint8_t data[200] = {0}, back[300];
	char text[300], hrp[84];
	struct err e;
	size_t n;

	(void)state;
	assert_true(bech32_encode(text, sizeof(text), BECH32, "tlyinvite", data, sizeof(data)));
	assert_true(bech32_decode(hrp, back, &n, BECH32, text, 300, NULL));
	assert_int_equal(n, 200);
	assert_string_equal(hrp, "tlyinvite");
	assert_false(bech32_decode(hrp, back, &n, BECH32, text, BECH32_MAX_CHARS, &e));
	assert_string_equal(e.token, "bech32-length");
}

static void impossible_input_is_not_encoded(void **state)
{
	static const uint8_t wide[] = {32};
	char out[200], long_hrp[86];

	(void)state;
	memset(long_hrp, 'a', 84);
	long_hrp[84] = '\0';
	assert_false(bech32_encode(out, sizeof(out), BECH32, "", wide, 0));
	assert_false(bech32_encode(out, sizeof(out), BECH32, "A", wide, 0));
	assert_false(bech32_encode(out, sizeof(out), BECH32, "a b", wide, 0));
	assert_false(bech32_encode(out, sizeof(out), BECH32, "a", wide, 1));
	assert_false(bech32_encode(out, sizeof(out), BECH32, long_hrp, wide, 0));
	long_hrp[83] = '\0';
	assert_true(bech32_encode(out, sizeof(out), BECH32, long_hrp, wide, 0));
}

static void addresses_round_trip(void **state)
{
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 4);
	for (int i = 0; i < 300; i++) {
		char text[ADDRESS_CHARS + 1];
		struct key_hash kh, back;

		rng_fill(&rng.rng, kh.b, sizeof(kh.b));
		address_encode(text, &kh);
		assert_int_equal(strlen(text), ADDRESS_CHARS);
		assert_memory_equal(text, "tly1q", 5);
		assert_true(address_looks_like(text));
		assert_true(address_decode(&back, text, NULL));
		assert_memory_equal(kh.b, back.b, sizeof(kh.b));
		for (char *c = text; *c; c++)
			*c = (char)toupper((unsigned char)*c);
		assert_true(address_looks_like(text));
		assert_true(address_decode(&back, text, NULL));
		assert_memory_equal(kh.b, back.b, sizeof(kh.b));
	}
}

/* An address-like text of any prefix, version and program length. */
static void make_text(char *out, size_t size, const char *hrp, uint8_t version, size_t program_n)
{
	uint8_t program[40] = {0}, data[80];
	size_t n;

	data[0] = version;
	assert_true(bech32_convert(data + 1, &n, 5, program, program_n, 8, true));
	assert_true(bech32_encode(out, size, BECH32, hrp, data, n + 1));
}

static void assert_refused(const char *text, const char *because)
{
	struct key_hash kh;
	struct err e = {0};

	assert_false(address_decode(&kh, text, &e));
	assert_int_equal(e.cls, ERR_USAGE);
	assert_string_equal(e.token, "bad-address");
	assert_non_null(strstr(e.detail, because));
	assert_non_null(strstr(e.detail, ": ")); /* "what is wrong: what would be right" */
}

static void invalid_addresses_are_refused_with_the_reason(void **state)
{
	char text[BECH32_MAX_CHARS + 1], longer[400];

	(void)state;
	make_text(text, sizeof(text), "tly", 0, 20);
	assert_true(address_decode(&(struct key_hash){{0}}, text, NULL));
	text[42] = text[42] == 'q' ? 'p' : 'q';
	assert_refused(text, "checksum");
	make_text(text, sizeof(text), "tly", 0, 19);
	assert_refused(text, "42 characters");
	make_text(text, sizeof(text), "tly", 0, 21);
	assert_refused(text, "45 characters");
	make_text(text, sizeof(text), "tly", 0, 32);
	assert_refused(text, "63 characters");
	make_text(text, sizeof(text), "tly", 1, 20);
	assert_refused(text, "version");
	make_text(text, sizeof(text), "bc", 0, 20);
	assert_refused(text, "another chain (bc)");
	make_text(text, sizeof(text), "tly", 0, 20);
	text[10] = 'b';
	assert_refused(text, "'b'");
	make_text(text, sizeof(text), "tly", 0, 20);
	text[10] = 'Q';
	assert_refused(text, "case");
	assert_refused("", "empty");
	assert_refused("alice", "'alice' is not an address");
	assert_true(bech32_encode(text, sizeof(text), BECH32, "tly", NULL, 0));
	assert_refused(text, "version");
	memset(longer, 'q', sizeof(longer) - 1);
	longer[sizeof(longer) - 1] = '\0';
	assert_refused(longer, "399 characters");
}

static void labels_do_not_look_like_addresses(void **state)
{
	(void)state;
	assert_true(address_looks_like("tly1"));
	assert_true(address_looks_like("TLY1x"));
	assert_true(address_looks_like("Tly1"));
	assert_false(address_looks_like("tly"));
	assert_false(address_looks_like("tly2"));
	assert_false(address_looks_like(" tly1"));
	assert_false(address_looks_like("CENTRAL_NODE"));
	assert_false(address_looks_like(""));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(valid_strings_decode_and_encode_to_themselves),
		cmocka_unit_test(invalid_strings_are_refused_for_their_reason),
		cmocka_unit_test(every_single_changed_character_is_noticed),
		cmocka_unit_test(groups_of_five_bits_hold_bip173s_program),
		cmocka_unit_test(leftover_bits_must_be_zero_padding),
		cmocka_unit_test(groups_come_back_for_every_length),
		cmocka_unit_test(the_caller_chooses_the_longest_text),
		cmocka_unit_test(impossible_input_is_not_encoded),
		cmocka_unit_test(addresses_round_trip),
		cmocka_unit_test(invalid_addresses_are_refused_with_the_reason),
		cmocka_unit_test(labels_do_not_look_like_addresses),
	};

	return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
