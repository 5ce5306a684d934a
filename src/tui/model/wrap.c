#include "tui/model/wrap_priv.h"

#include <string.h>

#include "tui/term/canvas_priv.h"

/* The indent for the rest of a broken line: the place where the second column of a line such as "
 * key   what it does" begins, or else the indent of the line itself. */
static int hanging_indent(const char *line, int width)
{
	const int in = (int)strspn(line, " "), end = (int)strcspn(line, "\n");
	const char *gap = memmem(line + in, (size_t)(end - in), "  ", 2);
	int hang = in;

	if (in > 0 && gap)
		hang = (int)(gap - line) + (int)strspn(gap, " ");
	return hang < width / 2 ? hang : 0;
}

bool wrap_next(struct wrap *w, struct wrapped_line *line)
{
	if (!*w->at)
		return false;
	if (!w->continuing)
		w->hang = hanging_indent(w->at, w->width);
	line->indent = w->continuing ? w->hang : 0;
	line->text = w->at;
	line->bytes = canvas_line_bytes(w->at, w->width - line->indent);
	w->at += line->bytes;
	w->continuing = *w->at != '\n' && *w->at;
	if (w->continuing)
		w->at += strspn(w->at, " ");
	else if (*w->at)
		w->at++;
	return true;
}

size_t wrap_count(const char *text, int width)
{
	struct wrap w = {.at = text, .width = width};
	struct wrapped_line line;
	size_t n = 0;

	while (wrap_next(&w, &line))
		n++;
	return n;
}
