/* Breaks a text at blanks into lines of a given width. */
#ifndef TALLY_TUI_MODEL_WRAP_PRIV_H
#define TALLY_TUI_MODEL_WRAP_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct wrap {
	const char *at;  /* the text that is not broken yet */
	int width;       /* columns */
	int hang;        /* columns by which the rest of a broken line is indented */
	bool continuing; /* `at` stands within a line of the text, not at its beginning */
};

struct wrapped_line {
	const char *text; /* points into the text; not NUL-terminated */
	size_t bytes;
	int indent; /* blank columns to draw before it */
};

/* The caller sets at and width before the first call. False at the end of the text. */
bool wrap_next(struct wrap *w, struct wrapped_line *line);
size_t wrap_count(const char *text, int width);

#endif
