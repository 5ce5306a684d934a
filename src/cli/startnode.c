/* startnode: the node with its console, or with log lines where there is no terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tally/control/control.h>
#include <tally/tui/tui.h>

#include "cli/cli_priv.h"

static bool dump_screen(struct invocation *in, struct err *e)
{
	unsigned cols, rows;
	json_t *result;

	if (!data_dir_there(&in->config, NULL))
		return err_set(
			e, ERR_NOTFOUND, "no-directory",
			"there is no data directory %s: -dump-screen draws the screen of a node "
			"that is there, startnode without it makes one",
			in->config.dir);
	sscanf(in->config.dump_screen, "%ux%u", &cols, &rows);
	if (!call_command(in, "tally_screen", json_pack("[i,i]", (int)cols, (int)rows), &result,
			  NULL, e))
		return false;
	printf("%s\n", json_string_value(result));
	json_decref(result);
	return true;
}

bool run_startnode(struct invocation *in, struct err *e)
{
	struct err none = {0};
	struct tui *tui = NULL;
	struct control *control = NULL;
	struct node *n;
	int status;

	if (in->config.dump_screen[0])
		return dump_screen(in, e);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		in->config.headless = true;
	if (!node_open(&n, &in->config, NODE_ONLINE, e))
		return false;
	node_set_renderer(n, tui_render);
	if (!control_open(&control, n, e) || !node_start(n, e)) {
		control_close(control);
		node_close(n, NULL);
		return false;
	}
	if (!in->config.headless && !tui_open(&tui, n, &none)) {
		fprintf(stderr, "tally: %s\n", none.detail);
		node_go_headless(n);
	}
	status = node_run(n, e);
	tui_close(tui);
	control_close(control);
	async_calls_end(n);
	if (!node_close(n, status == EXIT_DONE ? e : NULL))
		return false;
	if (tui && status == EXIT_DONE && isatty(STDERR_FILENO))
		fprintf(stderr, "tally: node %u has stopped; what it did stands in %s/tally.log\n",
			in->config.node_id, in->config.dir);
	return status == EXIT_DONE;
}
