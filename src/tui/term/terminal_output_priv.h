/* Output from curses to the terminal. Curses writes into a file in memory. Its content is moved to
 * a buffer, which the loop writes to the terminal without blocking. */
#ifndef TALLY_TUI_TERM_TERMINAL_OUTPUT_PRIV_H
#define TALLY_TUI_TERM_TERMINAL_OUTPUT_PRIV_H

#include <stdbool.h>
#include <stdio.h>

struct event;
struct event_base;
struct evbuffer;

struct terminal_output {
	int tty;    /* non-blocking; borrowed; -1 until terminal_output_open */
	int memory; /* the file in memory */
	FILE *file; /* the same file, for newterm */
	struct evbuffer *pending;
	struct event *writable;
	void (*drained)(void *arg); /* everything was written */
	void (*lost)(void *arg);    /* the terminal was closed at its other end */
	void *arg;
};

/* False: out of memory or file descriptors. Call terminal_output_clear in either case. */
bool terminal_output_open(struct terminal_output *o, int tty);
/* From now on the loop writes the rest of the buffer when the terminal accepts more. */
void terminal_output_watch(struct terminal_output *o, struct event_base *base, int priority);
/* Stops writing for good: a terminal that was closed stays readable and writable, so watching it
 * would keep the loop from all work of lower priority. */
void terminal_output_abandon(struct terminal_output *o);
void terminal_output_clear(struct terminal_output *o); /* a second call is harmless */

bool terminal_output_busy(const struct terminal_output *o); /* true if output is not written yet */
/* Moves the output of curses since the last call to the buffer. */
void terminal_output_collect(struct terminal_output *o);
/* Appends an escape sequence that curses does not know. */
void terminal_output_add(struct terminal_output *o, const char *sequence);
/* Writes as much as the terminal accepts now; the loop writes the rest. */
void terminal_output_flush(struct terminal_output *o);
/* Blocks until all is written, at most 1 second, then drops the rest. For the moment before the
 * terminal is restored. */
void terminal_output_flush_wait(struct terminal_output *o);

#endif
