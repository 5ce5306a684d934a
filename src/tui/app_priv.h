/* The console: what its files share. */
#ifndef TALLY_TUI_APP_PRIV_H
#define TALLY_TUI_APP_PRIV_H

#include <tally/base/list.h>
#include "tui/model/model_priv.h"
#include "tui/source/source_priv.h"
#include "tui/term/canvas_priv.h"
#include "tui/term/terminal_priv.h"

enum question { ASK_NOTHING, ASK_QUIT, ASK_COMMAND };

struct tui {
	struct source *source; /* owned */
	struct terminal *terminal;
	struct model model;
	struct canvas canvas;
	struct event *frame; /* the timer of the next frame */
	bool frame_due; /* a frame is due: its timer runs, or the terminal is still busy with the last one */
	bool read_due;              /* the source has changed since it was read */
	int64_t drawn_us;           /* monotonic time of the last frame */
	enum question question;     /* which question the prompt asks */
	char command[PROMPT_BYTES]; /* with ASK_COMMAND: the line that the question is about */
	char *confirm;              /* with ASK_COMMAND: the line to run if the answer is yes */
	struct list pending;        /* struct pending_command, the oldest first */
	int64_t interrupted_us;     /* monotonic time of the last ^C */
};

#endif
