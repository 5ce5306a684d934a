/* A call, from its start to its answer. The files that run and answer calls are above this one. */
#include "rpc/call_state_priv.h"
#include "rpc/rpc_state_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <tally/base/mem.h>
#include <tally/node/node.h>

struct call *call_new(struct rpc *r, const struct rpc_request *q, const struct command *command)
{
	struct call *c = NEW(struct call);

	*c = (struct call){.rpc = r,
			   .command = command,
			   .args = json_object(),
			   .client = q->client,
			   .reply = q->reply,
			   .arg = q->arg};
	list_add(&r->calls, &c->link);
	return c;
}

void call_run(struct call *c)
{
	struct node *n = c->rpc->node;

	/* Offline, mempool.dat is not read at the start: to check its signatures takes time that
	 * most commands need not spend. */
	if (c->command->flags & COMMAND_MEMPOOL)
		node_load_mempool(n);
	c->command->run(n, c);
}

static void call_free(struct call *c)
{
	struct rpc *r = c->rpc;

	list_del(&c->link);
	json_decref(c->args);
	free(c);
	if (r->closed && list_empty(&r->calls))
		free(r);
}

void call_done(struct call *c, json_t *take_result)
{
	if (c->reply)
		c->reply(c->arg, take_result, NULL, 0);
	json_decref(take_result);
	call_free(c);
}

void call_fail(struct call *c, int code, const struct err *e)
{
	if (c->reply)
		c->reply(c->arg, NULL, e, code);
	call_free(c);
}

void call_error(struct call *c, int code, enum err_class cls, const char *token, const char *fmt,
		...)
{
	struct err err = {0};
	char detail[ERR_DETAIL_CHARS + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(detail, sizeof(detail), fmt, ap);
	va_end(ap);
	err_set(&err, cls, token, "%s", detail);
	call_fail(c, code, &err);
}

json_t *call_arg(const struct call *c, const char *name)
{
	json_t *v = json_object_get(c->args, name);

	return json_is_null(v) ? NULL : v;
}

bool rpc_err_client_gone(struct err *e)
{
	return err_set(e, ERR_BUSY, "given-up",
		       "the client closed the connection: keep it open until the answer arrives");
}
