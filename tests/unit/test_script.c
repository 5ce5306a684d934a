/* The kinds of script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/primitives/script.h>

/* An allocation of exactly these bytes, so that a sanitizer notices a read past the end. */
static enum script_kind kind_of(const uint8_t *bytes, size_t n)
{
	uint8_t *p = mem_alloc(n);
	struct span push;
	enum script_kind kind;

	if (n)
		memcpy(p, bytes, n);
	kind = script_output((struct span){p, n}, &push);
	if (kind == SCRIPT_BAD)
		assert_true(push.p == NULL && push.len == 0);
	else
		assert_true(push.p == p + 2 && push.len == n - 2);
	assert_int_equal(script_output((struct span){p, n}, NULL), kind);
	free(p);
	return kind;
}

static void payments_are_00_14_and_a_key_hash(void **state)
{
	struct key_hash kh = {{1, 2, 3}};
	uint8_t script[SCRIPT_PAY_BYTES + 1] = {0};
	struct span push;

	(void)state;
	memset(kh.b + 3, 0xcc, 17);
	script_pay(script, &kh);
	assert_int_equal(script[0], 0x00);
	assert_int_equal(script[1], 0x14);
	assert_int_equal(script_output((struct span){script, 22}, &push), SCRIPT_PAY);
	assert_int_equal(push.len, 20);
	assert_memory_equal(push.p, kh.b, 20);
	for (size_t n = 0; n <= 23; n++)
		assert_int_equal(kind_of(script, n), n == 22 ? SCRIPT_PAY : SCRIPT_BAD);
	for (unsigned first = 1; first < 256; first++) {
		script[0] = (uint8_t)first;
		/* 6a 14 and 20 bytes is a memo. */
		assert_int_equal(kind_of(script, 22), first == 0x6a ? SCRIPT_MEMO : SCRIPT_BAD);
	}
	script[0] = 0;
	for (unsigned second = 0; second < 256; second++) {
		script[1] = (uint8_t)second;
		assert_int_equal(kind_of(script, 22), second == 0x14 ? SCRIPT_PAY : SCRIPT_BAD);
	}
}

static void memos_are_6a_a_length_and_as_many_bytes(void **state)
{
	uint8_t script[300], memo[SCRIPT_MEMO_MAX];

	(void)state;
	memset(memo, 0x33, sizeof(memo));
	for (size_t n = 1; n <= SCRIPT_MEMO_MAX; n++) {
		assert_int_equal(script_memo(script, memo, n), n + 2);
		assert_int_equal(script[0], 0x6a);
		assert_int_equal(script[1], n);
		assert_int_equal(kind_of(script, n + 2), SCRIPT_MEMO);
		assert_int_equal(kind_of(script, n + 1), SCRIPT_BAD);
		script[n + 2] = 0;
		assert_int_equal(kind_of(script, n + 3), SCRIPT_BAD);
	}
	/* Just out of range: 0 and 76 bytes, otherwise well-formed. */
	memset(script, 0, sizeof(script));
	script[0] = 0x6a;
	assert_int_equal(kind_of(script, 2), SCRIPT_BAD);
	script[1] = SCRIPT_MEMO_MAX + 1;
	assert_int_equal(kind_of(script, SCRIPT_MEMO_MAX + 3), SCRIPT_BAD);
	script[1] = 255;
	assert_int_equal(kind_of(script, 257), SCRIPT_BAD);
	script[1] = 1; /* 259 - 2 ends in the byte 1 */
	assert_int_equal(kind_of(script, 259), SCRIPT_BAD);
}

static void bitcoins_scripts_are_not_valid_here(void **state)
{
	static const uint8_t p2wsh[34] = {0x00, 0x20}, p2tr[34] = {0x51, 0x20};
	static const uint8_t p2pkh[25] = {0x76, 0xa9, 0x14, [23] = 0x88, 0xac};
	static const uint8_t memo_by_pushdata[] = {0x6a, 0x4c, 1, 'x'};

	(void)state;
	assert_int_equal(kind_of(p2wsh, sizeof(p2wsh)), SCRIPT_BAD);
	assert_int_equal(kind_of(p2tr, sizeof(p2tr)), SCRIPT_BAD);
	assert_int_equal(kind_of(p2pkh, sizeof(p2pkh)), SCRIPT_BAD);
	assert_int_equal(kind_of(memo_by_pushdata, sizeof(memo_by_pushdata)), SCRIPT_BAD);
}

static void input_scripts_hold_signature_and_key_exactly(void **state)
{
	uint8_t script[SCRIPT_INPUT_BYTES + 1] = {0};
	struct signature sig, sig2;
	struct pubkey pub, pub2;

	(void)state;
	for (int i = 0; i < 64; i++)
		sig.b[i] = (uint8_t)(i + 1);
	for (int i = 0; i < 32; i++)
		pub.b[i] = (uint8_t)(i + 101);
	script_input(script, &sig, &pub);
	assert_int_equal(script[0], 0x40);
	assert_int_equal(script[65], 0x20);
	assert_true(script_input_parse((struct span){script, 98}, &sig2, &pub2));
	assert_memory_equal(&sig, &sig2, 64);
	assert_memory_equal(&pub, &pub2, 32);
	for (size_t n = 0; n <= 99; n++) {
		uint8_t *p = mem_alloc(n);

		if (n)
			memcpy(p, script, n);
		assert_int_equal(script_input_parse((struct span){p, n}, &sig2, &pub2), n == 98);
		free(p);
	}
	for (unsigned b = 0; b < 256; b++) {
		script[0] = (uint8_t)b;
		assert_int_equal(script_input_parse((struct span){script, 98}, &sig2, &pub2),
				 b == 0x40);
		script[0] = 0x40;
		script[65] = (uint8_t)b;
		assert_int_equal(script_input_parse((struct span){script, 98}, &sig2, &pub2),
				 b == 0x20);
		script[65] = 0x20;
	}
}

/* BIP 34: "the first byte is number of bytes in the number, followed by the little-endian
 * representation"; small numbers as Bitcoin Core's CScript::push_int64 has them. Block
 * 227,931, the first block that had to, begins with 03 5b 7a 03. */
static void heights_are_pushed_as_bitcoins_script_does(void **state)
{
	static const struct {
		uint32_t height;
		size_t n;
		uint8_t b[6];
	} cases[] = {
		{0, 1, {0x00}},
		{1, 1, {0x51}},
		{2, 1, {0x52}},
		{16, 1, {0x60}},
		{17, 2, {1, 17}},
		{127, 2, {1, 0x7f}},
		{128, 3, {2, 0x80, 0x00}},
		{255, 3, {2, 0xff, 0x00}},
		{256, 3, {2, 0x00, 0x01}},
		{32767, 3, {2, 0xff, 0x7f}},
		{32768, 4, {3, 0x00, 0x80, 0x00}},
		{65535, 4, {3, 0xff, 0xff, 0x00}},
		{65536, 4, {3, 0x00, 0x00, 0x01}},
		{227931, 4, {3, 0x5b, 0x7a, 0x03}},
		{8388607, 4, {3, 0xff, 0xff, 0x7f}},
		{8388608, 5, {4, 0x00, 0x00, 0x80, 0x00}},
		{16777216, 5, {4, 0x00, 0x00, 0x00, 0x01}},
		{0x7fffffff, 5, {4, 0xff, 0xff, 0xff, 0x7f}},
		{0x80000000, 6, {5, 0x00, 0x00, 0x00, 0x80, 0x00}},
		{0xffffffff, 6, {5, 0xff, 0xff, 0xff, 0xff, 0x00}},
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint8_t out[SCRIPT_HEIGHT_MAX];

		assert_int_equal(script_height(out, cases[i].height), cases[i].n);
		assert_memory_equal(out, cases[i].b, cases[i].n);
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(payments_are_00_14_and_a_key_hash),
		cmocka_unit_test(memos_are_6a_a_length_and_as_many_bytes),
		cmocka_unit_test(bitcoins_scripts_are_not_valid_here),
		cmocka_unit_test(input_scripts_hold_signature_and_key_exactly),
		cmocka_unit_test(heights_are_pushed_as_bitcoins_script_does),
	};

	return cmocka_run_group_tests_name("script", tests, NULL, NULL);
}
