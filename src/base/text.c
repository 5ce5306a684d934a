#include <tally/base/text.h>

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>

void hex_encode(char *out, const void *bytes, size_t n)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *p = bytes;

	for (size_t i = 0; i < n; i++) {
		*out++ = digits[p[i] >> 4];
		*out++ = digits[p[i] & 15];
	}
	*out = '\0';
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Stops at the first byte that is not a digit, so that it never reads past the end of the string. */
bool hex_decode(void *out, size_t n, const char *hex)
{
	uint8_t *p = out;

	for (size_t i = 0; i < n; i++) {
		int hi = hex_digit(hex[0]);
		int lo = hi < 0 ? -1 : hex_digit(hex[1]);

		if (lo < 0)
			return false;
		p[i] = (uint8_t)(hi << 4 | lo);
		hex += 2;
	}
	return *hex == '\0';
}

bool hex_decode_alloc(uint8_t **out, size_t *len, const char *hex, size_t max)
{
	size_t n = strlen(hex);
	uint8_t *p;

	if (n % 2 || n / 2 > max)
		return false;
	p = mem_try(n / 2);
	if (!p)
		return false;
	if (!hex_decode(p, n / 2, hex)) {
		free(p);
		return false;
	}
	*out = p;
	*len = n / 2;
	return true;
}

/* The length in bytes of the character at p, and its code point; 0: malformed.
 * Source: Unicode 15, table 3-7 (well-formed UTF-8 byte sequences). */
static size_t utf8_char(const uint8_t *p, size_t n, uint32_t *cp)
{
	uint8_t lo = 0x80, hi = 0xbf;
	size_t len;

	if (p[0] < 0x80) {
		*cp = p[0];
		return 1;
	}
	if (p[0] >= 0xc2 && p[0] <= 0xdf)
		len = 2;
	else if (p[0] >= 0xe0 && p[0] <= 0xef)
		len = 3;
	else if (p[0] >= 0xf0 && p[0] <= 0xf4)
		len = 4;
	else
		return 0;
	if (n < len)
		return 0;
	if (p[0] == 0xe0)
		lo = 0xa0; /* smaller: overlong */
	else if (p[0] == 0xed)
		hi = 0x9f; /* greater: a surrogate */
	else if (p[0] == 0xf0)
		lo = 0x90; /* smaller: overlong */
	else if (p[0] == 0xf4)
		hi = 0x8f; /* greater: above U+10FFFF */
	if (p[1] < lo || p[1] > hi)
		return 0;
	*cp = (uint32_t)(p[0] & (0xff >> (len + 1))) << 6 | (p[1] & 0x3f);
	for (size_t i = 2; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (p[i] & 0x3f);
	}
	return len;
}

static bool is_control(uint32_t cp)
{
	return cp < 0x20 || (cp >= 0x7f && cp <= 0x9f);
}

/* Marks, overrides and isolates of the writing direction; line and paragraph separators. */
static bool is_direction(uint32_t cp)
{
	return cp == 0x61c || cp == 0x200e || cp == 0x200f || (cp >= 0x2028 && cp <= 0x202e) ||
	       (cp >= 0x2066 && cp <= 0x2069);
}

static bool is_unplain(uint32_t cp)
{
	return is_control(cp) || is_direction(cp);
}

/* refused: which characters make the text invalid; NULL: none. */
static bool utf8_check(const uint8_t *p, size_t n, bool (*refused)(uint32_t cp))
{
	while (n) {
		uint32_t cp;
		size_t len = utf8_char(p, n, &cp);

		if (!len || (refused && refused(cp)))
			return false;
		p += len;
		n -= len;
	}
	return true;
}

bool utf8_valid(const void *bytes, size_t n)
{
	return utf8_check(bytes, n, NULL);
}

bool utf8_printable(const void *bytes, size_t n)
{
	return utf8_check(bytes, n, is_control);
}

bool utf8_plain(const void *bytes, size_t n)
{
	return utf8_check(bytes, n, is_unplain);
}

void utf8_sanitise(char *out, size_t out_size, const void *bytes, size_t n)
{
	const uint8_t *p = bytes;
	size_t at = 0;

	if (!out_size)
		return;
	while (n) {
		uint32_t cp;
		size_t len = utf8_char(p, n, &cp);
		bool bad = !len || is_unplain(cp);
		size_t wide = bad ? 1 : len;

		if (wide > out_size - 1 - at)
			break;
		if (bad)
			out[at] = '?';
		else
			memcpy(out + at, p, len);
		at += wide;
		p += len ? len : 1;
		n -= len ? len : 1;
	}
	out[at] = '\0';
}

char *utf8_escape(const char *text)
{
	size_t n = strlen(text), at = 0;
	const uint8_t *p = (const uint8_t *)text;
	/* A byte becomes at most the six characters \uXXXX. */
	char *out = mem_array(n + 1, 6);

	while (n) {
		uint32_t cp = *p;
		size_t len = utf8_char(p, n, &cp);

		if (len && (*p == '\n' || !is_unplain(cp))) {
			memcpy(out + at, p, len);
			at += len;
		} else {
			at += (size_t)snprintf(out + at, 7, "\\u%04x", (unsigned)cp);
		}
		p += len ? len : 1;
		n -= len ? len : 1;
	}
	out[at] = '\0';
	return out;
}

static bool parse_digits(const char *s, unsigned base, uint64_t lo, uint64_t hi, uint64_t *out)
{
	uint64_t v = 0;

	if (!*s)
		return false;
	for (; *s; s++) {
		int d = hex_digit(*s);

		if (d < 0 || (unsigned)d >= base || !checked_mul(&v, v, (uint64_t)base) ||
		    !checked_add(&v, v, (uint64_t)d))
			return false;
	}
	if (v < lo || v > hi)
		return false;
	*out = v;
	return true;
}

bool parse_u64(const char *s, uint64_t lo, uint64_t hi, uint64_t *out)
{
	return parse_digits(s, 10, lo, hi, out);
}

bool parse_u64_any(const char *s, uint64_t lo, uint64_t hi, uint64_t *out)
{
	if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X'))
		return parse_digits(s + 2, 16, lo, hi, out);
	return parse_digits(s, 10, lo, hi, out);
}

bool parse_flag(const char *s, bool *out)
{
	static const char *const yes[] = {"1", "true", "yes", "on"}, *const no[] = {"0", "false",
										    "no", "off"};

	for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
		*out = strcmp(s, yes[i]) == 0;
		if (*out || strcmp(s, no[i]) == 0)
			return true;
	}
	return false;
}

size_t option_dashes(const char *word)
{
	return word[0] != '-' ? 0 : word[1] != '-' ? 1 : 2;
}

void text_append(char *buf, size_t size, const char *fmt, ...)
{
	size_t at = strnlen(buf, size);
	va_list ap;

	if (at >= size)
		return;
	va_start(ap, fmt);
	vsnprintf(buf + at, size - at, fmt, ap);
	va_end(ap);
}

#define WORD_MAX 63

/* Edit distance: the number of letters inserted, deleted, replaced or swapped with their neighbour.
 * SIZE_MAX if a word is longer than WORD_MAX. Source: optimal string alignment, Boytsov 2011, "Indexing
 * methods for approximate dictionary searching". */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1]; /* of this letter of a and of the two before it */
	const size_t n = strlen(b);

	if (n > WORD_MAX || strlen(a) > WORD_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= n; j++)
		rows[0][j] = j;
	for (size_t i = 1; a[i - 1]; i++) {
		size_t *row = rows[i % 3], *last = rows[(i + 2) % 3], *before = rows[(i + 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= n; j++) {
			row[j] = MIN(MIN(last[j] + 1, row[j - 1] + 1),
				     last[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = MIN(row[j], before[j - 2] + 1);
		}
	}
	return rows[strlen(a) % 3][n];
}

void nearest_try(struct nearest *n, const char *word)
{
	const size_t d = distance(n->to, word);

	/* One edit per three letters, at most two. With more, a short word would match too many
	 * others. */
	if ((n->word && d >= n->distance) || d > MIN(strlen(n->to) / 3, 2))
		return;
	n->distance = d;
	n->word = word;
}
