/* The console: what a person sees of a node, and how they tell it what to do. Reads node_snapshot and the
 * paged getters, acts through command_line_run; runs in the node's loop and never blocks it. */
#ifndef TALLY_TUI_TUI_H
#define TALLY_TUI_TUI_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/base/err.h>

struct node;
struct rpc;
struct tui;

/* Takes the terminal (raw mode, alternate screen) and draws from then on. setlocale(LC_ALL, "") was called
 * before. While it is open, standard output and standard error go to the log. A fatal signal gives
 * the terminal back first. ERR_IO "no-terminal": no terminal, or one that can't place a cursor
 * (nothing was changed; the node can run without a console). At most one at a time. */
bool tui_open(struct tui **out, struct node *n, struct rpc *r, struct err *e);
/* Gives the terminal back whole. NULL is harmless, and so is a second call with the same pointer. Before rpc_close and
 * node_close. */
void tui_close(struct tui *t);

/* One frame of the dashboard as text, without any terminal (an rpc_renderer): `rows` lines without
 * trailing blanks, joined by newlines, in UTF-8 (ASCII where the locale is not UTF-8).
 * mem_alloc'ed. NULL where cols or rows is 0 or over 1,000. *more: see rpc_renderer. */
char *tui_render(struct node *n, unsigned cols, unsigned rows, bool *more);

#endif
