#include <tally/primitives/script.h>

#include <assert.h>
#include <string.h>

/* The opcodes of Bitcoin that Tally uses. */
enum {
	OP_0 = 0x00,
	OP_1 = 0x51,
	OP_RETURN = 0x6a,
};

enum script_kind script_output(struct span script, struct span *push)
{
	const uint8_t *p = script.p;
	enum script_kind kind = SCRIPT_BAD;

	if (script.len == SCRIPT_PAY_BYTES && p[0] == OP_0 && p[1] == KEY_HASH_BYTES)
		kind = SCRIPT_PAY;
	else if (script.len >= 3 && script.len <= SCRIPT_MEMO_MAX + 2 && p[0] == OP_RETURN &&
		 p[1] == script.len - 2)
		kind = SCRIPT_MEMO;
	if (push)
		*push = kind == SCRIPT_BAD ? (struct span){0}
					   : (struct span){p + 2, script.len - 2};
	return kind;
}

void script_pay(uint8_t out[SCRIPT_PAY_BYTES], const struct key_hash *kh)
{
	out[0] = OP_0;
	out[1] = KEY_HASH_BYTES;
	memcpy(out + 2, kh->b, KEY_HASH_BYTES);
}

size_t script_memo(uint8_t out[SCRIPT_MEMO_MAX + 2], const void *memo, size_t n)
{
	assert(n >= 1 && n <= SCRIPT_MEMO_MAX);
	out[0] = OP_RETURN;
	out[1] = (uint8_t)n;
	memcpy(out + 2, memo, n);
	return n + 2;
}

bool script_input_parse(struct span script, struct signature *sig, struct pubkey *pub)
{
	const uint8_t *p = script.p;

	if (script.len != SCRIPT_INPUT_BYTES || p[0] != SIGNATURE_BYTES ||
	    p[1 + SIGNATURE_BYTES] != PUBKEY_BYTES)
		return false;
	memcpy(sig->b, p + 1, SIGNATURE_BYTES);
	memcpy(pub->b, p + 2 + SIGNATURE_BYTES, PUBKEY_BYTES);
	return true;
}

void script_input(uint8_t out[SCRIPT_INPUT_BYTES], const struct signature *sig,
		  const struct pubkey *pub)
{
	out[0] = SIGNATURE_BYTES;
	memcpy(out + 1, sig->b, SIGNATURE_BYTES);
	out[1 + SIGNATURE_BYTES] = PUBKEY_BYTES;
	memcpy(out + 2 + SIGNATURE_BYTES, pub->b, PUBKEY_BYTES);
}

size_t script_height(uint8_t out[SCRIPT_HEIGHT_MAX], uint32_t height)
{
	uint64_t v = height;
	size_t n = 0;

	if (height == 0) {
		out[0] = OP_0;
		return 1;
	}
	if (height <= 16) {
		out[0] = (uint8_t)(OP_1 + height - 1);
		return 1;
	}
	for (; v; v >>= 8)
		out[++n] = (uint8_t)v;
	/* The highest bit is the sign: an additional zero byte keeps the number positive. */
	if (out[n] & 0x80)
		out[++n] = 0;
	out[0] = (uint8_t)n;
	return n + 1;
}
