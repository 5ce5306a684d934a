/* startnode: the node with its console, or with log lines where there is no terminal. */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/cli_priv.h"

static bool dump_screen(struct invocation *in, struct err *e)
{
	unsigned cols, rows;
	json_t *result;

	sscanf(in->config.dump_screen, "%ux%u", &cols, &rows);
	if (!call_command(&in->config, "tally_screen", json_pack("[i,i]", (int)cols, (int)rows),
			  &result, NULL, e))
		return false;
	printf("%s\n", json_string_value(result));
	json_decref(result);
	return true;
}

bool run_startnode(struct invocation *in, struct err *e)
{
	struct node *n;
	int status;

	if (in->config.dump_screen[0])
		return dump_screen(in, e);
	in->config.headless = true;
	if (!node_open(&n, &in->config, NODE_ONLINE, e))
		return false;
	status = node_run(n, e);
	node_close(n);
	return status == EXIT_DONE;
}
