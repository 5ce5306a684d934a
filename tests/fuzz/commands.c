/* Fuzz targets for the commands of a node: JSON of the control port, and lines of the prompt. The
 * node has a chain and a wallet, but no network. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/consensus/params.h>
#include <tally/rpc/call.h>
#include <tally/rpc/command_line.h>
#include <tally/rpc/completion.h>
#include <tally/rpc/json_result.h>
#include <tally/rpc/rpc.h>
#include <tally/config/config.h>
#include <tally/node/node.h>
#include <tally/wallet/receiver.h>

#include "rpc/line_parser_priv.h"

/* Commands that take long or would end the node. A name that begins with one of these is not
 * called. */
static const char *const skipped[] = {
	"generatetoaddress", "setgenerate", "mine",       "stop", "quit",
	"setmocktime",       "miner",       "reindexutxo"};

static struct node *node;
static struct rpc *rpc;

static void close_node(void)
{
	rpc_close(rpc);
	node_close(node, NULL);
}

static void open_node(void)
{
	static struct config c;
	struct chain_params p;

	if (node)
		return;
	config_init(&c);
	snprintf(c.home, sizeof c.home, "%s", fuzz_dir());
	REQUIRE(config_finish(&c, config_bit(config_find("home")), NULL));
	REQUIRE(node_open(&node, &c, NODE_OFFLINE, NULL));
	rpc = rpc_new(node);
	params_default(&p, 0);
	strcpy(p.name, "fuzz");
	REQUIRE(receiver_resolve(node_wallet(node), "me", true, &p.creator, NULL));
	REQUIRE(node_create_chain(node, &p, NULL));
	atexit(close_node);
}

static bool is_skipped(const char *command)
{
	for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
		if (strncmp(command, skipped[i], strlen(skipped[i])) == 0)
			return true;
	return false;
}

struct reply {
	bool done;
};

/* A command replies once, with a result or an error. A result must be valid JSON without duplicate
 * names. */
static void on_reply(void *arg, json_t *result, const struct err *err, int code)
{
	struct reply *r = arg;
	json_t *again;
	char *text;

	REQUIRE(!r->done && (result == NULL) != (err == NULL));
	r->done = true;
	if (err) {
		REQUIRE(code != 0 && err->detail[0] != '\0' &&
			utf8_printable(err->detail, strlen(err->detail)));
		return;
	}
	text = json_result_text(result, JSON_COMPACT);
	again = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
	REQUIRE(again != NULL);
	json_decref(again);
	free(text);
}

static void call(const json_t *request)
{
	const char *method = json_string_value(json_object_get(request, "method"));
	struct reply r = {0};

	if (!method || is_skipped(method))
		return;
	rpc_call(rpc, &(struct rpc_request){.command = method,
					    .params = json_object_get(request, "params"),
					    .client = &r,
					    .reply = on_reply,
					    .arg = &r});
	if (!r.done && !node_wait(node, &r.done, NULL))
		rpc_forget(rpc, &r);
}

static void run_rpc(const uint8_t *data, size_t size)
{
	json_t *body, *item;
	size_t i;

	open_node();
	body = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_array(body))
		json_array_foreach(body, i, item) call(item);
	else
		call(body);
	json_decref(body);
}

static void on_line(void *arg, const struct command_line_answer *a)
{
	struct reply *r = arg;

	REQUIRE(!r->done && utf8_valid(a->text, strlen(a->text)));
	r->done = true;
}

static void run_line(const uint8_t *data, size_t size)
{
	char *line = fuzz_text(data, size), usage[128];
	char found[8][COMPLETION_CHARS + 1];
	struct line_words words;
	struct reply r = {0};
	size_t n;

	open_node();
	if (line_split(line, &words, NULL)) {
		const bool skip = words.n > 0 && is_skipped(words.at[0]);

		line_words_clear(&words);
		command_line_usage(line, usage, sizeof usage);
		n = completion_of(node, line, found, ARRAY_LEN(found));
		for (size_t i = 0; i < n && i < ARRAY_LEN(found); i++)
			REQUIRE(strlen(found[i]) <= COMPLETION_CHARS);
		if (!skip) {
			command_line_run(rpc, &(struct command_line){.line = line,
								     .client = &r,
								     .reply = on_line,
								     .arg = &r});
			if (!r.done && !node_wait(node, &r.done, NULL))
				rpc_forget(rpc, &r);
		}
	}
	free(line);
}

const struct fuzz_target fuzz_commands[] = {{"rpc", run_rpc}, {"line", run_line}, {0}};
