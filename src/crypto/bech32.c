/* The bech32 codec. Source: BIP 173, BIP 350. */
#include <tally/crypto/address.h>

#include <string.h>

#define CHECKSUM_CHARS 6
#define HRP_MAX        83

static const char charset[] = "qpzry9x8gf2tvdw0s3jn54khce6mua7l";

static uint32_t polymod(uint32_t chk, uint8_t v)
{
	static const uint32_t gen[5] = {0x3b6a57b2, 0x26508e6d, 0x1ea119fa, 0x3d4233dd, 0x2a1462b3};
	uint32_t top = chk >> 25;

	chk = (chk & 0x1ffffff) << 5 ^ v;
	for (int i = 0; i < 5; i++)
		if (top >> i & 1)
			chk ^= gen[i];
	return chk;
}

/* The state of the checksum after the expanded human-readable part. */
static uint32_t polymod_hrp(const char *hrp, size_t n)
{
	uint32_t chk = 1;

	for (size_t i = 0; i < n; i++)
		chk = polymod(chk, (uint8_t)hrp[i] >> 5);
	chk = polymod(chk, 0);
	for (size_t i = 0; i < n; i++)
		chk = polymod(chk, hrp[i] & 31);
	return chk;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

static char lower(char c)
{
	return is_upper(c) ? (char)(c + ('a' - 'A')) : c;
}

/* The state of a valid checksum after the last character. */
static uint32_t final_state(enum bech32_kind kind)
{
	return kind == BECH32M ? 0x2bc830a3 : 1;
}

bool bech32_encode(char *out, size_t out_size, enum bech32_kind kind, const char *hrp,
		   const uint8_t *data, size_t n)
{
	size_t hrp_n = strlen(hrp);
	uint32_t chk;

	if (hrp_n < 1 || hrp_n > HRP_MAX || n > SIZE_MAX / 2 ||
	    out_size < hrp_n + 1 + n + CHECKSUM_CHARS + 1)
		return false;
	for (size_t i = 0; i < hrp_n; i++)
		if (hrp[i] < 33 || hrp[i] > 126 || is_upper(hrp[i]))
			return false;
	for (size_t i = 0; i < n; i++)
		if (data[i] > 31)
			return false;
	chk = polymod_hrp(hrp, hrp_n);
	memcpy(out, hrp, hrp_n);
	out += hrp_n;
	*out++ = '1';
	for (size_t i = 0; i < n; i++) {
		chk = polymod(chk, data[i]);
		*out++ = charset[data[i]];
	}
	for (int i = 0; i < CHECKSUM_CHARS; i++)
		chk = polymod(chk, 0);
	chk ^= final_state(kind);
	for (int i = 0; i < CHECKSUM_CHARS; i++)
		*out++ = charset[chk >> (5 * (CHECKSUM_CHARS - 1 - i)) & 31];
	*out = '\0';
	return true;
}

/* All characters must be printable ASCII, all letters of one case. */
static bool check_characters(const char *text, size_t len, struct err *e)
{
	bool upper = false, low = false;

	for (size_t i = 0; i < len; i++) {
		if (text[i] < 33 || text[i] > 126)
			return err_set(e, ERR_DECODE, "bech32-character",
				       "character %zu is not printable ASCII", i + 1);
		upper = upper || is_upper(text[i]);
		low = low || is_lower(text[i]);
	}
	if (upper && low)
		return err_set(e, ERR_DECODE, "bech32-case", "upper and lower case are mixed");
	return true;
}

bool bech32_decode(char hrp[84], uint8_t *data, size_t *n, enum bech32_kind kind, const char *text,
		   size_t max_chars, struct err *e)
{
	size_t len = strlen(text), hrp_n, count = 0;
	const char *one;
	uint32_t chk;

	if (len > max_chars)
		return err_set(e, ERR_DECODE, "bech32-length",
			       "it has %zu characters: at most %zu are allowed", len, max_chars);
	if (!check_characters(text, len, e))
		return false;
	one = strrchr(text, '1');
	if (!one || one == text)
		return err_set(e, ERR_DECODE, "bech32-prefix", "there is no prefix before a 1");
	hrp_n = (size_t)(one - text);
	if (hrp_n > HRP_MAX)
		return err_set(e, ERR_DECODE, "bech32-prefix", "the prefix is too long");
	if (len - hrp_n - 1 < CHECKSUM_CHARS)
		return err_set(e, ERR_DECODE, "bech32-length", "it is too short");
	for (size_t i = 0; i < hrp_n; i++)
		hrp[i] = lower(text[i]);
	hrp[hrp_n] = '\0';
	chk = polymod_hrp(hrp, hrp_n);
	for (size_t i = hrp_n + 1; i < len; i++) {
		const char *at = strchr(charset, lower(text[i]));

		if (!at)
			return err_set(e, ERR_DECODE, "bech32-character",
				       "character %zu, '%c', is not one of %s", i + 1, text[i],
				       charset);
		data[count] = (uint8_t)(at - charset);
		chk = polymod(chk, data[count++]);
	}
	if (chk != final_state(kind))
		return err_set(e, ERR_DECODE, "bech32-checksum", "the checksum does not match");
	*n = count - CHECKSUM_CHARS;
	return true;
}

bool bech32_convert(uint8_t *out, size_t *out_n, unsigned to_bits, const uint8_t *in, size_t in_n,
		    unsigned from_bits, bool pad)
{
	uint32_t acc = 0, mask = (1u << to_bits) - 1;
	unsigned bits = 0;
	size_t n = 0;

	for (size_t i = 0; i < in_n; i++) {
		if (in[i] >> from_bits)
			return false;
		acc = (acc << from_bits | in[i]) & 0xffff;
		bits += from_bits;
		while (bits >= to_bits) {
			bits -= to_bits;
			out[n++] = (uint8_t)(acc >> bits & mask);
		}
	}
	if (pad) {
		if (bits)
			out[n++] = (uint8_t)(acc << (to_bits - bits) & mask);
	} else if (bits >= from_bits || (acc << (to_bits - bits) & mask)) {
		return false;
	}
	*out_n = n;
	return true;
}
