/* Parses lines of the prompt: COMMAND['!'] {ARG | NAME=VALUE | -NAME VALUE | "quoted text"}. */
#ifndef TALLY_RPC_LINE_PARSER_PRIV_H
#define TALLY_RPC_LINE_PARSER_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <tally/base/err.h>
#include <tally/rpc/command.h>

#define LINE_DRAFT "draft" /* the parameter that names a payment which was shown */

struct line_words {
	char **at; /* mem_alloc'ed, without their quotes */
	size_t n;
	uint32_t quoted; /* bit i: word i begins with a quote */
};
/* Splits a line at blanks. ERR_USAGE "bad-line": an open quote, or more than 32 words. */
bool line_split(const char *line, struct line_words *w, struct err *e);
void line_words_clear(struct line_words *w); /* clearing twice is harmless */

struct parsed_line {
	const struct command *command; /* NULL: the line is blank */
	json_t *args;                  /* an object, by name; for the caller */
	bool skip_question;            /* '!' follows the command's name */
};
/* ERR_USAGE, or ERR_NOTFOUND "unknown-command". */
bool line_parse(const char *line, struct parsed_line *out, struct err *e);

/* Where the command's name begins: a line copied from a shell may begin with "tally" or "tally
 * rpc". */
const char *line_command_at(const char *line);
/* The command that a line begins with, even if the rest can't be parsed. NULL: none, or unknown. */
const struct command *line_command(const char *line);
/* name: not terminated, of len bytes. NULL: the command has no such parameter. */
const struct command_param *line_find_param(const struct command *cmd, const char *name,
					    size_t len);
/* False for parameters that the prompt sets by itself (preview, draft): usage, completion and
 * suggestions don't list them. */
bool line_lists_param(const struct command_param *p);

#endif
