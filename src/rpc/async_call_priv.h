/* Calls whose answer takes long: the answer is made in slices, so that nothing else in the loop
 * waits for it. */
#ifndef TALLY_RPC_ASYNC_CALL_PRIV_H
#define TALLY_RPC_ASYNC_CALL_PRIV_H

#include <jansson.h>

#include <tally/base/err.h>

struct call;
struct node;
struct rpc;

enum step_result {
	STEP_MORE,    /* call step again */
	STEP_BLOCKED, /* nothing can be done now: call step again in 10 ms */
	STEP_DONE,    /* all steps are done: the function `result` is called next */
	STEP_FAILED,  /* *e says why; *code, RPC_MISC_ERROR unless set, goes with it */
};

/* One kind of such a call. arg is what async_call_begin was given. */
struct async_call {
	/* Does a part of the work that takes about a millisecond. */
	enum step_result (*step)(struct node *n, void *arg, int *code, struct err *e);
	/* The answer. NULL: the command's own function runs now, and answers the call. */
	json_t *(*result)(void *arg);
	/* Frees what arg holds, not arg itself. NULL: it holds nothing. */
	void (*clear)(void *arg);
};

/* Answers c in slices. Ends early, with an error, if the client leaves or rpc closes. take_arg,
 * from the heap, is cleared and freed. how must be static. */
void async_call_begin(struct call *c, const struct async_call *how, void *take_arg);
/* Runs the command once no block is partly connected and no reorganisation runs, or after 5 s if
 * that lasts: to finish that work at once would block the loop. */
void async_call_when_settled(struct call *c);

/* Answers all calls of this client with ERR_BUSY "given-up". */
void async_calls_cancel(struct rpc *r, const void *client);
/* rpc closes: answers all calls with ERR_BUSY "stopping". */
void async_calls_end(struct rpc *r);

#endif
