/* The terminal: curses draws into memory, and the loop drains that to the terminal, so that a
 * stalled reader (a stopped tmux) never blocks the node. */
#ifndef TALLY_TUI_TERM_TERMINAL_PRIV_H
#define TALLY_TUI_TERM_TERMINAL_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>
#include "tui/term/canvas_priv.h"

struct event_base;
struct terminal;

struct terminal_events {
	void (*key)(void *arg, int32_t key);
	void (*pasted)(void *arg,
		       const char *text); /* lines ended by '\n', no other control characters */
	void (*click)(void *arg, int x, int y);
	void (*wheel)(void *arg, int x, int y, int lines);
	void (*resized)(void *arg, int cols, int rows);
	void (*drained)(void *arg);                /* a frame may be drawn again */
	void (*line)(void *arg, const char *text); /* what a library wrote to stdout or stderr */
	void (*gone)(void *arg); /* the terminal hung up: nothing is read or shown any more */
	void *arg;
};

/* Takes the terminal. ERR_IO "no-terminal". At most one at a time. */
bool terminal_open(struct terminal **out, struct event_base *base, int priority,
		   const struct terminal_events *ev, struct err *e);
void terminal_close(struct terminal *t); /* gives it back whole; NULL is harmless */
void terminal_size(const struct terminal *t, int *cols, int *rows);
bool terminal_utf8(const struct terminal *t);
/* False: the last frame is not through yet; `drained` tells when. */
bool terminal_show(struct terminal *t, const struct canvas *c, int cursor_x, int cursor_y);
void terminal_redraw(struct terminal *t);  /* the next frame is drawn anew */
void terminal_suspend(struct terminal *t); /* ^Z: returns when the program goes on */

#endif
