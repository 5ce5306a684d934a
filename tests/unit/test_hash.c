/* SHA-256d: known answers from Bitcoin's chain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <sodium.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/rng.h>
#include <tally/base/text.h>
#include <tally/crypto/hash.h>
#include <tally/crypto/key.h>

/* Bitcoin's genesis block (Bitcoin wiki, "Genesis block", raw hex version). */
static const char genesis_header[] =
	"01000000"
	"0000000000000000000000000000000000000000000000000000000000000000"
	"3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
	"29ab5f49ffff001d1dac2b7c";
static const char genesis_hash[] =
	"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f";

/* Block 100,000 (Bitcoin developer reference and any block explorer). */
static const char block_100000_header[] =
	"01000000"
	"50120119172a610421a6c3011dd330d9df07b63616c2cc1f1cd0020000000000"
	"6657a9252aacd5c0b2940996ecff952228c3067cc38d4885efb5a4ac4247e9f3"
	"37221b4d4c86041b0f2b5710";
static const char block_100000_hash[] =
	"000000000003ba27aa200b1cecaad478d2b00432346c3f1f3986da1afd33e506";

static void check_header(const char *header_hex, const char *hash_hex)
{
	char hex[HASH_HEX_CHARS + 1];
	uint8_t header[80];
	struct hash256 h;

	assert_true(hex_decode(header, sizeof(header), header_hex));
	sha256d(&h, header, sizeof(header));
	hash256_hex(hex, &h);
	assert_string_equal(hex, hash_hex);
}

static void bitcoins_headers_hash_to_their_published_hashes(void **state)
{
	(void)state;
	check_header(genesis_header, genesis_hash);
	check_header(block_100000_header, block_100000_hash);
}

/* Bitcoin's checksum of an empty payload, as in every verack: 5df6e0e2 (Bitcoin wiki,
 * "Protocol documentation"). */
static void hash_of_nothing_begins_with_5df6e0e2(void **state)
{
	struct hash256 h;

	(void)state;
	sha256d(&h, "", 0);
	assert_memory_equal(h.b, "\x5d\xf6\xe0\xe2", 4);
	sha256d(&h, NULL, 0);
	assert_memory_equal(h.b, "\x5d\xf6\xe0\xe2", 4);
}

/* "hello" hashed twice (Bitcoin wiki, "Protocol documentation", Hashes). */
static void hash_of_hello_is_the_published_one(void **state)
{
	uint8_t want[32];
	struct hash256 h;

	(void)state;
	assert_true(hex_decode(want, 32,
			       "9595c9df90075148eb06860365df33584b75bff782a510c6cd4883a41"
			       "9833d50"));
	sha256d(&h, "hello", 5);
	assert_memory_equal(h.b, want, 32);
}

static void streams_hash_as_the_whole_does(void **state)
{
	uint8_t bytes[300];
	struct rng_seeded rng;

	(void)state;
	rng_seeded_init(&rng, 9);
	rng_fill(&rng.rng, bytes, sizeof(bytes));
	for (size_t n = 0; n <= sizeof(bytes); n++) {
		struct hash256 whole, parts;
		struct sha256d s;

		sha256d(&whole, bytes, n);
		sha256d_init(&s);
		for (size_t at = 0; at < n;) {
			size_t some = 1 + (size_t)rng_below(&rng.rng, 90);

			some = some < n - at ? some : n - at;
			sha256d_update(&s, bytes + at, some);
			at += some;
		}
		sha256d_final(&s, &parts);
		assert_true(hash256_equal(&whole, &parts));
	}
}

static void a_pair_hashes_left_before_right(void **state)
{
	struct hash256 l = {{1}}, r = {{2}}, want, got;
	uint8_t both[64] = {[0] = 1, [32] = 2};

	(void)state;
	sha256d(&want, both, 64);
	sha256d_pair(&got, &l, &r);
	assert_true(hash256_equal(&want, &got));
	sha256d_pair(&l, &l, &r); /* the result overwrites an argument */
	assert_true(hash256_equal(&want, &l));
}

static void sodium_twice(struct hash256 *out, const uint8_t *bytes, size_t n)
{
	crypto_hash_sha256(out->b, bytes, n);
	crypto_hash_sha256(out->b, out->b, HASH_BYTES);
}

/* With any engine that this machine has. */
static void hashing_agrees_with_libsodium_at_every_length_and_split(void **state)
{
	uint8_t bytes[400];
	struct rng_seeded rng;
	struct hash256 want, got;

	(void)state;
	rng_seeded_init(&rng, 256);
	for (size_t n = 0; n <= sizeof bytes; n++) {
		struct sha256d s;
		size_t at = 0;

		rng_fill(&rng.rng, bytes, sizeof bytes);
		sodium_twice(&want, bytes, n);
		sha256d(&got, bytes, n);
		assert_true(hash256_equal(&want, &got));
		sha256d_init(&s);
		while (at < n) {
			size_t k = rng_below(&rng.rng, n - at + 1);

			sha256d_update(&s, bytes + at, k);
			at += k;
		}
		sha256d_final(&s, &got);
		assert_true(hash256_equal(&want, &got));
	}
}

static void hashes_are_shown_reversed_and_read_strictly(void **state)
{
	char hex[HASH_HEX_CHARS + 1], brief[HASH_SHORT_CHARS + 1];
	struct hash256 h = {{0xc9}}, back;

	(void)state;
	h.b[31] = 0x00;
	h.b[30] = 0xa3;
	h.b[29] = 0xf1;
	hash256_hex(hex, &h);
	assert_memory_equal(hex, "00a3f100", 8);
	assert_string_equal(hex + 62, "c9");
	hash256_short(brief, &h);
	assert_string_equal(brief, "00a3f1..c9");
	assert_true(hash256_parse(&back, hex));
	assert_true(hash256_equal(&h, &back));
	hex[63] = '\0';
	assert_false(hash256_parse(&back, hex));
	assert_false(hash256_parse(&back, ""));
	memset(hex, '0', 64);
	hex[10] = 'g';
	assert_false(hash256_parse(&back, hex));
	hex[10] = 'F';
	assert_true(hash256_parse(&back, hex));
	assert_false(hash256_is_zero(&back));
	assert_false(hash256_parse(
		&back, "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f0"));
}

static void short_hashes_keep_two_leading_zeros(void **state)
{
	static const struct {
		const char *hex, *brief;
	} cases[] = {
		{"000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f", "0019d6..6f"},
		{"000a3f1122334455667788990011223344556677889900112233445566778899", "00a3f1..99"},
		{"00a3f11122334455667788990011223344556677889900112233445566778899", "00a3f1..99"},
		{"0a3f111122334455667788990011223344556677889900112233445566778899", "0a3f11..99"},
		{"0000000000000000000000000000000000000000000000000000000000000001", "000000..01"},
		{"0000000000000000000000000000000000000000000000000000000000000000", "000000..00"},
	};
	char brief[HASH_SHORT_CHARS + 1];
	struct hash256 h;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_true(hash256_parse(&h, cases[i].hex));
		hash256_short(brief, &h);
		assert_string_equal(brief, cases[i].brief);
	}
}

static void only_zero_is_zero_and_only_equal_is_equal(void **state)
{
	(void)state;
	for (int i = 0; i < 32; i++) {
		struct hash256 a = {{0}}, b = {{0}};

		assert_true(hash256_is_zero(&a));
		assert_true(hash256_equal(&a, &b));
		a.b[i] = 0x80;
		assert_false(hash256_is_zero(&a));
		assert_false(hash256_equal(&a, &b));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(bitcoins_headers_hash_to_their_published_hashes),
		cmocka_unit_test(hash_of_nothing_begins_with_5df6e0e2),
		cmocka_unit_test(hash_of_hello_is_the_published_one),
		cmocka_unit_test(streams_hash_as_the_whole_does),
		cmocka_unit_test(a_pair_hashes_left_before_right),
		cmocka_unit_test(hashing_agrees_with_libsodium_at_every_length_and_split),
		cmocka_unit_test(hashes_are_shown_reversed_and_read_strictly),
		cmocka_unit_test(short_hashes_keep_two_leading_zeros),
		cmocka_unit_test(only_zero_is_zero_and_only_equal_is_equal),
	};

	return crypto_start(NULL) ? cmocka_run_group_tests_name("hash", tests, NULL, NULL) : 1;
}
