/* The language of filters: terms that must all hold; see the help page. */
#ifndef TALLY_TUI_MODEL_FILTER_PRIV_H
#define TALLY_TUI_MODEL_FILTER_PRIV_H

#include <stdbool.h>
#include <stddef.h>

#define FILTER_BYTES 128 /* a longer filter is cut */
/* From this length on, or with a ':' in it, a field's value is one that rows show shortened (a hash, an address): it
 * passes by its beginning, and a search in full finds it. */
#define FILTER_LONG_VALUE_CHARS 16

/* `words`: a row in words, separated by blanks, fields as name=value. */
bool filter_passes(const char *filter, const char *words);
/* Writes what is wrong with the first term that no row with these fields can pass, and returns true: an unknown field, a
 * comparison with something that is not a number. */
bool filter_find_error(const char *filter, const char *fields, char *out, size_t size);

#endif
