/* Results that are JSON text already, made piece by piece: so that of a long one no tree need be held, nor printed at
 * once. On the way they are a text behind a NUL, which none from outside is, and a mark. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define MARK '\x02'

const char *json_stream_text(const json_t *v)
{
	const char *s = json_string_value(v);

	return s && !*s && json_string_length(v) > 1 && s[1] == MARK ? s + 2 : NULL;
}

void json_stream_begin(struct writer *w, const char *raw)
{
	writer_init(w);
	put_u8(w, 0);
	put_u8(w, MARK);
	json_stream_raw(w, raw);
}

void json_stream_raw(struct writer *w, const char *raw)
{
	put_bytes(w, raw, strlen(raw));
}

static void separate(struct writer *w)
{
	if (!strchr("[{:\x02", w->buf[w->len - 1]))
		put_u8(w, ',');
}

void json_stream_key(struct writer *w, const char *key)
{
	separate(w);
	put_u8(w, '"');
	json_stream_raw(w, key);
	json_stream_raw(w, "\":");
}

void json_stream_json(struct writer *w, json_t *take_v)
{
	char *text = command_json(take_v, JSON_COMPACT);

	separate(w);
	json_stream_raw(w, text);
	free(text);
	json_decref(take_v);
}

void json_stream_open(struct writer *w, json_t *take_object)
{
	json_stream_json(w, take_object);
	w->len--; /* its last bracket */
}

void json_stream_hex(struct writer *w, struct span bytes)
{
	char *hex = mem_alloc(bytes.len * 2 + 1);

	separate(w);
	hex_encode(hex, bytes.p, bytes.len);
	put_u8(w, '"');
	put_bytes(w, hex, bytes.len * 2);
	put_u8(w, '"');
	free(hex);
}

json_t *json_stream_result(struct writer *w)
{
	json_t *v = json_stringn_nocheck((const char *)w->buf, w->len);

	writer_clear(w);
	return v;
}

json_t *command_value(json_t *v)
{
	const char *text = json_stream_text(v);

	return text ? json_loads(text, JSON_DECODE_ANY, NULL) : json_incref(v);
}

/* A line's end, and how far the next one is set in. */
static void new_line(struct writer *w, int depth)
{
	put_u8(w, '\n');
	while (depth-- > 0)
		json_stream_raw(w, "  ");
}

char *json_on_lines(const char *s)
{
	struct writer w;
	int depth = 0;
	bool text = false;

	writer_init(&w);
	for (; *s; s++) {
		const bool opens = *s == '{' || *s == '[', closes = *s == '}' || *s == ']';

		if (text || (!opens && !closes && *s != ',' && *s != ':')) {
			text ^= *s == '"';
			put_u8(&w, (uint8_t)*s);
			if (text && *s == '\\' && s[1])
				put_u8(&w, (uint8_t) * ++s);
		} else if (opens && s[1] == *s + 2) {
			put_bytes(&w, s++, 2);
		} else if (closes) {
			new_line(&w, --depth);
			put_u8(&w, (uint8_t)*s);
		} else if (*s == ':') {
			json_stream_raw(&w, ": ");
		} else {
			put_u8(&w, (uint8_t)*s);
			depth += opens;
			new_line(&w, depth);
		}
	}
	put_u8(&w, 0);
	return (char *)writer_take(&w, &(size_t){0});
}
