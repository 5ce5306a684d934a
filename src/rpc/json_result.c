/* Printing and reading the result of a command. */
#include <tally/rpc/json_result.h>

#include <stdlib.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>
#include <tally/rpc/json_amount.h>

#include "rpc/json_result_priv.h"

const char *json_result_ready(const json_t *v)
{
	const char *s = json_string_value(v);

	return s && !*s && json_string_length(v) > 1 && s[1] == JSON_RESULT_READY ? s + 2 : NULL;
}

char *json_result_text(const json_t *v, size_t flags)
{
	const char *ready = json_result_ready(v);

	if (!ready)
		return json_amount_print(v, flags);
	return flags & JSON_COMPACT ? mem_strdup(ready) : json_on_lines(ready);
}

json_t *json_result_value(json_t *v)
{
	const char *ready = json_result_ready(v);

	return ready ? json_loads(ready, JSON_DECODE_ANY, NULL) : json_incref(v);
}

char *json_result_string(const json_t *result)
{
	return mem_strdup(json_is_string(result) ? json_string_value(result) : "");
}

static void new_line(struct writer *w, int depth)
{
	put_u8(w, '\n');
	while (depth-- > 0)
		put_bytes(w, "  ", 2);
}

char *json_on_lines(const char *s)
{
	struct writer w;
	int depth = 0;
	bool in_string = false;

	writer_init(&w);
	for (; *s; s++) {
		const bool opens = *s == '{' || *s == '[', closes = *s == '}' || *s == ']';

		if (in_string || (!opens && !closes && *s != ',' && *s != ':')) {
			in_string ^= *s == '"';
			put_u8(&w, (uint8_t)*s);
			if (in_string && *s == '\\' && s[1])
				put_u8(&w, (uint8_t) * ++s);
		} else if (opens && s[1] == *s + 2) {
			put_bytes(&w, s++, 2); /* empty: '}' is '{' + 2, and ']' is '[' + 2 */
		} else if (closes) {
			new_line(&w, --depth);
			put_u8(&w, (uint8_t)*s);
		} else if (*s == ':') {
			put_bytes(&w, ": ", 2);
		} else {
			put_u8(&w, (uint8_t)*s);
			depth += opens;
			new_line(&w, depth);
		}
	}
	put_u8(&w, 0);
	return (char *)writer_take(&w, &(size_t){0});
}
