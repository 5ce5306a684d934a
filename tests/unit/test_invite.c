/* Invites: one word for address, port and chain. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <tally/base/rng.h>
#include <tally/crypto/address.h>
#include <tally/net/invite.h>
#include <tally/net/local_addr.h>

static struct invite invite_to(const char *where)
{
	struct invite in;

	assert_true(net_addr_parse_numeric(&in.addr, where, 3000, NULL));
	for (size_t i = 0; i < HASH_BYTES; i++)
		in.chain.h.b[i] = (uint8_t)(i * 7);
	return in;
}

static void assert_bad(const char *word, const char *part)
{
	struct invite out;
	struct err e = {0};

	if (invite_decode(&out, word, &e))
		fail_msg("'%s' was accepted", word);
	assert_int_equal(e.cls, ERR_USAGE);
	assert_string_equal(e.token, "bad-invite");
	if (!strstr(e.detail, part))
		fail_msg("\"%s\", expected \"%s\"", e.detail, part);
}

/* BIP 350's valid and invalid test vectors. */
static void the_checksum_is_bech32m(void **state)
{
	static const char *const valid[] = {
		"A1LQFN3A",
		"a1lqfn3a",
		"an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6",
		"abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx",
		"11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8",
		"split1checkupstagehandshakeupstreamerranterredcaperredlc445v",
		"?1v759aa",
	};
	static const char *const invalid[] = {
		"an84characterslonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11d6pts4",
		"qyrz8wqd2c9m",
		"1qyrz8wqd2c9m",
		"y1b0jsk6g",
		"lt1igcx5c0",
		"in1muywd",
		"mm1crxm3i",
		"au1s5cgom",
		"M1VUXWEZ",
		"16plkw9",
		"1p2gdwpf",
	};
	uint8_t data[100];
	char hrp[84];
	size_t n;

	(void)state;
	for (size_t i = 0; i < sizeof(valid) / sizeof(valid[0]); i++) {
		char again[100], lower[100];

		if (!bech32_decode(hrp, data, &n, BECH32M, valid[i], 90, NULL))
			fail_msg("'%s' was rejected", valid[i]);
		assert_false(bech32_decode(hrp, data, &n, BECH32, valid[i], 90, NULL));
		assert_true(bech32_decode(hrp, data, &n, BECH32M, valid[i], 90, NULL));
		assert_true(bech32_encode(again, sizeof(again), BECH32M, hrp, data, n));
		for (size_t k = 0; k <= strlen(valid[i]); k++)
			lower[k] = (char)tolower((unsigned char)valid[i][k]);
		assert_string_equal(again, lower);
	}
	for (size_t i = 0; i < sizeof(invalid) / sizeof(invalid[0]); i++)
		if (bech32_decode(hrp, data, &n, BECH32M, invalid[i], 90, NULL))
			fail_msg("'%s' was accepted", invalid[i]);
}

static void assert_round_trip(const char *where, size_t chars)
{
	struct invite in = invite_to(where), out;
	char word[INVITE_CHARS + 1], upper[INVITE_CHARS + 1];
	struct err e = {0};

	invite_encode(word, &in);
	assert_int_equal(strlen(word), chars);
	assert_int_equal(strncmp(word, "tally1q", 7), 0);
	for (size_t i = 0; i <= strlen(word); i++)
		upper[i] = (char)toupper((unsigned char)word[i]);
	for (int k = 0; k < 2; k++) {
		if (!invite_decode(&out, k ? upper : word, &e))
			fail_msg("%s: %s", where, e.detail);
		assert_true(net_addr_equal(&out.addr, &in.addr));
		assert_memory_equal(out.chain.h.b, in.chain.h.b, HASH_BYTES);
	}
}

static void ipv4_and_ipv6_addresses_survive_a_round_trip(void **state)
{
	(void)state;
	assert_round_trip("192.168.1.7:3000", 74);
	assert_round_trip("127.0.0.1:1", 74);
	assert_round_trip("10.255.255.255:65535", 74);
	assert_round_trip("[2001:db8::7]:3000", 93);
	assert_round_trip("[::1]:3000", 93);
	assert_round_trip("[fd00::1:2:3]:40000", 93);
}

static void random_invites_survive_a_round_trip(void **state)
{
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 9);
	for (int i = 0; i < 2000; i++) {
		struct invite in, out;
		char word[INVITE_CHARS + 1];

		rng_fill(&rng.rng, &in, sizeof(in));
		if (i % 2) {
			memset(in.addr.ip, 0, 10);
			in.addr.ip[10] = in.addr.ip[11] = 0xff;
		}
		if (in.addr.port == 0 || net_addr_scope(&in.addr) == NET_UNUSABLE)
			continue;
		invite_encode(word, &in);
		assert_true(invite_decode(&out, word, NULL));
		assert_true(net_addr_equal(&out.addr, &in.addr));
		assert_memory_equal(out.chain.h.b, in.chain.h.b, HASH_BYTES);
	}
}

static void every_single_mistyped_character_is_detected(void **state)
{
	static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";
	struct invite in = invite_to("[2001:db8::7]:3000"), out;
	char word[INVITE_CHARS + 1];

	(void)state;
	invite_encode(word, &in);
	for (size_t i = 6; word[i]; i++) {
		char was = word[i];

		for (const char *c = charset; *c; c++) {
			word[i] = *c;
			assert_int_equal(invite_decode(&out, word, NULL), *c == was);
		}
		word[i] = was;
	}
}

static void a_word_that_is_not_an_invite_is_rejected(void **state)
{
	struct invite in = invite_to("192.168.1.7:3000");
	char word[INVITE_CHARS + 1], part[INVITE_CHARS + 3];

	(void)state;
	invite_encode(word, &in);
	assert_bad("", "not an invite");
	assert_bad("hello", "not an invite");
	assert_bad("tly1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4", "not an invite");
	assert_bad("tally1", "damaged");
	assert_bad("tally1qqqqqqqqqqqqqqqq", "damaged");
	for (size_t n = 7; n < strlen(word); n++) {
		snprintf(part, sizeof(part), "%.*s", (int)n, word);
		assert_bad(part, "damaged");
	}
	snprintf(part, sizeof(part), "%sq", word);
	assert_bad(part, "damaged");
	memset(part, 'q', sizeof(part));
	memcpy(part, "tally1", 6);
	part[INVITE_CHARS + 2] = '\0';
	assert_bad(part, "at most");
}

/* Encodes the payload with a valid checksum. */
static void assert_payload_bad(uint8_t version, const uint8_t *bytes, size_t n, const char *part)
{
	uint8_t data[100] = {version};
	char word[120];
	size_t groups;

	bech32_convert(data + 1, &groups, 5, bytes, n, 8, true);
	assert_true(bech32_encode(word, sizeof(word), BECH32M, "tally", data, 1 + groups));
	assert_bad(word, part);
}

static void an_unknown_version_a_wrong_length_or_an_unusable_address_is_rejected(void **state)
{
	uint8_t bytes[50] = {192, 168, 1, 7, 11, 184};

	(void)state;
	assert_payload_bad(1, bytes, 38, "unknown");
	assert_payload_bad(0, bytes, 37, "length");
	assert_payload_bad(0, bytes, 39, "length");
	assert_payload_bad(0, bytes, 49, "length");
	bytes[4] = bytes[5] = 0;
	assert_payload_bad(0, bytes, 38, "dialled"); /* port 0 */
	bytes[5] = 1;
	bytes[0] = 224;
	assert_payload_bad(0, bytes, 38, "dialled");
	memset(bytes, 0, sizeof(bytes));
	bytes[17] = 1;
	assert_payload_bad(0, bytes, 50, "dialled"); /* [::]:1 */
}

static void this_machine_has_a_local_address(void **state)
{
	struct net_addr a;

	(void)state;
	net_local_address(&a);
	assert_int_not_equal(net_addr_scope(&a), NET_UNUSABLE);
	assert_int_equal(a.port, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_checksum_is_bech32m),
		cmocka_unit_test(ipv4_and_ipv6_addresses_survive_a_round_trip),
		cmocka_unit_test(random_invites_survive_a_round_trip),
		cmocka_unit_test(every_single_mistyped_character_is_detected),
		cmocka_unit_test(a_word_that_is_not_an_invite_is_rejected),
		cmocka_unit_test(
			an_unknown_version_a_wrong_length_or_an_unusable_address_is_rejected),
		cmocka_unit_test(this_machine_has_a_local_address),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
