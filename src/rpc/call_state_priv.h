/* A call: one command with its arguments, from its start to its answer. */
#ifndef TALLY_RPC_CALL_STATE_PRIV_H
#define TALLY_RPC_CALL_STATE_PRIV_H

#include <stdbool.h>

#include <jansson.h>

#include <tally/base/err.h>
#include <tally/base/list.h>
#include <tally/rpc/call.h>
#include <tally/rpc/command.h>

struct call {
	struct list link; /* rpc.calls */
	struct rpc *rpc;
	const struct command *command;
	json_t *args; /* an object, by name */
	const void *client;
	rpc_reply *reply; /* NULL: nobody waits for the answer any more */
	void *arg;
};

struct call *call_new(struct rpc *r, const struct rpc_request *q, const struct command *command);
/* Runs the command's function. c may be freed when this returns. */
void call_run(struct call *c);

/* Each answers the call and frees it. */
void call_done(struct call *c, json_t *take_result);
void call_fail(struct call *c, int code, const struct err *e);
/* With an error whose detail is formatted here. */
void call_error(struct call *c, int code, enum err_class cls, const char *token, const char *fmt,
		...) __attribute__((format(printf, 5, 6)));

/* An argument, borrowed. NULL: left out, or null. */
json_t *call_arg(const struct call *c, const char *name);

#endif
