/* Calls that are answered in slices. Those that run at the same time take turns, one slice a turn
 * of the loop. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>

#include <event2/event.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#define SLICE_US   4000
#define BLOCKED_US 10000
#define SETTLED_US INT64_C(5000000) /* a payment waits at most this time for the chain to settle */

/* An async call that is running. */
struct async_run {
	struct list link; /* rpc.async_calls */
	struct call *call;
	const struct async_call *how;
	void *arg;
};

static void run_free(struct async_run *run)
{
	list_del(&run->link);
	if (run->how->clear)
		run->how->clear(run->arg);
	free(run->arg);
	free(run);
}

static void run_fail(struct async_run *run, int code, const struct err *err)
{
	struct call *c = run->call;

	run_free(run);
	call_fail(c, code, err);
}

static void run_done(struct async_run *run)
{
	struct call *c = run->call;
	json_t *result = run->how->result ? run->how->result(run->arg) : NULL;

	run_free(run);
	if (result)
		call_done(c, result);
	else
		call_run(c);
}

static enum step_result run_slice(struct async_run *run)
{
	const int64_t until = clock_mono_us(clock_system()) + SLICE_US;
	struct err err = {0};
	int code = RPC_MISC_ERROR;
	enum step_result step;

	do
		step = run->how->step(run->call->rpc->node, run->arg, &code, &err);
	while (step == STEP_MORE && clock_mono_us(clock_system()) < until);
	if (step == STEP_DONE)
		run_done(run);
	else if (step == STEP_FAILED)
		run_fail(run, code, &err);
	return step;
}

/* Gives a slice to the first call that is not blocked and moves it to the end. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct rpc *r = arg;
	enum step_result step = STEP_BLOCKED;

	(void)fd, (void)what;
	list_each_safe (it, &r->async_calls) {
		step = run_slice(list_entry(it, struct async_run, link));
		if (step == STEP_BLOCKED)
			continue;
		if (step == STEP_MORE) {
			list_del(it);
			list_add(&r->async_calls, it);
		}
		break;
	}
	if (!list_empty(&r->async_calls))
		event_add(r->async_event,
			  &(struct timeval){.tv_usec = step == STEP_BLOCKED ? BLOCKED_US : 0});
}

void async_call_begin(struct call *c, const struct async_call *how, void *take_arg)
{
	struct rpc *r = c->rpc;
	struct async_run *run = NEW(struct async_run);

	run->call = c;
	run->how = how;
	run->arg = take_arg;
	list_add(&r->async_calls, &run->link);
	if (!r->async_event) {
		r->async_event = event_new(node_base(r->node), -1, 0, on_turn, r);
		event_priority_set(r->async_event, NODE_PRIO_WORK);
	}
	event_add(r->async_event, &(struct timeval){0});
}

/* If blocks keep arriving, the command runs after SETTLED_US although the chain is not settled.
 * Submitting a transaction then settles the chain within one turn of the loop. */
static enum step_result step_settled(struct node *n, void *arg, int *code, struct err *e)
{
	const int64_t *until = arg;

	(void)code, (void)e;
	return node_settled(n) || clock_mono_us(clock_system()) >= *until ? STEP_DONE
									  : STEP_BLOCKED;
}

void async_call_when_settled(struct call *c)
{
	static const struct async_call settled = {.step = step_settled};
	int64_t *until = NEW(int64_t);

	*until = clock_mono_us(clock_system()) + SETTLED_US;
	async_call_begin(c, &settled, until);
}

void async_calls_cancel(struct rpc *r, const void *client)
{
	struct err err = {0};

	rpc_err_client_gone(&err);
	list_each_safe (it, &r->async_calls) {
		struct async_run *run = list_entry(it, struct async_run, link);

		if (run->call->client != client)
			continue;
		log_info(LOG_RPC,
			 "%s cancelled: the client disconnected before the answer was ready",
			 run->call->command->name);
		run_fail(run, RPC_MISC_ERROR, &err);
	}
}

void async_calls_end(struct rpc *r)
{
	struct err err = {0};

	err_set(&err, ERR_BUSY, "stopping",
		"the node is stopping: repeat the command once it runs again");
	while (!list_empty(&r->async_calls))
		run_fail(list_first(&r->async_calls, struct async_run, link), RPC_MISC_ERROR, &err);
	if (r->async_event)
		event_free(r->async_event);
	r->async_event = NULL;
}
