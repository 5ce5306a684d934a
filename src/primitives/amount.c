#include <tally/primitives/amount.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/checked.h>

#define PLACES 8

bool amount_valid(int64_t a)
{
	return a >= 0 && a <= MAX_MONEY;
}

bool amount_add(int64_t *sum, int64_t a)
{
	if (!amount_valid(*sum) || !amount_valid(a) || !amount_valid(*sum + a))
		return false;
	*sum += a;
	return true;
}

static bool bad(struct err *e, const char *text, const char *wrong, const char *right)
{
	return err_set(e, ERR_USAGE, "bad-amount", "'%.40s' %s: %s", text, wrong, right);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* v = v * 10 + digit, but at most slightly over MAX_MONEY, so that no number of digits overflows. */
static void shift_in(int64_t *v, int digit)
{
	*v = MIN(*v * 10 + digit, MAX_MONEY + 1);
}

bool amount_parse(int64_t *out, const char *text, bool zero_ok, struct err *e)
{
	static const char form[] = "give coins as a decimal number, such as 12.5";
	const char *s = text;
	int64_t units = 0;
	size_t places = 0;

	if (!*s)
		return err_set(e, ERR_USAGE, "bad-amount", "the amount is empty: %s", form);
	if (*s == '-' && is_digit(s[1]))
		return bad(e, text, "is negative", zero_ok ? "give 0 or more" : "give more than 0");
	if (!is_digit(*s))
		return bad(e, text, "is not an amount", form);
	for (; is_digit(*s); s++)
		shift_in(&units, *s - '0');
	if (*s == '.' && is_digit(s[1]))
		for (s++; is_digit(*s); s++, places++)
			if (places < PLACES)
				shift_in(&units, *s - '0');
	if (*s)
		return bad(e, text, "is not an amount", form);
	if (places > PLACES)
		return bad(e, text, "has too many decimals", "at most 8 places");
	for (; places < PLACES; places++)
		shift_in(&units, 0);
	if (units > MAX_MONEY)
		return bad(e, text, "is more than all coins", "at most 21000000");
	if (units == 0 && !zero_ok)
		return bad(e, text, "is not an amount", "give more than 0");
	*out = units;
	return true;
}

void amount_format_fixed(char out[AMOUNT_CHARS + 1], int64_t a)
{
	/* Unsigned, because the smallest int64_t has no positive counterpart. */
	uint64_t units = a < 0 ? -(uint64_t)a : (uint64_t)a;

	snprintf(out, AMOUNT_CHARS + 1, "%s%" PRIu64 ".%08" PRIu64, a < 0 ? "-" : "",
		 units / (uint64_t)COIN, units % (uint64_t)COIN);
}

void amount_format(char out[AMOUNT_CHARS + 1], int64_t a)
{
	size_t n;

	amount_format_fixed(out, a);
	for (n = strlen(out); out[n - 1] == '0'; n--)
		;
	if (out[n - 1] == '.')
		n--;
	out[n] = '\0';
}
