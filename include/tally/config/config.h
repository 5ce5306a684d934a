/* Settings: one table feeds the file, the environment, the command line, --help and the man page.
 * Command line beats environment beats data directory's tally.conf beats home's. */
#ifndef TALLY_CONFIG_CONFIG_H
#define TALLY_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <tally/base/err.h>

#define NODE_ID_DEFAULT     3000
#define NODE_ID_MAX         55535
#define CONTROL_PORT_OFFSET 10000
#define CONFIG_PEERS_MAX    32
#define CONFIG_TEXT_MAX     256
#define CONFIG_PATH_MAX     512
#define MINING_THREADS_MAX  64

struct config {
	/* Where: */
	char home[CONFIG_PATH_MAX]; /* --home, TALLY_HOME, ~/.tally */
	uint32_t node_id;           /* --node-id, NODE_ID */
	char dir[CONFIG_PATH_MAX];  /* home/node_id: worked out */
	/* Network: */
	uint32_t port, control_port; /* worked out from node_id where not given */
	char bind[CONFIG_TEXT_MAX];  /* "": every interface */
	bool listen;
	char connect[CONFIG_PEERS_MAX][CONFIG_TEXT_MAX];
	uint32_t n_connect;
	char addnode[CONFIG_PEERS_MAX][CONFIG_TEXT_MAX];
	uint32_t n_addnode;
	uint32_t inbound_max;
	char chain[65];             /* "" any */
	char join[CONFIG_TEXT_MAX]; /* an invite: worked into chain and addnode; "" none */
	char sync[16];              /* "headers" or "classic" */
	bool sync_classic;          /* worked out */
	/* Mining: */
	char miner[CONFIG_TEXT_MAX]; /* address or label; "": not mining */
	uint32_t threads;
	/* The rest: */
	bool headless;
	char dump_screen[16]; /* "80x24": draw one frame as text and end; "" no */
	uint64_t dbcache_mb, maxmempool_mb, min_free_mb;
	int64_t mocktime; /* unix seconds; 0: the real clock. Instant chains only */
	bool debug;       /* debug lines in the log */
};

enum setting_type { SETTING_FLAG, SETTING_NUMBER, SETTING_TEXT, SETTING_LIST };
enum {
	SETTING_FILE = 1 /* may stand in tally.conf */,
	SETTING_GLOBAL = 2 /* before or after any command */,
	SETTING_START = 4 /* an option of startnode */
};

struct setting {
	const char *name; /* "control-port" */
	enum setting_type type;
	const char *env; /* NULL: none */
	const char *arg; /* "PORT", for help */
	const char *help;
	const char *fallback;                            /* default, as text for help */
	uint64_t lo, hi;                                 /* SETTING_NUMBER */
	bool (*check)(const char *value, struct err *e); /* of a text; NULL: any will do */
	size_t offset, size, count_offset;               /* in struct config */
	unsigned where;
};
extern const struct setting config_settings[]; /* ends with name NULL */
const struct setting *config_find(const char *name);

void config_init(struct config *c);
/* One value from the command line or a file. ERR_USAGE "bad-setting" with range and example. */
bool config_set(struct config *c, const struct setting *s, const char *value, struct err *e);
/* What the command line set is in *c, and named in `given` (a bit for each setting by its index):
 * fills in the rest from environment and files, works out dir and ports. */
bool config_finish(struct config *c, uint64_t given, struct err *e);

#endif
