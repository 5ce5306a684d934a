/* A line of the prompt: COMMAND['!'] {ARG | NAME=VALUE | -NAME VALUE | "quoted text"}. */
#ifndef TALLY_RPC_COMMAND_LINE_H
#define TALLY_RPC_COMMAND_LINE_H

#include <stddef.h>

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

/* The usage of the command that the line begins with, to show under the prompt: "send to amount
 * [fee=] [memo=] ...: send coins". "" for an unknown command. */
void command_line_usage(const char *line, char *out, size_t size);

#endif
