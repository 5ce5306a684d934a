/* Verbs about the node itself. */
#include "rpc/rpc_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/checked.h>
#include <tally/base/mem.h>
#include <tally/base/text.h>

#define SCREEN_MAX 1000
#define HELP_BYTES 16384

static void run_stop(struct node *n, struct call *c)
{
	bool preview;

	if (!call_flag(c, "preview", false, &preview))
		return;
	call_done(c, json_string(preview ? "Stop node?" : "Tally stopping"));
	if (!preview)
		node_stop(n, "asked to");
}

static void run_uptime(struct node *n, struct call *c)
{
	call_done(c, json_integer((clock_mono_us(clock_system()) - n->started_us) / 1000000));
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

/* --- help ----------------------------------------------------------------------- */

static void usage_of(const struct command *v, char *out, size_t size)
{
	out[0] = '\0';
	text_append(out, size, "%s", v->name);
	for (const struct command_param *p = v->params; p && p->name; p++)
		text_append(out, size, p->optional ? " [%s]" : " %s", p->name);
}

static void help_about(const struct command *v, char *text)
{
	char usage[256];

	usage_of(v, usage, sizeof(usage));
	text_append(text, HELP_BYTES, "%s\n%s\n", usage, v->summary);
	for (const struct command_param *p = v->params; p && p->name; p++)
		text_append(text, HELP_BYTES, "  %-12s %s\n", p->name, p->help);
}

/* The methods of one category; the table has some in several places. */
static void help_category(const char *category, char *text)
{
	const struct command *v;
	size_t group = 0, at = 0;
	char usage[256];

	text_append(text, HELP_BYTES, "%s== %s ==\n", *text ? "\n" : "", category);
	while ((v = command_next(&group, &at))) {
		if (!(v->flags & COMMAND_RPC) || strcmp(v->category, category) != 0)
			continue;
		usage_of(v, usage, sizeof(usage));
		text_append(text, HELP_BYTES, "%s  (%s)\n", usage, v->summary);
	}
}

static void help_all(char *text)
{
	const char *seen[16];
	const struct command *v;
	size_t group = 0, at = 0, n = 0, i;

	while ((v = command_next(&group, &at))) {
		for (i = 0; i < n && strcmp(seen[i], v->category) != 0; i++)
			;
		if (i < n || n == ARRAY_LEN(seen))
			continue;
		seen[n++] = v->category;
		help_category(v->category, text);
	}
}

char *command_help(const char *name, struct err *e)
{
	const struct command *v = name ? command_find(name) : NULL;
	char *text;

	if (name && !v) {
		err_set(e, ERR_NOTFOUND, "unknown-command", "help: unknown command: %s", name);
		return NULL;
	}
	text = mem_zalloc(HELP_BYTES);
	if (v)
		help_about(v, text);
	else
		help_all(text);
	return text;
}

static void run_help(struct node *n, struct call *c)
{
	struct err err = {0};
	const char *name;
	char *text;

	(void)n;
	if (!call_text(c, "command", NULL, &name))
		return;
	text = command_help(name, &err);
	if (text)
		call_done(c, json_string(text));
	else
		call_fail(c, RPC_MISC_ERROR, &err);
	free(text);
}

/* --- for consoles ------------------------------------------------------------------ */

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

static void on_line(void *arg, enum command_line_kind kind, const char *text)
{
	static const char *const kinds[] = {"done", "failed", "confirm"};
	struct call *c = arg;

	call_done(c, json_pack("{s:s,s:s}", "kind", kinds[kind], "text", text));
}

static void run_command(struct node *n, struct call *c)
{
	const char *line;

	if (call_text(c, "line", "", &line))
		node_command_line(n, line, on_line, c);
}

/* A screen, drawn again until every block on it was read. */
struct screen {
	unsigned cols, rows;
	char *text;
};

static enum step_result screen_part(struct node *n, void *arg, int *code, struct err *e)
{
	struct screen *s = arg;
	bool more;

	(void)code;
	free(s->text);
	s->text = n->renderer ? n->renderer(n, s->cols, s->rows, &more) : NULL;
	if (s->text)
		return more ? STEP_MORE : STEP_DONE;
	err_set(e, ERR_NOTFOUND, "no-screen", "this node has no screen to draw");
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

static const struct async_call screen_answer = {
	.part = screen_part, .result = screen_result, .clear = screen_clear};

static void run_screen(struct node *n, struct call *c)
{
	int64_t cols, rows;
	struct screen *s;

	if (!call_number(c, "cols", 1, SCREEN_MAX, 80, &cols) ||
	    !call_number(c, "rows", 1, SCREEN_MAX, 24, &rows))
		return;
	s = NEW(struct screen);
	s->cols = (unsigned)cols;
	s->rows = (unsigned)rows;
	async_call_begin(n, c, &screen_answer, s);
}

static const struct command_param p_help[] = {{"command", ARG_COMMAND, true, "which one"}, {0}};
static const struct command_param p_stop[] = {
	{"preview", ARG_FLAG, true, "true: only say what it would do"}, {0}};
static const struct command_param p_time[] = {
	{"timestamp", ARG_NUMBER, false, "unix seconds; 0: the real clock"}, {0}};
static const struct command_param p_line[] = {{"line", ARG_TEXT, false, "as typed at the prompt"},
					      {0}};
static const struct command_param p_screen[] = {
	{"cols", ARG_NUMBER, true, "width"}, {"rows", ARG_NUMBER, true, "height"}, {0}};

const struct command commands_node[] = {
	{"help", "control", "commands, or one of them", p_help,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_PROMPT, run_help, text_string},
	{"quit", "control", "stop the node", p_stop, COMMAND_PROMPT | COMMAND_CONFIRM, run_stop,
	 text_string},
	{"setmocktime", "control", "set the clock of an instant chain", p_time,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_CHAIN, run_setmocktime, NULL},
	{"stop", "control", "stop the node", p_stop, COMMAND_RPC | COMMAND_PROMPT | COMMAND_CONFIRM,
	 run_stop, text_string},
	{"tally_command", "control", "a line of the prompt", p_line, COMMAND_RPC, run_command,
	 NULL},
	{"tally_screen", "control", "the console as text", p_screen,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL, run_screen, text_string},
	{"tally_snapshot", "control", "what the console draws", NULL,
	 COMMAND_RPC | COMMAND_OFFLINE | COMMAND_MEMPOOL, run_snapshot, NULL},
	{"uptime", "control", "seconds since the start", NULL, COMMAND_RPC, run_uptime, NULL},
	{0},
};
