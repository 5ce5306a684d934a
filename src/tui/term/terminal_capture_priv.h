/* Replaces standard output and standard error by a pipe while the console is open, because text
 * that a library prints there would destroy the screen. Each line goes to on_line. */
#ifndef TALLY_TUI_TERM_TERMINAL_CAPTURE_PRIV_H
#define TALLY_TUI_TERM_TERMINAL_CAPTURE_PRIV_H

#include <stdbool.h>
#include <stddef.h>

struct event;
struct event_base;

#define CAPTURE_INITIAL                                              \
	{                                                            \
		.saved_out = -1, .saved_err = -1, .pipe = { -1, -1 } \
	}
#define CAPTURE_CHARS 1023 /* a longer line is split */

struct terminal_capture {
	int saved_out, saved_err; /* the real ones */
	int pipe[2];              /* read end, write end */
	struct event *readable;
	char line[CAPTURE_CHARS + 1];
	size_t line_len;
	void (*on_line)(void *arg, const char *text);
	void *arg;
};

/* c holds CAPTURE_INITIAL, on_line and arg. False: no file descriptors left. */
bool terminal_capture_start(struct terminal_capture *c, struct event_base *base, int priority);
/* Restores both. Harmless if they were not replaced. */
void terminal_capture_end(struct terminal_capture *c);

#endif
