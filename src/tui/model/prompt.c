#include "tui/model/prompt_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include "tui/term/keys_priv.h"
#include "tui/term/theme_priv.h"

void prompt_init(struct prompt *p, prompt_completer *complete, void *arg)
{
	*p = (struct prompt){.complete = complete, .complete_arg = arg};
}

void prompt_clear(struct prompt *p)
{
	for (size_t i = 0; i < p->n_history; i++)
		free(p->history[i]);
	p->n_history = 0;
	p->kind = PROMPT_CLOSED;
}

static void set_text(struct prompt *p, const char *text)
{
	snprintf(p->text, sizeof(p->text), "%s", text);
	p->len = strlen(p->text);
	while (p->len && (p->text[p->len - 1] & 0xc0) == 0x80 && strlen(text) > p->len)
		p->len--; /* cut at a whole character */
	p->text[p->len] = '\0';
	p->at = p->len;
	p->n_options = 0;
}

void prompt_open(struct prompt *p, enum prompt_kind kind, const char *prefill)
{
	p->kind = kind;
	p->refused = false;
	p->recalled = p->n_history;
	set_text(p, prefill);
}

void prompt_refused(struct prompt *p, const char *command)
{
	prompt_open(p, PROMPT_COMMAND, command);
	p->refused = true;
}

void prompt_ask(struct prompt *p, const char *question)
{
	p->kind = PROMPT_ASK;
	snprintf(p->question, sizeof(p->question), "%s", question);
	set_text(p, "");
}

void prompt_close(struct prompt *p)
{
	p->kind = PROMPT_CLOSED;
	p->n_options = 0;
}

static size_t before(const struct prompt *p, size_t at)
{
	if (at)
		at--;
	while (at && (p->text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t after(const struct prompt *p, size_t at)
{
	if (at < p->len)
		at++;
	while (at < p->len && (p->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void cut(struct prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->at = from;
}

static bool insert(struct prompt *p, const char *bytes, size_t n)
{
	if (p->len + n >= sizeof(p->text))
		return false;
	memmove(p->text + p->at + n, p->text + p->at, p->len - p->at + 1);
	memcpy(p->text + p->at, bytes, n);
	p->len += n;
	p->at += n;
	return true;
}

static size_t word_start(const struct prompt *p)
{
	size_t at = p->at;

	while (at && p->text[at - 1] == ' ')
		at--;
	while (at && p->text[at - 1] != ' ')
		at--;
	return at;
}

static void remember(struct prompt *p)
{
	if (!p->len || (p->n_history && !strcmp(p->history[p->n_history - 1], p->text)))
		return;
	if (p->n_history == PROMPT_HISTORY) {
		free(p->history[0]);
		memmove(p->history, p->history + 1, (PROMPT_HISTORY - 1) * sizeof(*p->history));
		p->n_history--;
	}
	p->history[p->n_history++] = mem_strdup(p->text);
}

static void recall(struct prompt *p, size_t which)
{
	if (p->kind != PROMPT_COMMAND || which > p->n_history)
		return;
	if (p->recalled == p->n_history)
		snprintf(p->draft, sizeof(p->draft), "%s", p->text);
	p->recalled = which;
	set_text(p, which == p->n_history ? p->draft : p->history[which]);
}

static void replace_word(struct prompt *p, const char *with, size_t n)
{
	cut(p, p->word, p->at);
	insert(p, with, n);
}

static size_t common_prefix(const struct prompt *p)
{
	size_t n = strlen(p->options[0]);

	for (size_t i = 1; i < p->n_options; i++) {
		size_t k = 0;

		while (k < n && p->options[i][k] == p->options[0][k])
			k++;
		n = k;
	}
	while (n && (p->options[0][n] & 0xc0) == 0x80)
		n--;
	return n;
}

/* Tab: what all completions share; again: one after the other. */
static void complete(struct prompt *p)
{
	char line[PROMPT_BYTES];
	size_t shared, place;
	bool quoted;

	if (p->kind != PROMPT_COMMAND || !p->complete)
		return;
	if (p->n_options > 1) {
		const char *next = p->options[p->option];

		replace_word(p, next, strlen(next));
		p->option = (p->option + 1) % p->n_options;
		return;
	}
	memcpy(line, p->text, p->at);
	line[p->at] = '\0';
	p->n_options = p->complete(p->complete_arg, line, p->options, PROMPT_COMPLETIONS);
	if (p->n_options > PROMPT_COMPLETIONS)
		p->n_options = PROMPT_COMPLETIONS;
	p->option = 0;
	p->word = command_line_last_word(line, &place, &quoted);
	if (!p->n_options)
		return;
	shared = common_prefix(p);
	if (shared > p->at - p->word || p->n_options == 1)
		replace_word(p, p->options[0], shared);
	if (p->n_options == 1) {
		size_t n = strlen(p->options[0]);

		if (n && p->options[0][n - 1] != '=' && p->at == p->len)
			insert(p, " ", 1);
		p->n_options = 0;
	}
}

static bool edit(struct prompt *p, int32_t key)
{
	char bytes[4];

	switch (key) {
	case KEYS_LEFT:
	case KEYS_CTRL('B'):
		p->at = before(p, p->at);
		return true;
	case KEYS_RIGHT:
	case KEYS_CTRL('F'):
		p->at = after(p, p->at);
		return true;
	case KEYS_HOME:
	case KEYS_CTRL('A'):
		p->at = 0;
		return true;
	case KEYS_END:
	case KEYS_CTRL('E'):
		p->at = p->len;
		return true;
	case KEYS_DELETE:
	case KEYS_CTRL('D'):
		cut(p, p->at, after(p, p->at));
		return true;
	case KEYS_CTRL('W'):
		cut(p, word_start(p), p->at);
		return true;
	case KEYS_CTRL('U'):
		cut(p, 0, p->at);
		return true;
	case KEYS_CTRL('K'):
		cut(p, p->at, p->len);
		return true;
	case KEYS_UP:
	case KEYS_CTRL('P'):
		if (p->recalled)
			recall(p, p->recalled - 1);
		return true;
	case KEYS_DOWN:
	case KEYS_CTRL('N'):
		recall(p, p->recalled + 1);
		return true;
	}
	if (key < 0x20 || (key >= 0x7f && key < 0xa0) || key >= KEYS_FIRST)
		return false;
	return insert(p, bytes, utf8_put(bytes, (uint32_t)key));
}

static enum prompt_result end(struct prompt *p, enum prompt_result how)
{
	if (how == PROMPT_DONE && p->kind == PROMPT_COMMAND)
		remember(p);
	prompt_close(p);
	return how;
}

/* The question stands until it is answered: what else is typed must neither answer it nor act behind it. */
static enum prompt_result answer_key(struct prompt *p, int32_t key)
{
	switch (key) {
	case 'y':
	case 'Y':
		return end(p, PROMPT_DONE);
	case 'n':
	case 'N':
	case KEYS_ENTER:
	case KEYS_ESC:
	case KEYS_CTRL('C'):
	case KEYS_CTRL('G'):
		return end(p, PROMPT_CANCELLED);
	}
	return PROMPT_GOES_ON;
}

bool prompt_paste(struct prompt *p, const char *text, size_t *more)
{
	const size_t skip = strspn(text, " \n"), n = strcspn(text + skip, "\n");

	*more = 0;
	for (const char *at = text + skip + n; *at; at += strcspn(at, "\n")) {
		at += strspn(at, " \n");
		*more += *at != '\0';
	}
	p->n_options = 0;
	p->refused = false;
	return insert(p, text + skip, n);
}

enum prompt_result prompt_key(struct prompt *p, int32_t key)
{
	if (p->kind == PROMPT_ASK)
		return answer_key(p, key);
	if (key == KEYS_ENTER || key == '\n')
		return end(p, PROMPT_DONE);
	if (key == KEYS_ESC || key == KEYS_CTRL('C') || key == KEYS_CTRL('G'))
		return end(p, PROMPT_CANCELLED);
	if (key == KEYS_TAB) {
		complete(p);
		return PROMPT_GOES_ON;
	}
	p->n_options = 0;
	if (p->refused) {
		p->refused = false;
		if (key == ':') { /* as one opens it */
			set_text(p, "");
			return PROMPT_GOES_ON;
		}
	}
	if (key == KEYS_BACKSPACE || key == KEYS_CTRL('H') || key == 0x7f) {
		if (!p->len)
			return end(p, PROMPT_CANCELLED); /* as in vi: one too many leaves */
		cut(p, before(p, p->at), p->at);
		return PROMPT_GOES_ON;
	}
	edit(p, key);
	return PROMPT_GOES_ON;
}

struct piece {
	const char *at;
	size_t bytes;
};

/* A text taken apart into lines of so many columns. Returns how many there are, at most PROMPT_BYTES. */
static int lines_of(const char *text, int width, struct piece line[PROMPT_BYTES])
{
	int n = 0;

	do {
		line[n].at = text;
		line[n].bytes = canvas_line_bytes(text, width);
		text += line[n++].bytes;
		text += strspn(text, " \n");
	} while (*text && n < PROMPT_BYTES);
	return n;
}

/* These lines above one another, the last in the prompt's place with all that comes behind it, each `in` columns in. */
static void draw_lines(struct canvas *c, const struct rect *at, int in, unsigned style,
		       const struct piece *line, int n)
{
	for (int i = 0; i < n; i++) {
		struct row r = {c, at->x, at->y - (n - 1 - i), at->x + at->w, 0};
		const size_t bytes = i == n - 1 ? strlen(line[i].at) : line[i].bytes;

		if (n > 1)
			canvas_fill(c, &(struct rect){r.x, r.y, at->w, 1}, ROLE_NORMAL, ' ');
		row_gap(&r, in);
		row_printf(&r, style, "%.*s", (int)bytes, line[i].at);
	}
}

void prompt_draw_text(struct canvas *c, const struct rect *at, unsigned style, const char *text,
		      int most)
{
	struct piece line[PROMPT_BYTES];
	const int n = lines_of(text, at->w - 1, line);

	draw_lines(c, at, 1, style, line, MIN(n, MIN(most, at->y + 1)));
}

/* A question takes as many lines as it needs; where there are not so many, its end is seen, which is what it asks. */
static void draw_question(const struct prompt *p, struct canvas *c, const struct rect *at,
			  int *cursor)
{
	static const char answers[] = "y/N";
	char text[sizeof(p->question) + sizeof(answers) + 1];
	struct piece line[PROMPT_BYTES];
	struct row r = {c, at->x, at->y, at->x + at->w, 0};
	int n, over, seen;

	snprintf(text, sizeof(text), "%s %s", p->question, answers);
	n = lines_of(text, at->w > 8 ? at->w - 1 : at->w, line); /* the cursor behind it */
	over = n > at->y + 1 ? n - at->y - 1 : 0;
	draw_lines(c, at, 0, ROLE_WARN, line + over, n - over);
	seen = MIN((int)line[n - 1].bytes, (int)strlen(answers));
	r.x += canvas_width(c, line[n - 1].at) - seen;
	row_text(&r, ROLE_KEY, answers + strlen(answers) - seen);
	*cursor = r.x < r.end ? r.x : r.end - 1;
}

void prompt_draw(const struct prompt *p, struct canvas *c, const struct rect *at, int *cursor)
{
	static const char *const signs[] = {
		[PROMPT_CLOSED] = "",
		[PROMPT_COMMAND] = ":",
		[PROMPT_SEARCH] = "/",
		[PROMPT_FILTER] = "\\",
	};
	struct row r = {c, at->x, at->y, at->x + at->w, 0};
	char head[PROMPT_BYTES];
	size_t from = 0;
	int room;

	if (p->kind == PROMPT_ASK) {
		draw_question(p, c, at, cursor);
		return;
	}
	row_text(&r, ROLE_KEY, signs[p->kind]);
	/* The cursor is always seen: a long line moves to the left under it. */
	room = row_left(&r) - 1;
	memcpy(head, p->text, p->at);
	head[p->at] = '\0';
	while (from < p->at && canvas_width(c, head + from) > room)
		from = after(p, from);
	*cursor = r.x + canvas_width(c, head + from);
	canvas_clip(c, at);
	canvas_text(c, r.x, r.y, ROLE_NORMAL, p->text + from);
	canvas_clip(c, NULL);
}
