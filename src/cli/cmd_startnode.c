/* startnode: runs a node with the console, or with log lines if there is no terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <tally/control/http_server.h>
#include <tally/node/node.h>
#include <tally/rpc/rpc.h>
#include <tally/tui/tui.h>

#include "cli/commands_priv.h"
#include "cli/invoke_priv.h"

static bool dump_screen(struct invocation *in, struct err *e)
{
	struct cli_result result;
	unsigned cols, rows;

	if (!data_dir_exists(&in->config, NULL))
		return err_set(
			e, ERR_NOTFOUND, "no-directory",
			"there is no data directory %s: startnode without -dump-screen makes one",
			in->config.dir);
	sscanf(in->config.dump_screen, "%ux%u", &cols, &rows);
	if (!invoke(in, "tally_screen", json_pack("[i,i]", (int)cols, (int)rows), &result, e))
		return false;
	printf("%s\n", json_string_value(result.value));
	cli_result_clear(&result);
	return true;
}

static bool open_control(struct control **out, const struct node *n, struct rpc *r, struct err *e)
{
	const struct control_options o = {
		.base = node_base(n),
		.rpc = r,
		.dir = node_config(n)->dir,
		.port = (uint16_t)node_config(n)->control_port,
	};

	return control_open(out, &o, e);
}

static bool run_startnode(struct invocation *in, struct err *e)
{
	struct err none = {0};
	struct tui *tui = NULL;
	struct control *control = NULL;
	struct node *n;
	struct rpc *rpc;
	int status;

	if (in->config.dump_screen[0])
		return dump_screen(in, e);
	if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
		in->config.headless = true;
	if (!node_open(&n, &in->config, NODE_ONLINE, e))
		return false;
	rpc = rpc_new(n);
	rpc_set_renderer(rpc, tui_render);
	if (!open_control(&control, n, rpc, e) || !node_start(n, e)) {
		control_close(control);
		rpc_close(rpc);
		node_close(n, NULL);
		return false;
	}
	if (!in->config.headless && !tui_open(&tui, n, rpc, &none)) {
		fprintf(stderr, "tally: %s\n", none.detail);
		node_go_headless(n);
	}
	status = node_run(n, e);
	tui_close(tui);
	control_close(control);
	rpc_close(rpc);
	if (!node_close(n, status == EXIT_DONE ? e : NULL))
		return false;
	if (tui && status == EXIT_DONE && isatty(STDERR_FILENO))
		fprintf(stderr, "tally: node %u has stopped; its log is %s/tally.log\n",
			in->config.node_id, in->config.dir);
	return status == EXIT_DONE;
}

const struct cli_command cmd_startnode = {
	.name = "startnode",
	.summary = "runs a node; shows the console on a terminal",
	.takes_settings = true,
	.makes_directory = true,
	.run = run_startnode,
};
