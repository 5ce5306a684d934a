#include <tally/config/settings.h>

#include <string.h>

#include <tally/config/config.h>
#include <tally/crypto/label.h>
#include <tally/net/net.h>

#include "config/config_check_priv.h"

#define FIELD(f)   .offset = offsetof(struct config, f), .size = sizeof(((struct config *)0)->f)
#define COUNT(f)   .count_offset = offsetof(struct config, f)
#define DIGITS(n)  #n
#define TEXT_OF(n) DIGITS(n) /* a macro's number as a string */

const struct setting config_settings[] = {
	{
		.name = "home",
		.kind = SETTING_TEXT,
		.places = SETTING_ANY_COMMAND,
		.env = "TALLY_HOME",
		.value_name = "DIR",
		.default_help = "~/.tally",
		.help = "directory that contains the data directories of the nodes",
		FIELD(home),
	},
	{
		.name = "node-id",
		.kind = SETTING_NUMBER,
		.places = SETTING_ANY_COMMAND,
		.env = "NODE_ID",
		.value_name = "N",
		.default_value = TEXT_OF(NODE_ID_DEFAULT),
		.min = 1,
		.max = NODE_ID_MAX,
		.help = "number of the node: its data directory is HOME/N, its default port N",
		FIELD(node_id),
	},
	{
		.name = "port",
		.kind = SETTING_NUMBER,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "PORT",
		.default_help = "the node id",
		.min = 1,
		.max = 65535,
		.help = "port at which the node accepts peers",
		FIELD(port),
	},
	{
		.name = "control-port",
		.kind = SETTING_NUMBER,
		.places = SETTING_FILE | SETTING_ANY_COMMAND,
		.value_name = "PORT",
		.default_help = "the node id + " TEXT_OF(CONTROL_PORT_OFFSET),
		.min = 1,
		.max = 65535,
		.help = "control port (JSON-RPC); it listens on loopback only",
		FIELD(control_port),
	},
	{
		.name = "bind",
		.kind = SETTING_TEXT,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "ADDRESS",
		.default_help = "every address",
		.help = "listen only at this address",
		.check = config_check_bind,
		FIELD(bind),
	},
	{
		.name = "listen",
		.kind = SETTING_FLAG,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "0|1",
		.default_value = "1",
		.help = "accept connections from peers",
		FIELD(listen),
	},
	{
		.name = "connect",
		.kind = SETTING_LIST,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "HOST:PORT",
		.help = "connect to this peer, and only to those given by connect and addnode; can be "
			"repeated; 0: no peer",
		.more = "The default port is " TEXT_OF(
			NODE_ID_DEFAULT) ", the default host is 127.0.0.1.",
		.check = config_check_peer,
		FIELD(connect),
		COUNT(n_connect),
	},
	{
		.name = "addnode",
		.kind = SETTING_LIST,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "HOST:PORT",
		.help = "connect to this peer in addition to others; can be repeated",
		.check = config_check_peer,
		FIELD(addnode),
		COUNT(n_addnode),
	},
	{
		.name = "maxinbound",
		.kind = SETTING_NUMBER,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "N",
		.default_value = TEXT_OF(NET_INBOUND_MAX),
		.min = 1,
		.max = 1000,
		.help = "maximum number of inbound peers",
		.more = "When all inbound slots are taken, a new peer replaces the least useful one, "
			"unless all of them are protected.",
		FIELD(inbound_max),
	},
	{
		.name = "chain",
		.kind = SETTING_TEXT,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "HASH",
		.default_help = "the first chain that a peer offers",
		.help = "join only the chain with this genesis hash",
		.check = config_check_chain,
		FIELD(chain),
	},
	{
		.name = "join",
		.kind = SETTING_TEXT,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "WORD",
		.help = "join the chain of this invite and connect to the node that printed it",
		.more = "The command \"tally invite\" prints an invite.",
		.check = config_check_join,
		FIELD(join),
	},
	{
		.name = "sync",
		.kind = SETTING_TEXT,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "headers|classic",
		.default_value = "headers",
		.help = "how blocks are downloaded",
		.more = "With headers, the node first downloads the headers, then the blocks from "
			"several peers at once.\n"
			"It uses classic with peers that do not support this.\n"
			"With classic, it downloads from every peer with getblocks, inv, getdata and "
			"block, as the first Bitcoin nodes did.",
		.check = config_check_sync,
		FIELD(sync),
	},
	{
		.name = "miner",
		.kind = SETTING_TEXT,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "ADDR",
		.default_help = "the node does not mine",
		.help = "mine, and pay the reward to this address or label",
		.check = label_check_receiver,
		FIELD(miner),
	},
	{
		.name = "threads",
		.kind = SETTING_NUMBER,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "N",
		.default_value = "1",
		.min = 1,
		.max = MINING_THREADS_MAX,
		.help = "number of mining threads",
		FIELD(threads),
	},
	{
		.name = "headless",
		.kind = SETTING_FLAG,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "0|1",
		.default_value = "0",
		.help = "run without the console and print log lines on standard output",
		FIELD(headless),
	},
	{
		.name = "dump-screen",
		.kind = SETTING_TEXT,
		.places = SETTING_STARTNODE,
		.value_name = "COLSxROWS",
		.help = "print one frame of the console as text and exit",
		.check = config_check_screen,
		FIELD(dump_screen),
	},
	{
		.name = "dbcache",
		.kind = SETTING_NUMBER,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "MB",
		.default_value = "16",
		.min = 4,
		.max = 4096,
		.help = "size of the cache of unspent outputs in MB",
		FIELD(dbcache_mb),
	},
	{
		.name = "maxmempool",
		.kind = SETTING_NUMBER,
		.places = SETTING_FILE | SETTING_STARTNODE,
		.value_name = "MB",
		.default_value = "50",
		.min = 1,
		.max = 4096,
		.help = "maximum size of the mempool in MB",
		FIELD(maxmempool_mb),
	},
	{
		.name = "min-free",
		.kind = SETTING_NUMBER,
		.places = SETTING_FILE | SETTING_ANY_COMMAND,
		.value_name = "MB",
		.default_value = "64",
		.min = 16,
		.max = 1048576,
		.help = "stop the node when fewer MB than this are free on the disk",
		FIELD(min_free_mb),
	},
	{
		.name = "mocktime",
		.kind = SETTING_NUMBER,
		.places = SETTING_STARTNODE,
		.value_name = "SECONDS",
		.default_value = "0",
		.default_help = "0, the system's clock",
		.min = 0,
		.max = UINT32_MAX,
		.help = "set the clock of the node to this unix time; for tests, on instant chains only",
		FIELD(mocktime),
	},
	{
		.name = "debug",
		.kind = SETTING_FLAG,
		.places = SETTING_FILE | SETTING_ANY_COMMAND,
		.value_name = "0|1",
		.default_value = "0",
		.help = "write debug lines to the log",
		FIELD(debug),
	},
	{.name = NULL},
};

/* config_bit has 64 bits; the last row only ends the table. */
_Static_assert(sizeof(config_settings) / sizeof(config_settings[0]) <= 65, "too many settings");

const struct setting *config_find(const char *name)
{
	for (const struct setting *s = config_settings; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

uint64_t config_bit(const struct setting *s)
{
	return UINT64_C(1) << (s - config_settings);
}
