/* Amounts in JSON. jansson prints numbers as doubles: 0.1 or 0.10000000000000001, not
 * 0.10000000. */
#include <tally/rpc/json_amount.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In a jansson tree, an amount is a string that begins with a NUL, followed by the number as text.
 * No other string begins so: C strings can't, and jansson's parser refuses NULs in JSON from
 * outside. */
json_t *json_amount(int64_t units)
{
	char text[1 + AMOUNT_CHARS + 1] = "";

	amount_format_fixed(text + 1, units);
	return json_stringn(text, 1 + strlen(text + 1));
}

/* The number as text; NULL: v is not such a string. */
static const char *marked_text(const json_t *v)
{
	const char *s = json_string_value(v);

	return s && !*s && json_string_length(v) > 0 ? s + 1 : NULL;
}

bool json_amount_text(const json_t *v, char out[AMOUNT_CHARS + 1])
{
	int64_t units;
	const char *s = marked_text(v);

	if (s) {
		const bool minus = *s == '-';

		if (!amount_parse(&units, s + minus, true, NULL))
			return false;
		amount_format(out, minus ? -units : units);
		return true;
	}
	if (!json_is_number(v))
		return false;
	amount_format(out, llround(json_number_value(v) * 1e8));
	return true;
}

/* jansson prints the marked strings as "\u0000NUMBER": takes the quotes and the mark away. */
char *json_amount_print(const json_t *v, size_t flags)
{
	static const char mark[] = "\"\\u0000";
	char *text = json_dumps(v, flags | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
	char *from, *to;

	if (!text)
		return NULL;
	for (from = to = text; *from;) {
		if (*from != '"' || strncmp(from, mark, sizeof(mark) - 1) != 0) {
			*to++ = *from++;
			continue;
		}
		for (from += sizeof(mark) - 1; *from && *from != '"';)
			*to++ = *from++;
		from += *from == '"';
	}
	*to = '\0';
	return text;
}
