/* A command goes to the node that runs; where none does, into the data directory itself. */
#include <stdlib.h>

#include <tally/store/lock.h>
#include <tally/tui/tui.h>

#include "cli/cli_priv.h"

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
		l->result = json_incref(result);
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
	node_close(n);
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

bool call_command(const struct config *c, const char *method, json_t *take_params, json_t **result,
		  char **raw, struct err *e)
{
	json_t *params = take_params ? take_params : json_array();
	bool found;
	bool ok = remote_call(c, method, params, &found, result, raw, e);

	if (!found && dir_lock_held(c->dir))
		err_set(e, ERR_BUSY, "dir-in-use",
			"a node runs in %s, but its control port %u does not answer: wait, or stop it",
			c->dir, c->control_port);
	else if (!found)
		ok = local_call(c, method, params, result, raw, e);
	json_decref(params);
	return ok;
}
