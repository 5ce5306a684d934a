/* Help, and text shown instead of the panels. */
#include <tui/view_priv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/node/command.h>

#define HELP_BYTES 16384

static void help_verbs(char *text)
{
	const struct verb *v;
	size_t group = 0, at = 0;
	char usage[256];

	text_append(text, HELP_BYTES, "\nCommands, behind :\n");
	while ((v = verb_next(&group, &at))) {
		if (!(v->flags & VERB_PROMPT))
			continue;
		line_usage(v->name, usage, sizeof(usage));
		text_append(text, HELP_BYTES, "  %s\n", usage);
	}
	text_append(
		text, HELP_BYTES,
		"  An address may be a label: alice, or @alice where it begins like an address.\n"
		"  '!' behind a command does it unasked: send! alice 5. Text with blanks goes in "
		"quotes: memo=\"for lunch\".\n");
}

char *help_text(void)
{
	char *text = mem_zalloc(HELP_BYTES);

	for (int s = 0; s < KEYS_SECTIONS; s++) {
		text_append(text, HELP_BYTES, "%s%s\n", s ? "\n" : "", key_section_names[s]);
		for (size_t i = 0; i < n_key_rows; i++)
			if ((int)key_rows[i].section == s)
				text_append(text, HELP_BYTES, "  %-12s %s\n", key_rows[i].shown,
					    key_rows[i].help);
	}
	text_append(
		text, HELP_BYTES,
		"\nMarks\n"
		"  n3000 FULL   this node's number, and what it does: FULL, or MINER\n"
		"  h12 00e1..b1 height and hash of its best block, and how old that is\n"
		"  4p 3tx       peers, and transactions that wait for a block\n"
		"  48.50+2.00   coins to spend, and coins that are coming\n"
		"  i o m f      a peer that came in, was dialled, by hand, or to see whether it is there\n"
		"  :3001        the port where a peer listens, where it has told; else the one it came from\n"
		"  1041!        a peer whose best block is not ours\n"
		"  < >          a message in, out, and the peer's number\n"
		"  * o \\        the tip, a block below it, a block beside the best chain\n");
	help_verbs(text);
	return text;
}

/* A text taken apart into lines of at most so many columns, broken at words; what goes on of a line stands below its
 * second column, or as far in as it began. */
struct wrap {
	const char *at; /* what is not taken yet */
	int width, hang;
	bool goes_on; /* within a line of the text */
};

/* Where the words of "  key   what it does" begin; else how far in the line begins. */
static int hanging(const char *line, int width)
{
	const int in = (int)strspn(line, " "), end = (int)strcspn(line, "\n");
	const char *gap = memmem(line + in, (size_t)(end - in), "  ", 2);
	int hang = in;

	if (in > 0 && gap)
		hang = (int)(gap - line) + (int)strspn(gap, " ");
	return hang < width / 2 ? hang : 0;
}

/* The bytes of one line from p on, columns counted; those of the break are left out. */
static size_t one_line(const char *p, int width)
{
	const char *at = p, *space = NULL;
	int cols = 0;

	while (*at && *at != '\n') {
		const char *next = at;
		const int w = wcwidth((wchar_t)utf8_next(&next));

		if (cols > 0 && cols + (w > 0 ? w : 1) > width)
			return (size_t)((space ? space : at) - p);
		if (*at == ' ' && at > p && at[-1] != ' ' && cols > 0)
			space = at;
		cols += w > 0 ? w : 1;
		at = next;
	}
	return (size_t)(at - p);
}

/* False at the end. *line, *bytes: the line; *in: how far in it stands. */
static bool wrap_next(struct wrap *w, const char **line, size_t *bytes, int *in)
{
	if (!*w->at)
		return false;
	if (!w->goes_on)
		w->hang = hanging(w->at, w->width);
	*in = w->goes_on ? w->hang : 0;
	*line = w->at;
	*bytes = one_line(w->at, w->width - *in);
	w->at += *bytes;
	w->goes_on = *w->at != '\n' && *w->at;
	if (w->goes_on)
		w->at += strspn(w->at, " ");
	else if (*w->at)
		w->at++;
	return true;
}

static size_t count_lines(const char *text, int width)
{
	struct wrap w = {.at = text, .width = width};
	const char *line;
	size_t n = 0, bytes;
	int in;

	while (wrap_next(&w, &line, &bytes, &in))
		n++;
	return n;
}

void overlay_where(struct row *r, const struct model *m)
{
	const struct overlay_state *o = &m->over;

	if (o->lines <= o->page)
		row_text(r, ROLE_DIM, "q goes back");
	else
		row_printf(r, ROLE_DIM, "lines %zu-%zu of %zu: j k Space scroll, q goes back",
			   o->top + 1, o->top + o->page, o->lines);
}

void overlay_draw(struct canvas *c, const struct layout *l, struct model *m)
{
	const struct rect frame = l->body, in = layout_inner(l, &frame);
	struct overlay_state *o = &m->over;
	struct wrap w = {.at = o->text, .width = in.w > 1 ? in.w - 1 : 1};
	const char *line;
	size_t bytes;
	int hang;

	if (l->boxes) {
		struct row title = {c, frame.x + 2, frame.y, frame.x + frame.w - 2, 0};

		canvas_box(c, &frame, ROLE_FOCUS);
		row_printf(&title, ROLE_FOCUS | STYLE_BOLD, " %s ", o->title);
	}
	o->page = in.h > 0 ? (size_t)in.h : 0;
	o->lines = count_lines(o->text, w.width);
	if (o->top + o->page > o->lines)
		o->top = o->lines > o->page ? o->lines - o->page : 0;
	for (size_t i = 0; i < o->top + o->page && wrap_next(&w, &line, &bytes, &hang); i++) {
		struct row row = {c, in.x + (l->boxes ? 1 : 0), in.y + (int)(i - o->top),
				  in.x + in.w, 0};

		if (i < o->top)
			continue;
		row_gap(&row, hang);
		row_printf(&row,
			   bytes && hang == 0 && line[0] != ' ' && o->kind == OVERLAY_HELP
				   ? ROLE_TITLE
				   : ROLE_NORMAL,
			   "%.*s", (int)bytes, line);
	}
}
