/* The control port: JSON-RPC over HTTP on 127.0.0.1, for the user who can read DIR/.cookie. */
#ifndef TALLY_CONTROL_CONTROL_H
#define TALLY_CONTROL_CONTROL_H

#include <stdbool.h>

#include <tally/base/err.h>

struct control;
struct node;

/* Writes the cookie and listens. n is borrowed: an online node between node_open and node_start.
 * ERR_IO "port-in-use". */
bool control_open(struct control **out, struct node *n, struct err *e);
/* Before node_close. Closes the connections; commands that are still running are not answered. NULL
 * is harmless. */
void control_close(struct control *k);

#endif
