#include <tally/crypto/address.h>

#include <string.h>
#include <strings.h>

#define ADDRESS_VERSION 0
#define GROUPS          32 /* 20 bytes as 5-bit groups */

void address_encode(char out[ADDRESS_CHARS + 1], const struct key_hash *kh)
{
	uint8_t data[1 + GROUPS];
	size_t n;

	data[0] = ADDRESS_VERSION;
	bech32_convert(data + 1, &n, 5, kh->b, KEY_HASH_BYTES, 8, true);
	bech32_encode(out, ADDRESS_CHARS + 1, BECH32, ADDRESS_HRP, data, 1 + n);
}

static bool bad(struct err *e, const char *wrong, const char *right)
{
	return err_set(e, ERR_USAGE, "bad-address", "%s: %s", wrong, right);
}

bool address_decode(struct key_hash *out, const char *text, struct err *e)
{
	static const char form[] = "an address is tly1 and 39 letters and digits";
	uint8_t data[BECH32_MAX_CHARS], program[BECH32_MAX_CHARS];
	char hrp[84];
	size_t n, program_n;
	struct err why;

	if (!*text)
		return bad(e, "the address is empty", form);
	if (!bech32_decode(hrp, data, &n, BECH32, text, BECH32_MAX_CHARS, &why))
		return err_set(e, ERR_USAGE, "bad-address", "'%.*s' is not an address, %s: %s",
			       BECH32_MAX_CHARS, text, why.detail,
			       strcmp(why.token, "bech32-checksum")
				       ? form
				       : "look for a mistyped character");
	if (strcmp(hrp, ADDRESS_HRP))
		return err_set(
			e, ERR_USAGE, "bad-address",
			"'%.*s' is an address of another chain (%s): one of this chain begins "
			"with tly1",
			BECH32_MAX_CHARS, text, hrp);
	if (n < 1 || data[0] != ADDRESS_VERSION)
		return bad(e, "the address has an unknown version", "version 0 begins with tly1q");
	if (!bech32_convert(program, &program_n, 8, data + 1, n - 1, 5, false) ||
	    program_n != KEY_HASH_BYTES)
		return err_set(e, ERR_USAGE, "bad-address",
			       "the address has %zu characters: an address has %d", strlen(text),
			       ADDRESS_CHARS);
	memcpy(out->b, program, KEY_HASH_BYTES);
	return true;
}

bool address_looks_like(const char *text)
{
	return strncasecmp(text, ADDRESS_HRP "1", strlen(ADDRESS_HRP "1")) == 0;
}
