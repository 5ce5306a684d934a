/* The table of settings. The command line, the environment, tally.conf, --help and the manual pages
 * are all made from it. To add a setting: a row in src/config/settings.c, a field in struct config,
 * its use, a test, and `make golden` for the manual pages. */
#ifndef TALLY_CONFIG_SETTINGS_H
#define TALLY_CONFIG_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <tally/base/err.h>

enum setting_kind {
	SETTING_FLAG,   /* a bool */
	SETTING_NUMBER, /* a uint32_t, uint64_t or int64_t */
	SETTING_TEXT,   /* a char array */
	SETTING_LIST,   /* CONFIG_PEERS_MAX char arrays and a count; each use adds one */
};

/* Where a setting can be given. */
enum {
	SETTING_FILE = 1,        /* in tally.conf */
	SETTING_ANY_COMMAND = 2, /* as an option of every command */
	SETTING_STARTNODE = 4,   /* as an option of startnode */
};

struct setting {
	const char *name; /* "control-port" */
	enum setting_kind kind;
	unsigned places;
	const char *env;           /* environment variable; NULL: none */
	const char *value_name;    /* in help texts: "PORT" */
	const char *default_value; /* NULL: unset, or computed by config_finish */
	const char *default_help;  /* describes the default in help texts; NULL: default_value */
	uint64_t min, max;         /* of a number */
	const char *help;          /* a phrase that says what the setting does */
	const char *more;          /* further sentences for tally.conf(5), one a line; NULL: none */
	bool (*check)(const char *value, struct err *e); /* of a text; NULL: any text */
	size_t offset, size, count_offset;               /* of the fields in struct config */
};

extern const struct setting config_settings[];       /* ends with name NULL; at most 64 */
const struct setting *config_find(const char *name); /* NULL: unknown */
/* The bit that stands for this setting in a set of settings. */
uint64_t config_bit(const struct setting *s);

#endif
