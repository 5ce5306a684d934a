/* The structs that the files of the program share. */
#ifndef TALLY_CLI_PRIV_H
#define TALLY_CLI_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/config/config.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

#define CLI_OPTIONS_MAX 16

/* An option of one command. */
struct cli_option {
	const char *name;       /* NULL ends an array of them */
	const char *value_name; /* for help: "ADDR"; NULL: a flag, which takes no value */
	bool required;
	const char *help;
};

struct invocation;

/* A command of the command line. */
struct cli_command {
	const char *name;
	const char *summary;              /* for help: "prints ..." */
	const struct cli_option *options; /* NULL: none */
	bool takes_settings;              /* accepts the settings of startnode as options */
	bool makes_directory;             /* if the data directory does not exist */
	const char *words; /* for help: the arguments without a dash; NULL: it takes none */
	/* Prints the result on standard output, and nothing else. */
	bool (*run)(struct invocation *in, struct err *e);
};

/* A parsed command line. */
struct invocation {
	const struct cli_command *command; /* NULL: none was given */
	struct config config;
	uint64_t given;                      /* config_bit of the settings on the command line */
	const char *values[CLI_OPTIONS_MAX]; /* of command->options, by index; NULL: not given */
	const char *const *words;            /* the arguments of a command that takes words */
	size_t n_words;
	bool help, version;
};

#endif
