/* A line of the prompt: COMMAND['!'] {ARG | NAME=VALUE | -NAME VALUE | "quoted text"}. */
#ifndef TALLY_RPC_COMMAND_LINE_H
#define TALLY_RPC_COMMAND_LINE_H

#include <stdbool.h>
#include <stddef.h>

#include <tally/base/err.h>
#include <tally/rpc/command.h>

struct rpc;

enum command_line_kind {
	COMMAND_LINE_DONE,
	COMMAND_LINE_FAILED,
	COMMAND_LINE_CONFIRM, /* nothing is done yet: text is a question to the person */
};
/* All borrowed. */
struct command_line_answer {
	enum command_line_kind kind;
	const char *text;
	/* COMMAND_LINE_CONFIRM: the line to run if the person says yes, and to give to
	 * command_line_cancel if not. It does what the question says: a payment is the very
	 * transaction that was shown. Else NULL. */
	const char *confirm;
};
typedef void command_line_reply(void *arg, const struct command_line_answer *a);

struct command_line {
	const char *line;   /* '!' after the command's name skips the question */
	const void *client; /* as in struct rpc_request */
	command_line_reply *reply;
	void *arg;
};
/* Runs the line. The reply comes exactly once: before this returns, or later from the loop. */
void command_line_run(struct rpc *r, const struct command_line *l);
/* The person said no to a question: drops the payment that was kept for the line `confirm`. */
void command_line_cancel(struct rpc *r, const char *confirm);

/* Splits a line into mem_alloc'ed words (free them with command_line_free). ERR_USAGE "bad-line":
 * an open quote, or more than 32 words. */
bool command_line_split(const char *line, char ***words, size_t *n, struct err *e);
void command_line_free(char **words, size_t n);

/* The command that a line begins with. NULL: none, or an unknown one. */
const struct command *command_line_command(const char *line);
/* The usage of that command, for the line under the prompt: "send to amount [fee=] [memo=] ...:
 * send a payment". "" for an unknown command. */
void command_line_usage(const char *line, char *out, size_t size);

#endif
