/* The terminal. Curses draws into memory and the loop writes that to the terminal, so that a
 * terminal that has stopped reading (a stopped tmux) never blocks the node. */
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
	/* Pasted text: lines end with '\n'; there are no other control characters. */
	void (*pasted)(void *arg, const char *text);
	void (*click)(void *arg, int x, int y);
	void (*wheel)(void *arg, int x, int y, int lines); /* lines > 0: down */
	void (*resized)(void *arg, int cols, int rows);
	void (*drained)(void *arg);                /* terminal_show succeeds again */
	void (*line)(void *arg, const char *text); /* a library printed this */
	void (*gone)(void *arg); /* the terminal was closed; nothing is read or shown from now on */
	void *arg;
};

/* Takes the terminal. ERR_IO "no-terminal". At most one is open at a time. */
bool terminal_open(struct terminal **out, struct event_base *base, int priority,
		   const struct terminal_events *ev, struct err *e);
void terminal_close(struct terminal *t); /* restores the terminal; NULL is harmless */
void terminal_size(const struct terminal *t, int *cols, int *rows);
bool terminal_utf8(const struct terminal *t);
/* Cursor -1, -1: hidden. False: the last frame is not written yet, and this one was skipped;
 * `drained` is called when it is. */
bool terminal_show(struct terminal *t, const struct canvas *c, int cursor_x, int cursor_y);
void terminal_redraw(struct terminal *t);  /* draws every cell of the next frame again */
void terminal_suspend(struct terminal *t); /* ^Z: returns when the program is resumed */

#endif
