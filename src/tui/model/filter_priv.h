/* Filters: terms that must all hold. The help page describes them. */
#ifndef TALLY_TUI_MODEL_FILTER_PRIV_H
#define TALLY_TUI_MODEL_FILTER_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#define FILTER_BYTES 128 /* a longer filter is cut */
/* Rows show hashes and addresses shortened. A field's value of at least this length, or with a ':'
 * in it, is one of these: its beginning is enough for a filter, and a search for the full value
 * finds it. */
#define FILTER_LONG_VALUE_CHARS 16

/* `words`: a row in words, separated by blanks, fields as name=value. */
bool filter_passes(const char *filter, const char *words);
/* True if no row can pass the filter, because a term names an unknown field or compares with
 * something that is not a number. Writes an error message about the first such term to `out`. */
bool filter_find_error(const char *filter, const char *fields, char *out, size_t size);

#endif
