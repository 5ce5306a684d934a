#include "tui/model/filter_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <tally/base/mem.h>

static bool has_word(const char *words, const char *word, size_t n)
{
	for (const char *at = words; *at;) {
		size_t len = strcspn(at, " ");

		if (len == n && !strncasecmp(at, word, n))
			return true;
		at += len;
		at += strspn(at, " ");
	}
	return false;
}

/* The operators of terms, in the order of term_signs. Longer signs come first: ">=" must be tried
 * before ">". */
enum term_op { TERM_IS_NOT, TERM_LEAST, TERM_MOST, TERM_IS, TERM_LESS, TERM_MORE, TERM_WORD };
static const char *const term_signs[] = {"!=", ">=", "<=", "=", "<", ">"};

/* *n: the length of the field's name; *value: the text behind the sign. */
static enum term_op term_parse(const char *term, size_t *n, const char **value)
{
	*n = strcspn(term, "!=<>");
	*value = term;
	for (size_t i = 0; *n && i < ARRAY_LEN(term_signs); i++)
		if (strncmp(term + *n, term_signs[i], strlen(term_signs[i])) == 0) {
			*value = term + *n + strlen(term_signs[i]);
			return (enum term_op)i;
		}
	return TERM_WORD;
}

static bool is_number(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return end > text && (*end == ' ' || *end == '\0');
}

/* Does a field of this name hold a number for which `op` with `value` is true? */
static bool has_number(const char *words, const char *name, size_t n, enum term_op op,
		       const char *value)
{
	double want, is;

	if (!is_number(value, &want))
		return false;
	for (const char *at = words; *at; at += strcspn(at, " "), at += strspn(at, " ")) {
		if (strncasecmp(at, name, n) != 0 || at[n] != '=' || !is_number(at + n + 1, &is))
			continue;
		if (op == TERM_LESS   ? is < want
		    : op == TERM_MORE ? is > want
		    : op == TERM_MOST ? is <= want
				      : is >= want)
			return true;
	}
	return false;
}

/* A hash or an address can be given by its beginning, or as rows show it: "beginning..end". `is`
 * is the full value, of n bytes. */
static bool is_shortened(const char *value, size_t bytes, const char *is, size_t n)
{
	const char *gap = memmem(value, bytes, "..", 2);
	const size_t begin = gap ? (size_t)(gap - value) : bytes;
	const size_t end = gap ? bytes - begin - 2 : 0;

	if (n < FILTER_LONG_VALUE_CHARS && !memchr(is, ':', n))
		return false;
	return begin + end && begin + end <= n && !strncasecmp(is, value, begin) &&
	       !strncasecmp(is + n - end, value + bytes - end, end);
}

static bool has_value(const char *words, const char *name, size_t n, const char *value)
{
	const size_t bytes = strlen(value);

	for (const char *at = words; *at; at += strspn(at, " ")) {
		const size_t len = strcspn(at, " ");
		const char *is = len > n && at[n] == '=' ? at + n + 1 : NULL;

		if (is && !strncasecmp(at, name, n) &&
		    ((len - n - 1 == bytes && !strncasecmp(is, value, bytes)) ||
		     is_shortened(value, bytes, is, len - n - 1)))
			return true;
		at += len;
	}
	return false;
}

static bool term_passes(const char *term, const char *words)
{
	const char *value;
	size_t n;
	const enum term_op op = term_parse(term, &n, &value);

	switch (op) {
	case TERM_IS:
	case TERM_IS_NOT:
		return has_value(words, term, n, value) == (op == TERM_IS);
	case TERM_LESS:
	case TERM_MORE:
	case TERM_MOST:
	case TERM_LEAST:
		return has_number(words, term, n, op, value);
	case TERM_WORD:
		break;
	}
	if (term[0] == '!' && term[1])
		return !strcasestr(words, term + 1);
	return strcasestr(words, term) != NULL;
}

bool filter_passes(const char *filter, const char *words)
{
	char terms[FILTER_BYTES], *save, *term;

	snprintf(terms, sizeof(terms), "%s", filter);
	for (term = strtok_r(terms, " ", &save); term; term = strtok_r(NULL, " ", &save))
		if (!term_passes(term, words))
			return false;
	return true;
}

bool filter_find_error(const char *filter, const char *fields, char *out, size_t size)
{
	char terms[FILTER_BYTES], *save, *term;
	const char *value;
	double number;
	size_t n;

	snprintf(terms, sizeof(terms), "%s", filter);
	for (term = strtok_r(terms, " ", &save); term; term = strtok_r(NULL, " ", &save)) {
		const enum term_op op = term_parse(term, &n, &value);

		if (op == TERM_WORD)
			continue;
		if (!has_word(fields, term, n))
			snprintf(out, size, "unknown field '%.*s': the fields are %s", (int)n, term,
				 fields);
		else if (op != TERM_IS && op != TERM_IS_NOT && !is_number(value, &number))
			snprintf(out, size, "%s needs a number: %.*s%s5", term_signs[op], (int)n,
				 term, term_signs[op]);
		else
			continue;
		return true;
	}
	return false;
}
