/* A command goes to the node that runs; where none does, into the data directory itself. */
#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <tally/base/clock.h>
#include <tally/store/lock.h>
#include <tally/tui/tui.h>

#include "cli/cli_priv.h"

/* How long a node that starts may take until it answers, and how often it is asked. */
#define START_WAIT_MS 10000
#define RETRY_NS      50000000

struct local_call {
	bool done;
	json_t *result;
	char *raw;
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
		l->result = command_value(result);
		l->raw = command_json(result, JSON_COMPACT);
	}
}

static bool local_call(const struct config *c, const char *method, json_t *params, json_t **result,
		       char **raw, struct err *e)
{
	struct local_call l = {0};
	struct node *n;
	bool ok;

	if (!node_open(&n, c, NODE_OFFLINE, e))
		return false;
	node_set_renderer(n, tui_render);
	node_command(n, method, params, on_reply, &l);
	ok = node_wait(n, &l.done, e);
	if (ok && l.err.cls != ERR_NONE) {
		*e = l.err;
		ok = false;
	}
	if (!l.done)
		node_command_forget(n, &l);
	async_calls_end(n);
	ok = node_close(n, ok ? e : NULL) && ok;
	if (!ok) {
		json_decref(l.result);
		free(l.raw);
		return false;
	}
	*result = l.result;
	if (raw)
		*raw = l.raw;
	else
		free(l.raw);
	return true;
}

/* To the node's port or, where no node runs, into the database. *again: a node is about to start:
 * it holds the directory and doesn't answer yet. */
static bool try_call(const struct config *c, const char *method, json_t *params, json_t **result,
		     char **raw, bool *again, struct err *e)
{
	bool found = false, ok = false;

	*again = false;
	/* Only then: a cookie that a killed node left would lead to whoever has its port now. */
	if (dir_lock_holder(c->dir) == LOCK_NODE) {
		if (remote_suspended(c, e))
			return false;
		ok = remote_call(c, method, params, &found, result, raw, e);
		if (found)
			return ok;
		*again = true;
		return err_set(e, ERR_BUSY, "dir-in-use",
			       "a node runs in %s, but its control port %u does not answer: "
			       "wait, or stop it",
			       c->dir, c->control_port);
	}
	ok = local_call(c, method, params, result, raw, e);
	*again = !ok && e->cls == ERR_BUSY && dir_lock_holder(c->dir) == LOCK_NODE;
	return ok;
}

bool data_dir_there(const struct config *c, struct err *e)
{
	if (access(c->dir, F_OK) == 0 || errno != ENOENT)
		return true;
	return err_set(
		e, ERR_NOTFOUND, "no-directory",
		"there is no data directory %s: createblockchain, createwallet or startnode makes one",
		c->dir);
}

bool call_command(const struct invocation *in, const char *method, json_t *take_params,
		  json_t **result, char **raw, struct err *e)
{
	const struct timespec pause = {.tv_nsec = RETRY_NS};
	const int64_t until = clock_mono_us(clock_system()) + START_WAIT_MS * INT64_C(1000);
	const bool there = in->command->makes || data_dir_there(&in->config, e);
	json_t *params = take_params ? take_params : json_array();
	bool again = false, ok = false;

	while (there && !(ok = try_call(&in->config, method, params, result, raw, &again, e)) &&
	       again && clock_mono_us(clock_system()) < until)
		nanosleep(&pause, NULL);
	json_decref(params);
	return ok;
}
