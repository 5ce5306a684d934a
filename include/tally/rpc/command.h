/* One way to tell a node what to do: the prompt, the control port, the command line and the tests
 * share node_command and one const table of verbs. */
#ifndef TALLY_RPC_COMMAND_H
#define TALLY_RPC_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include <tally/base/err.h>
#include <tally/primitives/amount.h>

struct node;

/* What an argument is, for checking and completion. */
enum arg_type {
	ARG_TEXT,
	ARG_ADDRESS, /* an address or a label */
	ARG_AMOUNT,  /* decimal coins */
	ARG_NUMBER,  /* whole, 0 upward unless the verb says otherwise */
	ARG_FLAG,    /* true / false */
	ARG_HASH,    /* 64 hex digits */
	ARG_HEX,
	ARG_PEER, /* a peer's number */
	ARG_HOSTPORT,
	ARG_COMMAND,
	ARG_JSON, /* anything */
};

struct command_param {
	const char *name;
	enum arg_type type;
	bool optional;
	const char *help;
};

enum {
	COMMAND_RPC = 1,      /* a method of the control port */
	COMMAND_PROMPT = 2,   /* offered at the console's prompt */
	COMMAND_OFFLINE = 4,  /* works on a data directory whose node doesn't run */
	COMMAND_CONFIRM = 8,  /* the prompt shows what it would do and asks, unless '!' follows */
	COMMAND_CHAIN = 16,   /* refused with "no chain yet" while there is none */
	COMMAND_MEMPOOL = 32, /* has to do with what waits: that is read first where no node runs */
	COMMAND_SETTLED = 64, /* is begun when no block is half way, nor a reorganisation */
};

struct call;

struct command {
	const char *name;
	const char *category; /* "blockchain", "network", …: as Bitcoin Core's help groups them */
	const char *summary;  /* one line */
	const struct command_param *params; /* ends with name NULL; NULL: none */
	unsigned flags;
	/* Answers with call_done or call_fail, now or later, exactly once. */
	void (*run)(struct node *n, struct call *c);
	/* The result as a person reads it (mem_alloc'ed); NULL: the JSON itself. */
	char *(*text)(const json_t *result);
};
/* Every verb once, by subject: size_t g = 0, i = 0; while ((v = command_next(&g, &i))). */
const struct command *command_next(size_t *group, size_t *at);
const struct command *command_find(const char *name);
/* What the method help says of a verb, of all where name is NULL (mem_alloc'ed). NULL:
 * ERR_NOTFOUND. */
char *command_help(const char *name, struct err *e);

/* JSON-RPC error codes, Bitcoin Core's (rpc/protocol.h). */
enum rpc_code {
	RPC_MISC_ERROR = -1,
	RPC_TYPE_ERROR = -3,
	RPC_WALLET_ERROR = -4,
	RPC_INVALID_ADDRESS_OR_KEY = -5,
	RPC_WALLET_INSUFFICIENT_FUNDS = -6,
	RPC_OUT_OF_MEMORY = -7,
	RPC_INVALID_PARAMETER = -8,
	RPC_CLIENT_NOT_CONNECTED = -9,
	RPC_CLIENT_IN_INITIAL_DOWNLOAD = -10,
	RPC_CLIENT_NODE_ALREADY_ADDED = -23,
	RPC_CLIENT_NODE_NOT_ADDED = -24,
	RPC_CLIENT_NODE_NOT_CONNECTED = -29,
	RPC_CLIENT_INVALID_IP_OR_SUBNET = -30,
	RPC_DESERIALIZATION_ERROR = -22,
	RPC_METHOD_DEPRECATED = -32,
	RPC_VERIFY_ERROR = -25,
	RPC_VERIFY_REJECTED = -26,
	RPC_VERIFY_ALREADY_IN_CHAIN = -27,
	RPC_IN_WARMUP = -28,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_PARSE_ERROR = -32700,
};

/* Exactly one of result and err; both borrowed. code: an rpc_code with err. A long answer's result
 * is text already: command_json prints it as any other, command_value reads it. */
typedef void node_reply(void *arg, json_t *result, const struct err *err, int code);
/* params: an array (by position), an object (by name) or NULL; borrowed. The reply may come within
 * this call or later from the loop. */
void node_command(struct node *n, const char *method, json_t *params, node_reply *reply, void *arg);
/* A call that can't be answered any more is forgotten (its reply is not called): by the same
 * arg. */
void node_command_forget(struct node *n, void *arg);
/* Who made the call with this arg has left: blocks or a long answer that are being made for it are
 * no longer. It is answered all the same, with an error. */
void node_command_give_up(struct node *n, const void *arg);
/* Before node_close: calls that run in slices end with an error. */
void async_calls_end(struct node *n);
bool err_given_up(struct err *e); /* what such a call is answered with; returns false */

/* Within a verb: */
/* Who asked: the arg of this call, or of the outermost where a verb has made it. */
const void *call_asker(const struct call *c);
const char *call_method(const struct call *c); /* the verb's name */
json_t *call_arg(const struct call *c,
		 const char *name); /* borrowed; NULL where left out or null */
void call_done(struct call *c, json_t *take_result);
void call_fail(struct call *c, int code, const struct err *e);
/* Typed access that answers the call itself with a clear error and returns false: `required` ones
 * that are missing, wrong types, out of range. */
bool call_number(struct call *c, const char *name, int64_t lo, int64_t hi, int64_t fallback,
		 int64_t *out);
bool call_flag(struct call *c, const char *name, bool fallback, bool *out);
bool call_text(struct call *c, const char *name, const char *fallback, const char **out);
bool call_amount(struct call *c, const char *name, int64_t *out); /* number or string, in coins */

/* Amounts in results are numbers with exactly eight places. json_amount makes one, command_json
 * prints a result that holds some (flags: jansson's; free the text), json_amount_text shows one,
 * also one that was read from JSON, as a person reads it ("12.5"). */
json_t *json_amount(int64_t units);
char *command_json(const json_t *v, size_t flags);
bool json_amount_text(const json_t *v, char out[AMOUNT_CHARS + 1]);
/* A result to look into: itself, or what its text says. A new reference. */
json_t *command_value(json_t *v);
/* Compact JSON on lines of their own, numbers as they stand. mem_alloc'ed. */
char *json_on_lines(const char *compact);

/* A line of the prompt: verb['!'] {arg | key=value | "quoted"}. */
enum command_line_kind {
	COMMAND_LINE_DONE,
	COMMAND_LINE_FAILED,
	COMMAND_LINE_CONFIRM /* text asks; the line with '!' does it */
};
typedef void command_line_reply(void *arg, enum command_line_kind kind, const char *text);
void node_command_line(struct node *n, const char *line, command_line_reply *reply, void *arg);
/* Splits a line: argv of mem_alloc'ed words (free with command_line_free). ERR_USAGE for an open
 * quote. */
bool command_line_split(const char *line, char ***words, size_t *n, struct err *e);
void command_line_free(char **words, size_t n);
/* The line with '!' behind its verb: it is done unasked. mem_alloc'ed. */
char *command_line_confirmed(const char *line);
/* Where the last word of a line being written begins; *place: how many words stand before it;
 * *quoted: a quote is open. */
size_t command_line_last_word(const char *line, size_t *place, bool *quoted);
/* Completions of the last word of `line` (verbs, labels, peers, keys): writes at most max words
 * (each replaces that word), returns how many there are; none within quotes. */
#define COMPLETION_CHARS 79
size_t command_line_complete(const struct node *n, const char *line,
			     char (*out)[COMPLETION_CHARS + 1], size_t max);
/* "send TO AMOUNT [fee=] [memo=] [from=]": the verb's usage, for the line under the prompt; ""
 * where unknown. */
void command_line_usage(const char *line, char *out, size_t size);

#endif
