/* Results written as JSON text piece by piece. */
#include "rpc/json_stream_priv.h"

#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/rpc/json_amount.h>

#include "rpc/json_result_priv.h"

void json_stream_begin(struct writer *w, const char *raw)
{
	writer_init(w);
	put_u8(w, 0);
	put_u8(w, JSON_RESULT_READY);
	json_stream_raw(w, raw);
}

void json_stream_raw(struct writer *w, const char *raw)
{
	put_bytes(w, raw, strlen(raw));
}

/* Puts a comma before the next value, unless that value follows its key or is the first one of the
 * text, of an array or of an object. */
static void separate(struct writer *w)
{
	static const char first_after[] = {'[', '{', ':', JSON_RESULT_READY};

	if (!memchr(first_after, w->buf[w->len - 1], sizeof(first_after)))
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
	char *text = json_amount_print(take_v, JSON_COMPACT);

	separate(w);
	json_stream_raw(w, text);
	free(text);
	json_decref(take_v);
}

void json_stream_open(struct writer *w, json_t *take_object)
{
	json_stream_json(w, take_object);
	w->len--; /* the closing brace */
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

void json_stream_clear(void *arg)
{
	writer_clear(arg);
}
