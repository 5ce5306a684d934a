/* The line at the bottom: editing, history, completion. No terminal, no node: keys in, text out. */
#ifndef TALLY_TUI_MODEL_PROMPT_PRIV_H
#define TALLY_TUI_MODEL_PROMPT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/rpc/command.h>
#include "tui/term/canvas_priv.h"

#define PROMPT_BYTES       1024
#define PROMPT_HISTORY     100
#define PROMPT_COMPLETIONS 32

enum prompt_kind {
	PROMPT_CLOSED,
	PROMPT_COMMAND, /* ":" */
	PROMPT_SEARCH,  /* "/" */
	PROMPT_FILTER,  /* "\" */
	PROMPT_ASK,     /* a question: y or N */
};

enum prompt_result {
	PROMPT_GOES_ON,
	PROMPT_DONE,      /* Enter, or y: the text is what was written */
	PROMPT_CANCELLED, /* Esc, ^C; n or Enter to a question */
};

/* Completions of the last word, as command_line_complete. */
typedef size_t prompt_completer(void *arg, const char *line, char (*out)[COMPLETION_CHARS + 1],
				size_t max);

struct prompt {
	enum prompt_kind kind;
	char text[PROMPT_BYTES];
	size_t len, at; /* bytes; the cursor stands before text[at] */
	bool refused;   /* the text is a command that was refused, and no key was pressed since */
	char question[PROMPT_BYTES];
	char *history[PROMPT_HISTORY]; /* commands, oldest first */
	size_t n_history, recalled;    /* recalled == n_history: the line being written */
	char draft[PROMPT_BYTES];      /* that line, while an older one is shown */
	char options[PROMPT_COMPLETIONS][COMPLETION_CHARS + 1];
	size_t n_options, option; /* offered now; option: the next that Tab takes */
	size_t word;              /* where the word they replace begins */
	prompt_completer *complete;
	void *complete_arg;
};

void prompt_init(struct prompt *p, prompt_completer *complete,
		 void *arg); /* complete may be NULL */
void prompt_clear(struct prompt *p);
void prompt_open(struct prompt *p, enum prompt_kind kind, const char *prefill);
/* A command that was refused, to be mended: it goes on at its end; ':' as the first key begins a new line. */
void prompt_refused(struct prompt *p, const char *command);
void prompt_ask(struct prompt *p, const char *question);
void prompt_close(struct prompt *p);
enum prompt_result prompt_key(struct prompt *p, int32_t key);
/* Puts in, at the cursor, the first line of a text that has something in it; *more: how many more such lines there are.
 * False: there is no room for it, and nothing was put in. */
bool prompt_paste(struct prompt *p, const char *text, size_t *more);
/* Draws it; *cursor gets the column where the cursor stands. */
void prompt_draw(const struct prompt *p, struct canvas *c, const struct rect *at, int *cursor);
/* An answer in the prompt's place, and in the lines above where one is not enough: at most so many. */
void prompt_draw_text(struct canvas *c, const struct rect *at, unsigned style, const char *text,
		      int most);

#endif
