/* A result that is written as JSON text piece by piece, so that a long one needs neither a tree of
 * JSON values in memory nor a long turn of the loop to print it. */
#ifndef TALLY_RPC_JSON_STREAM_PRIV_H
#define TALLY_RPC_JSON_STREAM_PRIV_H

#include <jansson.h>

#include <tally/base/bytes.h>

/* Starts the text with `raw`: "[", "{" or more. */
void json_stream_begin(struct writer *w, const char *raw);
/* Appends `raw` as it is: brackets. The functions below put a comma first if one is needed. */
void json_stream_raw(struct writer *w, const char *raw);
void json_stream_key(struct writer *w, const char *key);      /* a member's name and ':' */
void json_stream_json(struct writer *w, json_t *take_v);      /* a value */
void json_stream_open(struct writer *w, json_t *take_object); /* without its closing brace */
void json_stream_hex(struct writer *w, struct span bytes);    /* a string of hex digits */
/* The finished text as a result for call_done. Clears w. */
json_t *json_stream_result(struct writer *w);
/* Clears the writer of an async_call whose arg begins with it (struct writer as the first
 * member). */
void json_stream_clear(void *arg);

#endif
