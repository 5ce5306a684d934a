/* The prompt, the line at the bottom: editing, history, completion. It uses neither terminal nor
 * node. */
#ifndef TALLY_TUI_MODEL_PROMPT_PRIV_H
#define TALLY_TUI_MODEL_PROMPT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/rpc/completion.h>

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
	PROMPT_DONE,      /* Enter, or y to a question; prompt.text holds the line */
	PROMPT_CANCELLED, /* Esc, ^C; n or Enter to a question */
};

/* Writes completions of the line's last word; same contract as completion_of. */
typedef size_t prompt_completer(void *arg, const char *line, char (*out)[COMPLETION_CHARS + 1],
				size_t max);

struct prompt {
	enum prompt_kind kind;
	char text[PROMPT_BYTES];
	size_t len, at; /* bytes; the cursor stands before text[at] */
	bool refused;   /* text is a command that has failed, and no key was pressed since */
	char question[PROMPT_BYTES];
	char *history[PROMPT_HISTORY]; /* commands, the oldest first */
	size_t n_history;
	size_t recalled;          /* index of the command shown; n_history: the new line */
	char draft[PROMPT_BYTES]; /* the new line, while an older one is shown */
	char options[PROMPT_COMPLETIONS][COMPLETION_CHARS + 1];
	size_t n_options; /* completions offered */
	size_t option;    /* index of the one that the next Tab inserts */
	size_t word;      /* byte at which the word to complete begins */
	prompt_completer *complete;
	void *complete_arg;
};

/* complete may be NULL. */
void prompt_init(struct prompt *p, prompt_completer *complete, void *arg);
void prompt_clear(struct prompt *p);
void prompt_open(struct prompt *p, enum prompt_kind kind, const char *prefill);
/* Opens with a command that has failed, so that it can be corrected. If the first key is ':', the
 * line is emptied. */
void prompt_refused(struct prompt *p, const char *command);
void prompt_ask(struct prompt *p, const char *question);
void prompt_close(struct prompt *p);
enum prompt_result prompt_key(struct prompt *p, int32_t key);
/* Inserts at the cursor the first line of `text` that is not blank. *more: how many of the lines
 * after it are not blank. False: the line is too long; nothing was inserted. */
bool prompt_paste(struct prompt *p, const char *text, size_t *more);

#endif
