/* Standard output and standard error while the console is open. What a library prints there would destroy
 * the screen, so both are replaced by a pipe, whose lines are handed on (to the log). */
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
#define CAPTURE_CHARS 1023 /* A longer line is handed on in parts. */

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
