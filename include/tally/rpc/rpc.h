/* The commands of one node: their running calls and what they keep between calls. */
#ifndef TALLY_RPC_RPC_H
#define TALLY_RPC_RPC_H

#include <stdbool.h>

#include <tally/base/err.h>

struct node;
struct rpc;

/* Makes the node's commands callable. n is borrowed and must outlive rpc_close. */
struct rpc *rpc_new(struct node *n);
/* Call it before node_close. It answers the calls that run in slices with an error. node_close
 * answers those that mine or resolve a name. NULL is harmless. */
void rpc_close(struct rpc *r);

/* Cancels the calls of a client that has left: those that run in slices or mine blocks are answered
 * with ERR_BUSY "given-up". */
void rpc_client_gone(struct rpc *r, const void *client);
/* Sets that error. Returns false. */
bool rpc_err_client_gone(struct err *e);

/* Draws the console's screen as text for the command tally_screen: mem_alloc'ed, rows joined by
 * newlines; NULL: no screen of that size. *more: the screen shows blocks that are not read yet; the
 * next call continues with them. */
typedef char *rpc_renderer(struct node *n, unsigned cols, unsigned rows, bool *more);
void rpc_set_renderer(struct rpc *r, rpc_renderer *fn);

#endif
