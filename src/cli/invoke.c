#include "cli/invoke_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <tally/base/clock.h>
#include <tally/node/node.h>
#include <tally/rpc/call.h>
#include <tally/rpc/command_table.h>
#include <tally/rpc/json_result.h>
#include <tally/rpc/rpc.h>
#include <tally/store/lock.h>
#include <tally/tui/tui.h>

#include "cli/output_priv.h"
#include "cli/remote_priv.h"

#define START_WAIT_MS 10000    /* a node that starts may take this long until it answers */
#define RETRY_NS      50000000 /* between two attempts to reach it */

void cli_result_clear(struct cli_result *r)
{
	json_decref(r->value);
	free(r->json);
	*r = (struct cli_result){0};
}

/* --- in the data directory -------------------------------------------------------------- */

struct local_call {
	bool done;
	struct cli_result result;
	struct err err;
};

static void on_reply(void *arg, json_t *result, const struct err *err, int code)
{
	struct local_call *l = arg;

	(void)code;
	l->done = true;
	if (err) {
		l->err = *err;
	} else {
		l->result.value = json_result_value(result);
		l->result.json = json_result_text(result, JSON_COMPACT);
	}
}

static bool local_call(const struct config *c, const struct cli_call *call,
		       struct cli_result *result, struct err *e)
{
	struct local_call l = {0};
	struct node *n;
	struct rpc *r;
	bool ok;

	if (!node_open(&n, c, NODE_OFFLINE, e))
		return false;
	r = rpc_new(n);
	rpc_set_renderer(r, tui_render);
	rpc_call(r, &(struct rpc_request){.command = call->command,
					  .params = call->params,
					  .reply = on_reply,
					  .arg = &l});
	ok = node_wait(n, &l.done, e);
	if (ok && l.err.cls != ERR_NONE) {
		*e = l.err;
		ok = false;
	}
	if (!l.done)
		rpc_forget(r, &l);
	rpc_close(r);
	ok = node_close(n, ok ? e : NULL) && ok;
	if (ok)
		*result = l.result;
	else
		cli_result_clear(&l.result);
	return ok;
}

/* --- either ----------------------------------------------------------------------------- */

/* Sets *again if another attempt may succeed: a node is starting, so it holds the lock of the
 * directory and does not answer yet. */
static bool try_call(const struct config *c, const struct cli_call *call, struct cli_result *result,
		     bool *again, struct err *e)
{
	bool found = false, ok = false;

	*again = false;
	/* Only if a node holds the lock. The cookie of a killed node would otherwise be sent to the
	 * program that has its port now. */
	if (dir_lock_holder(c->dir) == LOCK_NODE) {
		if (remote_is_suspended(c, e))
			return false;
		ok = remote_call(c, call, &found, result, e);
		if (found)
			return ok;
		*again = true;
		return err_set(e, ERR_BUSY, "dir-in-use",
			       "a node runs in %s, but its control port %u does not answer: wait, "
			       "or stop the node",
			       c->dir, c->control_port);
	}
	ok = local_call(c, call, result, e);
	*again = !ok && e->cls == ERR_BUSY && dir_lock_holder(c->dir) == LOCK_NODE;
	return ok;
}

bool data_dir_exists(const struct config *c, struct err *e)
{
	if (access(c->dir, F_OK) == 0 || errno != ENOENT)
		return true;
	return err_set(
		e, ERR_NOTFOUND, "no-directory",
		"there is no data directory %s: createblockchain, createwallet or startnode makes one",
		c->dir);
}

bool invoke(const struct invocation *in, const char *command, json_t *take_params,
	    struct cli_result *result, struct err *e)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};
	const int64_t until = clock_mono_us(clock_system()) + START_WAIT_MS * INT64_C(1000);
	const struct cli_call call = {.command = command,
				      .params = take_params ? take_params : json_array()};
	bool again = in->command->makes_directory || data_dir_exists(&in->config, e), ok = false;

	*result = (struct cli_result){0};
	while (again && !(ok = try_call(&in->config, &call, result, &again, e)) && again &&
	       clock_mono_us(clock_system()) < until)
		nanosleep(&pause, NULL);
	json_decref(call.params);
	return ok;
}

bool invoke_and_print(const struct invocation *in, const char *command, json_t *take_params,
		      struct err *e)
{
	const struct command *c = command_find(command);
	struct cli_result result;
	char *text;

	if (!invoke(in, command, take_params, &result, e))
		return false;
	text = c->text ? c->text(result.value) : json_result_text(result.value, JSON_INDENT(2));
	output_text(text);
	free(text);
	cli_result_clear(&result);
	return true;
}
