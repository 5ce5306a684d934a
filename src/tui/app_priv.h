/* What the console is made of, and what its files share. */
#ifndef TALLY_TUI_APP_PRIV_H
#define TALLY_TUI_APP_PRIV_H

#include <tally/base/list.h>
#include <tally/node/node.h>
#include "tui/term/canvas_priv.h"
#include "tui/model/model_priv.h"
#include "tui/term/terminal_priv.h"

enum question { ASK_NOTHING, ASK_QUIT, ASK_COMMAND };

/* A command that was given to the node; its answer may come later than the next one. */
struct asked {
	struct list link;
	struct tui *tui; /* NULL: the console is closed */
	bool typed;      /* at the prompt, just now */
	char *line;
};

struct tui {
	struct node *node;
	struct terminal *terminal;
	struct model model;
	struct canvas canvas;
	struct event *frame;
	bool frame_due;   /* the timer runs, or the terminal is not through with the last frame */
	bool read_due;    /* the node has changed since data_read */
	int64_t drawn_us; /* when the last frame was drawn */
	enum question question;
	char command[PROMPT_BYTES]; /* to be done when the question is answered with y */
	struct list asked;
	int64_t interrupted_us; /* when ^C was pressed last */
};

/* app.c: a frame is drawn soon. */
void app_want_frame(struct tui *t);

/* asked.c: a command for the node; typed: at the prompt, where it stands again if it is refused. */
void app_command(struct tui *t, const char *line, bool typed);
void app_leave_asked(struct tui *t); /* the console closes: answers that come later find nobody */
void app_ask(struct tui *t, enum question q, const char *text);
void app_answered(struct tui *t);  /* with y */
void app_cancelled(struct tui *t); /* with n; or the prompt was left */

#endif
