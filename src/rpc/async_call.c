/* Answers that take long, made a part at a time in turns of the loop, so that nobody else waits for them. */
#include "rpc/rpc_priv.h"

#include <stdlib.h>

#include <event2/event.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>

#define TURN_US    4000
#define WAIT_US    10000
#define SETTLED_US INT64_C(5000000) /* a payment waits no longer for blocks that are being moved */

struct turns {
	struct list link; /* node.turns: whose turn it is next comes first */
	struct node *node;
	struct call *call;
	const struct async_call *how;
	void *arg;
};

static void turns_free(struct turns *t)
{
	list_del(&t->link);
	if (t->how->clear)
		t->how->clear(t->arg);
	free(t->arg);
	free(t);
}

static void turns_fail(struct turns *t, int code, const struct err *err)
{
	struct call *c = t->call;

	turns_free(t);
	call_fail(c, code, err);
}

static void turns_done(struct turns *t)
{
	struct node *n = t->node;
	struct call *c = t->call;
	json_t *result = t->how->result ? t->how->result(t->arg) : NULL;

	turns_free(t);
	if (result)
		call_done(c, result);
	else
		call_run(n, c);
}

static enum step_result take_turn(struct turns *t)
{
	const int64_t until = clock_mono_us(clock_system()) + TURN_US;
	struct err err = {0};
	int code = RPC_MISC_ERROR;
	enum step_result part;

	do
		part = t->how->part(t->node, t->arg, &code, &err);
	while (part == STEP_MORE && clock_mono_us(clock_system()) < until);
	if (part == STEP_DONE)
		turns_done(t);
	else if (part == STEP_FAILED)
		turns_fail(t, code, &err);
	return part;
}

/* A turn for the first that can go on; then it is the turn of those behind it. */
static void on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct node *n = arg;
	enum step_result part = STEP_BLOCKED;

	(void)fd, (void)what;
	list_each_safe (it, &n->async_calls) {
		part = take_turn(list_entry(it, struct turns, link));
		if (part == STEP_BLOCKED)
			continue;
		if (part == STEP_MORE) {
			list_del(it);
			list_add(&n->async_calls, it);
		}
		break;
	}
	if (!list_empty(&n->async_calls))
		event_add(n->async_calls_event,
			  &(struct timeval){.tv_usec = part == STEP_BLOCKED ? WAIT_US : 0});
}

void async_call_begin(struct node *n, struct call *c, const struct async_call *how, void *take_arg)
{
	struct turns *t = NEW(struct turns);

	t->node = n;
	t->call = c;
	t->how = how;
	t->arg = take_arg;
	list_add(&n->async_calls, &t->link);
	if (!n->async_calls_event) {
		n->async_calls_event = event_new(n->base, -1, 0, on_turn, n);
		event_priority_set(n->async_calls_event, NODE_PRIO_WORK);
	}
	event_add(n->async_calls_event, &(struct timeval){0});
}

/* Blocks may come without end: after a while it is settled by force. */
static enum step_result part_settled(struct node *n, void *arg, int *code, struct err *e)
{
	const int64_t *until = arg;

	(void)code, (void)e;
	return node_settled(n) || clock_mono_us(clock_system()) >= *until ? STEP_DONE
									  : STEP_BLOCKED;
}

void async_call_when_settled(struct node *n, struct call *c)
{
	static const struct async_call settled = {.part = part_settled};
	int64_t *until = NEW(int64_t);

	*until = clock_mono_us(clock_system()) + SETTLED_US;
	async_call_begin(n, c, &settled, until);
}

void async_calls_cancel(struct node *n, const void *asker)
{
	struct err err = {0};

	err_given_up(&err);
	list_each_safe (it, &n->async_calls) {
		struct turns *t = list_entry(it, struct turns, link);

		if (call_asker(t->call) != asker)
			continue;
		log_info(LOG_NODE, "%s ends here: who asked has left", call_method(t->call));
		turns_fail(t, RPC_MISC_ERROR, &err);
	}
}

void async_calls_end(struct node *n)
{
	struct err err = {0};

	err_set(&err, ERR_BUSY, "stopping", "the node is stopping");
	while (!list_empty(&n->async_calls))
		turns_fail(list_first(&n->async_calls, struct turns, link), RPC_MISC_ERROR, &err);
	if (n->async_calls_event)
		event_free(n->async_calls_event);
	n->async_calls_event = NULL;
}
