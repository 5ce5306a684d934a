/* The line at the bottom: editing, history, completion. It knows neither terminal nor node. */
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
	PROMPT_DONE,      /* Enter, or y: prompt.text is what was typed */
	PROMPT_CANCELLED, /* Esc, ^C; n or Enter to a question */
};

/* Completions of the last word, as completion_of. */
typedef size_t prompt_completer(void *arg, const char *line, char (*out)[COMPLETION_CHARS + 1],
				size_t max);

struct prompt {
	enum prompt_kind kind;
	char text[PROMPT_BYTES];
	size_t len, at; /* bytes; the cursor stands before text[at] */
	bool refused;   /* the text is a command that failed, and no key was pressed since */
	char question[PROMPT_BYTES];
	char *history[PROMPT_HISTORY]; /* commands, the oldest first */
	size_t n_history, recalled;    /* recalled == n_history: the new line is shown */
	char draft[PROMPT_BYTES];      /* the new line, while an older one is shown */
	char options[PROMPT_COMPLETIONS][COMPLETION_CHARS + 1];
	size_t n_options, option; /* offered now; the one that the next Tab inserts */
	size_t word;              /* byte at which the word that they replace begins */
	prompt_completer *complete;
	void *complete_arg;
};

/* complete: NULL for none. */
void prompt_init(struct prompt *p, prompt_completer *complete, void *arg);
void prompt_clear(struct prompt *p);
void prompt_open(struct prompt *p, enum prompt_kind kind, const char *prefill);
/* Opens with a command that failed, to be corrected. If ':' is the first key, a new line begins instead. */
void prompt_refused(struct prompt *p, const char *command);
void prompt_ask(struct prompt *p, const char *question);
void prompt_close(struct prompt *p);
enum prompt_result prompt_key(struct prompt *p, int32_t key);
/* Inserts the first line of `text` that is not blank, at the cursor. *more: how many further lines are not blank. False:
 * there is no room for it, and nothing was inserted. */
bool prompt_paste(struct prompt *p, const char *text, size_t *more);

#endif
