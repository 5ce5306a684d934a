/* Help, and text shown instead of the panels. */
#include <tui/view_priv.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	text_append(text, HELP_BYTES,
		    "  An address may be a label: @alice. '!' behind a command does it unasked.\n");
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
	text_append(text, HELP_BYTES,
		    "\nMarks\n"
		    "  i o m        a peer that came in, was dialled, was dialled by hand\n"
		    "  1041!        a peer whose best block is not ours\n"
		    "  < >          a message in, out, and the peer's number\n"
		    "  * o \\        the tip, a block below it, a block beside the best chain\n");
	help_verbs(text);
	return text;
}

/* How many lines a text takes where one has `width` columns, and the one asked for. */
static size_t wrap(const char *text, int width, size_t want, char *out, size_t size)
{
	size_t lines = 0;
	const size_t most = width > 0 ? (size_t)width : 1;

	out[0] = '\0';
	while (*text) {
		const size_t len = strcspn(text, "\n");
		size_t at = 0;

		do {
			size_t take = len - at > most ? most : len - at;

			while (at + take < len && take > 1 &&
			       ((unsigned char)text[at + take] & 0xc0) == 0x80)
				take--;
			if (lines++ == want)
				snprintf(out, size, "%.*s", (int)take, text + at);
			at += take;
		} while (at < len);
		text += len + (text[len] == '\n');
	}
	return lines;
}

void overlay_draw(struct canvas *c, const struct layout *l, struct model *m)
{
	const struct rect frame = l->body, in = layout_inner(l, &frame);
	struct overlay_state *o = &m->over;
	char line[CANVAS_MAX * 4 + 1];

	if (l->boxes) {
		struct row title = {c, frame.x + 2, frame.y, frame.x + frame.w - 2, 0};

		canvas_box(c, &frame, ROLE_FOCUS);
		row_printf(&title, ROLE_FOCUS | STYLE_BOLD, " %s ", o->title);
	}
	o->page = in.h > 0 ? (size_t)in.h : 0;
	o->lines = wrap(o->text, in.w - 1, SIZE_MAX, line, sizeof(line));
	if (o->top + o->page > o->lines)
		o->top = o->lines > o->page ? o->lines - o->page : 0;
	for (int y = 0; y < in.h; y++) {
		struct row row = {c, in.x + (l->boxes ? 1 : 0), in.y + y, in.x + in.w, 0};

		if (o->top + (size_t)y >= o->lines)
			break;
		wrap(o->text, in.w - 1, o->top + (size_t)y, line, sizeof(line));
		row_text(&row,
			 line[0] && line[0] != ' ' && o->kind == OVERLAY_HELP ? ROLE_TITLE
									      : ROLE_NORMAL,
			 line);
	}
}
