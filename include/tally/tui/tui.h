/* The console: shows a node on the terminal and passes commands to it. It runs in the node's loop
 * and never blocks it. */
#ifndef TALLY_TUI_TUI_H
#define TALLY_TUI_TUI_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/base/err.h>

struct node;
struct rpc;
struct tui;

/* Takes the terminal (raw mode, alternate screen) and draws from then on. Call setlocale(LC_ALL,
 * "") before. While the console is open, standard output and standard error go to the log, and a
 * fatal signal restores the terminal before the program ends. ERR_IO "no-terminal": there is no
 * terminal, or one that can't place a cursor; nothing was changed, and the node can run without a
 * console. At most one console is open at a time. n and r are borrowed. */
bool tui_open(struct tui **out, struct node *n, struct rpc *r, struct err *e);
/* Restores the terminal. Call it before rpc_close and node_close. NULL is harmless. */
void tui_close(struct tui *t);

/* One frame of the dashboard as text, without a terminal (an rpc_renderer): `rows` lines without
 * trailing blanks, joined by newlines, in UTF-8, or in ASCII if the locale is not UTF-8.
 * mem_alloc'ed. NULL if cols or rows is 0 or greater than 1,000. *more: see rpc_renderer. */
char *tui_render(struct node *n, unsigned cols, unsigned rows, bool *more);

#endif
