/* Commands about the node itself. */
#include "rpc/commands_priv.h"
#include "rpc/rpc_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define SCREEN_MAX 1000 /* columns, and lines */

static void run_stop(struct node *n, struct call *c)
{
	bool preview;

	if (!call_flag(c, "preview", false, &preview))
		return;
	call_done(c, json_string(preview ? "Stop node?" : "Tally stopping"));
	if (!preview)
		node_stop(n, "requested by a command");
}

static void run_uptime(struct node *n, struct call *c)
{
	call_done(c, json_integer(node_uptime_s(n)));
}

static void run_setmocktime(struct node *n, struct call *c)
{
	struct err err = {0};
	int64_t t;

	if (!call_number(c, "timestamp", 0, UINT32_MAX, 0, &t))
		return;
	if (node_set_mocktime(n, t, &err))
		call_done(c, json_null());
	else
		call_fail(c, RPC_MISC_ERROR, &err);
}

static void run_help(struct node *n, struct call *c)
{
	struct err err = {0};
	const char *name;
	char *text;

	(void)n;
	if (!call_text(c, "command", NULL, &name))
		return;
	text = c->rpc->help(name, &err);
	if (text)
		call_done(c, json_string(text));
	else
		call_fail(c, RPC_MISC_ERROR, &err);
	free(text);
}

/* --- for consoles and scripts ---------------------------------------------------------- */

static json_t *snapshot_sync(const struct snapshot_sync *i)
{
	json_t *senders = json_array();

	for (uint32_t k = 0; k < MIN(i->n_senders, SNAPSHOT_SENDERS_MAX); k++)
		json_array_append_new(senders, json_integer(i->senders[k]));
	return json_pack("{s:b,s:I,s:I,s:I,s:f,s:I,s:I,s:I,s:o}", "active", i->active, "height",
			 (json_int_t)i->height, "headers", (json_int_t)i->headers, "target",
			 (json_int_t)i->target, "blocks_per_s", i->blocks_per_s, "eta_s",
			 (json_int_t)i->eta_s, "inflight", (json_int_t)i->in_flight, "headers_from",
			 (json_int_t)i->headers_from, "senders", senders);
}

static json_t *snapshot_peers(const struct snapshot *s)
{
	json_t *out = json_array();

	for (uint32_t i = 0; i < MIN(s->n_peers, SNAPSHOT_PEERS_MAX); i++) {
		const struct peer_row *p = &s->peers[i];

		json_array_append_new(
			out, json_pack("{s:I,s:s,s:b,s:I,s:I,s:I,s:b}", "id", (json_int_t)p->id,
				       "address", p->addr, "inbound", p->kind == PEER_INBOUND,
				       "height", (json_int_t)p->best_height, "ping_us",
				       (json_int_t)p->ping_us, "messages_per_10s",
				       (json_int_t)p->msgs_per_10s, "syncing", p->syncing));
	}
	return out;
}

static json_t *snapshot_msgs(const struct node *n, const struct snapshot *s)
{
	struct msg_row page[32];
	const uint64_t first = s->msgs_next > 32 ? s->msgs_next - 32 : 1;
	const size_t count = node_msgs(n, first, page, 32);
	json_t *out = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(
			out,
			json_pack("{s:I,s:I,s:I,s:s,s:s,s:I,s:s}", "seq", (json_int_t)page[i].seq,
				  "time_us", (json_int_t)page[i].unix_us, "peer",
				  (json_int_t)page[i].peer, "direction", page[i].out ? "out" : "in",
				  "command", page[i].command, "bytes", (json_int_t)page[i].bytes,
				  "summary", page[i].summary));
	return out;
}

static json_t *snapshot_dials(const struct snapshot *s)
{
	json_t *out = json_array();

	for (uint32_t i = 0; i < MIN(s->n_dials, SNAPSHOT_DIALS_MAX); i++) {
		json_array_append_new(out, json_pack("{s:s,s:b,s:i}", "address", s->dials[i].addr,
						     "dialling", s->dials[i].dialling, "failures",
						     (int)s->dials[i].failures));
	}
	return out;
}

static void run_snapshot(struct node *n, struct call *c)
{
	struct snapshot *s = NEW(struct snapshot);
	json_t *o = json_object();

	node_snapshot(n, s);
	json_object_set_new(o, "node", json_integer(s->node_id));
	json_object_set_new(o, "role", json_string(s->role));
	json_object_set_new(o, "version", json_string(s->version));
	json_object_set_new(o, "uptime", json_integer(s->uptime_s));
	json_object_set_new(o, "chain", s->has_chain ? json_string(s->params.name) : json_null());
	if (s->has_chain) {
		json_object_set_new(o, "height", json_integer(s->tip.height));
		json_object_set_new(o, "tip", json_hash(&s->tip.hash.h));
		json_object_set_new(o, "tip_time", json_integer(s->tip.time));
	}
	json_object_set_new(o, "sync", snapshot_sync(&s->sync));
	json_object_set_new(o, "peers", snapshot_peers(s));
	json_object_set_new(o, "dials", snapshot_dials(s));
	json_object_set_new(o, "known_addresses", json_integer(s->known_addrs));
	json_object_set_new(o, "mempool", json_integer(s->mempool_count));
	json_object_set_new(o, "balance", json_amount(s->balance.spendable));
	json_object_set_new(o, "immature", json_amount(s->balance.immature));
	json_object_set_new(o, "unconfirmed", json_amount(s->balance.pending));
	json_object_set_new(o, "mining", json_boolean(s->mining));
	json_object_set_new(o, "hash_rate", json_real(s->hash_rate));
	json_object_set_new(o, "messages", snapshot_msgs(n, s));
	json_object_set_new(o, "warning", json_string(s->warning));
	free(s);
	call_done(c, o);
}

static void on_line(void *arg, const struct command_line_answer *a)
{
	static const char *const kinds[] = {
		[COMMAND_LINE_DONE] = "done",
		[COMMAND_LINE_FAILED] = "failed",
		[COMMAND_LINE_CONFIRM] = "confirm",
	};
	json_t *o = json_pack("{s:s,s:s}", "kind", kinds[a->kind], "text", a->text);

	if (a->confirm)
		json_object_set_new(o, "confirm", json_string(a->confirm));
	call_done(arg, o);
}

static void run_command(struct node *n, struct call *c)
{
	const char *line;

	(void)n;
	if (call_text(c, "line", "", &line))
		c->rpc->run_line(c->rpc, &(struct command_line){.line = line,
								.client = c->client,
								.reply = on_line,
								.arg = c});
}

/* The console's screen, drawn again in each step until all blocks on it are read. */
struct screen {
	rpc_renderer *renderer;
	unsigned cols, rows;
	char *text;
};

static enum step_result screen_step(struct node *n, void *arg, int *code, struct err *e)
{
	struct screen *s = arg;
	bool more;

	(void)code;
	free(s->text);
	s->text = s->renderer ? s->renderer(n, s->cols, s->rows, &more) : NULL;
	if (s->text)
		return more ? STEP_MORE : STEP_DONE;
	err_set(e, ERR_NOTFOUND, "no-screen",
		"this node has no screen: run tally startnode -dump-screen %ux%u", s->cols,
		s->rows);
	return STEP_FAILED;
}

static json_t *screen_result(void *arg)
{
	const struct screen *s = arg;

	return json_string(s->text);
}

static void screen_clear(void *arg)
{
	const struct screen *s = arg;

	free(s->text);
}

static const struct async_call screen_call = {
	.step = screen_step,
	.result = screen_result,
	.clear = screen_clear,
};

static void run_screen(struct node *n, struct call *c)
{
	int64_t cols, rows;
	struct screen *s;

	(void)n;
	if (!call_number(c, "cols", 1, SCREEN_MAX, 80, &cols) ||
	    !call_number(c, "rows", 1, SCREEN_MAX, 24, &rows))
		return;
	s = NEW(struct screen);
	s->renderer = c->rpc->renderer;
	s->cols = (unsigned)cols;
	s->rows = (unsigned)rows;
	async_call_begin(c, &screen_call, s);
}

static const struct command_param help_params[] = {
	{.name = "command",
	 .type = ARG_COMMAND,
	 .optional = true,
	 .help = "name of a command; default: all"},
	{0},
};
static const struct command_param stop_params[] = {
	{.name = "preview",
	 .type = ARG_FLAG,
	 .optional = true,
	 .help = "true: only report what it would do"},
	{0},
};
static const struct command_param time_params[] = {
	{.name = "timestamp", .type = ARG_NUMBER, .help = "Unix time; 0: the real clock"},
	{0},
};
static const struct command_param line_params[] = {
	{.name = "line", .type = ARG_TEXT, .help = "the line, as it is typed at the prompt"},
	{0},
};
static const struct command_param screen_params[] = {
	{.name = "cols",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "columns, 1 to 1000; default 80"},
	{.name = "rows",
	 .type = ARG_NUMBER,
	 .optional = true,
	 .help = "lines, 1 to 1000; default 24"},
	{0},
};

const struct command commands_node[] = {
	{
		.name = "help",
		.category = "control",
		.summary = "list the commands, or describe one",
		.params = help_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_PROMPT,
		.run = run_help,
		.text = json_result_string,
	},
	{
		.name = "quit",
		.category = "control",
		.summary = "stop the node",
		.params = stop_params,
		.flags = COMMAND_PROMPT | COMMAND_CONFIRM,
		.run = run_stop,
		.text = json_result_string,
	},
	{
		.name = "setmocktime",
		.category = "control",
		.summary = "set the clock of a node on an instant chain",
		.params = time_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN,
		.run = run_setmocktime,
	},
	{
		.name = "stop",
		.category = "control",
		.summary = "stop the node",
		.params = stop_params,
		.flags = COMMAND_RPC | COMMAND_PROMPT | COMMAND_CONFIRM,
		.run = run_stop,
		.text = json_result_string,
	},
	{
		.name = "tally_command",
		.category = "control",
		.summary = "run a line as the prompt does",
		.params = line_params,
		.flags = COMMAND_RPC,
		.run = run_command,
	},
	{
		.name = "tally_screen",
		.category = "control",
		.summary = "draw the console as text",
		.params = screen_params,
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL,
		.run = run_screen,
		.text = json_result_string,
	},
	{
		.name = "tally_snapshot",
		.category = "control",
		.summary = "show the data that the console draws",
		.flags = COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL,
		.run = run_snapshot,
	},
	{
		.name = "uptime",
		.category = "control",
		.summary = "show for how many seconds the node has run",
		.flags = COMMAND_RPC,
		.run = run_uptime,
	},
	{0},
};
