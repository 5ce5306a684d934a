#include "tui/model/prompt_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>
#include "tui/term/canvas_priv.h"
#include "tui/term/key_table_priv.h"

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
		p->len--; /* don't leave half a character */
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

static size_t char_before(const struct prompt *p, size_t at)
{
	if (at)
		at--;
	while (at && (p->text[at] & 0xc0) == 0x80)
		at--;
	return at;
}

static size_t char_after(const struct prompt *p, size_t at)
{
	if (at < p->len)
		at++;
	while (at < p->len && (p->text[at] & 0xc0) == 0x80)
		at++;
	return at;
}

static void cut_text(struct prompt *p, size_t from, size_t to)
{
	memmove(p->text + from, p->text + to, p->len - to + 1);
	p->len -= to - from;
	p->at = from;
}

static bool insert_text(struct prompt *p, const char *bytes, size_t n)
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

static void add_to_history(struct prompt *p)
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

static void recall_line(struct prompt *p, size_t which)
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
	cut_text(p, p->word, p->at);
	insert_text(p, with, n);
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

/* Tab inserts what all completions have in common; each further Tab inserts the next one. */
static void complete_word(struct prompt *p)
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
	p->word = completion_last_word(line, &place, &quoted);
	if (!p->n_options)
		return;
	shared = common_prefix(p);
	if (shared > p->at - p->word || p->n_options == 1)
		replace_word(p, p->options[0], shared);
	if (p->n_options == 1) {
		size_t n = strlen(p->options[0]);

		if (n && p->options[0][n - 1] != '=' && p->at == p->len)
			insert_text(p, " ", 1);
		p->n_options = 0;
	}
}

static bool edit_key(struct prompt *p, int32_t key)
{
	char bytes[4];

	switch (key) {
	case KEYS_LEFT:
	case KEYS_CTRL('B'):
		p->at = char_before(p, p->at);
		return true;
	case KEYS_RIGHT:
	case KEYS_CTRL('F'):
		p->at = char_after(p, p->at);
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
		cut_text(p, p->at, char_after(p, p->at));
		return true;
	case KEYS_CTRL('W'):
		cut_text(p, word_start(p), p->at);
		return true;
	case KEYS_CTRL('U'):
		cut_text(p, 0, p->at);
		return true;
	case KEYS_CTRL('K'):
		cut_text(p, p->at, p->len);
		return true;
	case KEYS_UP:
	case KEYS_CTRL('P'):
		if (p->recalled)
			recall_line(p, p->recalled - 1);
		return true;
	case KEYS_DOWN:
	case KEYS_CTRL('N'):
		recall_line(p, p->recalled + 1);
		return true;
	}
	if (key < 0x20 || (key >= 0x7f && key < 0xa0) || key >= KEYS_FIRST)
		return false;
	return insert_text(p, bytes, utf8_put(bytes, (uint32_t)key));
}

static enum prompt_result close_prompt(struct prompt *p, enum prompt_result how)
{
	if (how == PROMPT_DONE && p->kind == PROMPT_COMMAND)
		add_to_history(p);
	prompt_close(p);
	return how;
}

/* Other keys neither answer the question nor act on the screen behind it. */
static enum prompt_result answer_key(struct prompt *p, int32_t key)
{
	switch (key) {
	case 'y':
	case 'Y':
		return close_prompt(p, PROMPT_DONE);
	case 'n':
	case 'N':
	case KEYS_ENTER:
	case KEYS_ESC:
	case KEYS_CTRL('C'):
	case KEYS_CTRL('G'):
		return close_prompt(p, PROMPT_CANCELLED);
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
	return insert_text(p, text + skip, n);
}

enum prompt_result prompt_key(struct prompt *p, int32_t key)
{
	if (p->kind == PROMPT_ASK)
		return answer_key(p, key);
	if (key == KEYS_ENTER || key == '\n')
		return close_prompt(p, PROMPT_DONE);
	if (key == KEYS_ESC || key == KEYS_CTRL('C') || key == KEYS_CTRL('G'))
		return close_prompt(p, PROMPT_CANCELLED);
	if (key == KEYS_TAB) {
		complete_word(p);
		return PROMPT_GOES_ON;
	}
	p->n_options = 0;
	if (p->refused) {
		p->refused = false;
		if (key == ':') { /* the key that opens the prompt */
			set_text(p, "");
			return PROMPT_GOES_ON;
		}
	}
	if (key == KEYS_BACKSPACE || key == KEYS_CTRL('H') || key == 0x7f) {
		if (!p->len)
			return close_prompt(p, PROMPT_CANCELLED); /* as in vi */
		cut_text(p, char_before(p, p->at), p->at);
		return PROMPT_GOES_ON;
	}
	edit_key(p, key);
	return PROMPT_GOES_ON;
}
