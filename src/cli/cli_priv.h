/* What the files of the program share. */
#ifndef TALLY_CLI_PRIV_H
#define TALLY_CLI_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include <tally/base/err.h>
#include <tally/rpc/command.h>
#include <tally/config/config.h>
#include <tally/node/node.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* An option of one command. */
struct option_row {
	const char *name; /* ends with NULL */
	const char *arg;  /* NULL: a flag */
	bool required;
	const char *help;
};
#define OPTIONS_MAX 16

struct invocation;

struct command_row {
	const char *name;
	const char *summary;
	const struct option_row *options; /* NULL: none */
	bool settings;                    /* takes the settings of startnode too */
	bool makes;                       /* the data directory, where there is none */
	const char *words; /* what may follow without a dash, for help; NULL: nothing */
	bool (*run)(struct invocation *in, struct err *e);
};
extern const struct command_row commands[]; /* ends with name NULL */

/* A command line as understood. */
struct invocation {
	const struct command_row *command; /* NULL: none given */
	struct config config;
	uint64_t given;                  /* settings that the command line set, by index */
	const char *values[OPTIONS_MAX]; /* of command->options, by index; NULL: not given */
	const char *const *words;
	size_t n_words;
	bool help, version;
};

/* options.c. ERR_USAGE. */
bool invocation_read(struct invocation *in, int argc, char **argv, struct err *e);
const char *option_value(const struct invocation *in, const char *name); /* NULL: not given */
void print_usage(void);
void print_help(const struct command_row *command); /* NULL: the program's */

/* remote.c: a call to the node that runs in this directory. *found is false where none does. *result is for the
 * caller (json_decref). *raw, where not NULL, gets the result as the node printed it (free). */
bool remote_call(const struct config *c, const char *method, json_t *params, bool *found,
		 json_t **result, char **raw, struct err *e);

/* Is the node of this directory suspended (^Z)? ERR_BUSY "suspended" says so. It would answer, and do what it was told,
 * only when it goes on. */
bool remote_suspended(const struct config *c, struct err *e);

/* call.c. Is there a data directory? ERR_NOTFOUND "no-directory"; what else may be wrong with it is found when it is
 * opened. */
bool data_dir_there(const struct config *c, struct err *e);

/* By the node that runs, else in the data directory, which only a command that makes one can do without. */
bool call_command(const struct invocation *in, const char *method, json_t *take_params,
		  json_t **result, char **raw, struct err *e);

/* startnode.c */
bool run_startnode(struct invocation *in, struct err *e);

#endif
