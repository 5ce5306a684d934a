/* Printing and reading the result of a command, which is a JSON tree or finished JSON text
 * (json_stream.c). */
#ifndef TALLY_RPC_JSON_RESULT_H
#define TALLY_RPC_JSON_RESULT_H

#include <stddef.h>

#include <jansson.h>

/* The result as JSON text (free it). flags: JSON_COMPACT, or JSON_INDENT for a person. NULL: it
 * can't be printed. */
char *json_result_text(const json_t *v, size_t flags);
/* The result as a JSON tree to look into. Returns a new reference; NULL: it can't be parsed. */
json_t *json_result_value(json_t *v);
/* The result's text if it is finished JSON text (compact, borrowed); NULL: it is a tree. */
const char *json_result_ready(const json_t *v);
/* Breaks compact JSON into indented lines. Numbers stay as they are written. mem_alloc'ed. */
char *json_on_lines(const char *compact);

#endif
