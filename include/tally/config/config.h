/* The settings of a node and their values. A value comes from the command line, else from the
 * environment, else from the tally.conf of the data directory, else from the tally.conf of the home
 * directory, else it is the default. */
#ifndef TALLY_CONFIG_CONFIG_H
#define TALLY_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include <tally/base/err.h>
#include <tally/config/settings.h>

#define NODE_ID_DEFAULT     3000
#define NODE_ID_MAX         55535 /* node id + CONTROL_PORT_OFFSET must be a port */
#define CONTROL_PORT_OFFSET 10000
#define MINING_THREADS_MAX  64
#define CONFIG_PEERS_MAX    32
#define CONFIG_TEXT_MAX     256 /* with the NUL */
#define CONFIG_PATH_MAX     512

struct config {
	/* Directories */
	char home[CONFIG_PATH_MAX];
	uint32_t node_id;
	char dir[CONFIG_PATH_MAX]; /* home/node_id; set by config_finish */
	/* Network */
	uint32_t port, control_port;
	char bind[CONFIG_TEXT_MAX]; /* "": every interface */
	bool listen;
	char connect[CONFIG_PEERS_MAX][CONFIG_TEXT_MAX];
	uint32_t n_connect;
	char addnode[CONFIG_PEERS_MAX][CONFIG_TEXT_MAX];
	uint32_t n_addnode;
	uint32_t inbound_max;
	char chain[65];             /* hash in hex; "": any chain */
	char join[CONFIG_TEXT_MAX]; /* an invite, which config_finish adds to chain and addnode */
	char sync[16];              /* "headers" or "classic" */
	bool sync_classic;          /* sync is "classic"; set by config_finish */
	/* Mining */
	char miner[CONFIG_TEXT_MAX]; /* address or label; "": does not mine */
	uint32_t threads;
	/* Other */
	bool headless;
	char dump_screen[16]; /* COLSxROWS; "": none */
	uint64_t dbcache_mb, maxmempool_mb, min_free_mb;
	int64_t mocktime; /* unix seconds; 0: the system's clock */
	bool debug;
};

/* Sets every setting to its default. */
void config_init(struct config *c);
/* Sets one value, or adds it to a list. Fails with ERR_USAGE "bad-setting". */
bool config_set(struct config *c, const struct setting *s, const char *value, struct err *e);
/* Completes a config that holds the values of the command line. given: the bits (config_bit) of the
 * settings that are set already. Reads environment and files, then derives the other fields. Fails
 * with ERR_USAGE or, if a file can't be read, ERR_IO. */
bool config_finish(struct config *c, uint64_t given, struct err *e);

#endif
