/* Breaks a text into lines of a width, at words. */
#ifndef TALLY_TUI_MODEL_WRAP_PRIV_H
#define TALLY_TUI_MODEL_WRAP_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct wrap {
	const char *at;  /* the rest of the text */
	int width;       /* columns */
	int hang;        /* indent of the rest of a broken line */
	bool continuing; /* `at` is within a line of the text */
};

struct wrapped_line {
	const char *text; /* in the text, not terminated */
	size_t bytes;
	int indent; /* columns before it: 0, or wrap.hang */
};

/* wrap holds .at and .width. False at the end of the text. */
bool wrap_next(struct wrap *w, struct wrapped_line *line);
size_t wrap_count(const char *text, int width);

#endif
