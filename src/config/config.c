/* Settings: the table, and where their values come from. */
#include "config/config_check_priv.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include <tally/base/mem.h>
#include <tally/base/text.h>
#include <tally/config/config.h>
#include <tally/net/addr.h>
#include <tally/net/invite.h>
#include <tally/net/net.h>

#define CONF_BYTES_MAX (1 << 20)

#define FIELD(f) .offset = offsetof(struct config, f), .size = sizeof(((struct config *)0)->f)
#define START    (SETTING_FILE | SETTING_START)
#define EVERY    (SETTING_FILE | SETTING_GLOBAL)

const struct setting config_settings[] = {
	{.name = "home",
	 .type = SETTING_TEXT,
	 .env = "TALLY_HOME",
	 .arg = "DIR",
	 .fallback = "~/.tally",
	 .help = "where the nodes' data directories are",
	 .where = SETTING_GLOBAL,
	 FIELD(home)},
	{.name = "node-id",
	 .type = SETTING_NUMBER,
	 .env = "NODE_ID",
	 .arg = "N",
	 .fallback = "3000",
	 .lo = 1,
	 .hi = NODE_ID_MAX,
	 .where = SETTING_GLOBAL,
	 .help = "names a node on this machine: its directory is HOME/N, its port N",
	 FIELD(node_id)},
	{.name = "port",
	 .type = SETTING_NUMBER,
	 .arg = "PORT",
	 .fallback = "the node id",
	 .lo = 1,
	 .hi = 65535,
	 .where = START,
	 .help = "port at which peers are listened for",
	 FIELD(port)},
	{.name = "control-port",
	 .type = SETTING_NUMBER,
	 .arg = "PORT",
	 .fallback = "the node id + 10000",
	 .lo = 1,
	 .hi = 65535,
	 .where = EVERY,
	 .help = "control port, on loopback alone",
	 FIELD(control_port)},
	{.name = "bind",
	 .type = SETTING_TEXT,
	 .arg = "ADDRESS",
	 .fallback = "every interface",
	 .where = START,
	 .help = "listen at this address alone",
	 .check = config_check_bind,
	 FIELD(bind)},
	{.name = "listen",
	 .type = SETTING_FLAG,
	 .arg = "0|1",
	 .fallback = "1",
	 .where = START,
	 .help = "listen for peers",
	 FIELD(listen)},
	{.name = "connect",
	 .type = SETTING_LIST,
	 .arg = "HOST:PORT",
	 .where = START,
	 .help = "dial this peer, and only those so named; may be given again; 0: none",
	 .check = config_check_peer,
	 FIELD(connect),
	 .count_offset = offsetof(struct config, n_connect)},
	{.name = "addnode",
	 .type = SETTING_LIST,
	 .arg = "HOST:PORT",
	 .where = START,
	 .help = "dial this peer besides; may be given again",
	 .check = config_check_peer,
	 FIELD(addnode),
	 .count_offset = offsetof(struct config, n_addnode)},
	{.name = "maxinbound",
	 .type = SETTING_NUMBER,
	 .arg = "N",
	 .fallback = "125",
	 .lo = 1,
	 .hi = 1000,
	 .where = START,
	 .help = "peers that may dial us at a time",
	 FIELD(inbound_max)},
	{.name = "chain",
	 .type = SETTING_TEXT,
	 .arg = "HASH",
	 .fallback = "the first one offered",
	 .where = START,
	 .help = "join only the chain with this genesis hash (64 hex digits)",
	 .check = config_check_chain,
	 FIELD(chain)},
	{.name = "join",
	 .type = SETTING_TEXT,
	 .arg = "WORD",
	 .where = START,
	 .help = "join the chain of this invite, which tally invite printed",
	 .check = config_check_join,
	 FIELD(join)},
	{.name = "sync",
	 .type = SETTING_TEXT,
	 .arg = "headers|classic",
	 .fallback = "headers",
	 .where = START,
	 .help = "how blocks are fetched: headers first, or by getblocks and inv alone",
	 .check = config_check_sync,
	 FIELD(sync)},
	{.name = "miner",
	 .type = SETTING_TEXT,
	 .arg = "ADDR",
	 .where = START,
	 .help = "mine, paying this address or label",
	 .check = config_check_miner,
	 FIELD(miner)},
	{.name = "threads",
	 .type = SETTING_NUMBER,
	 .arg = "N",
	 .fallback = "1",
	 .lo = 1,
	 .hi = MINING_THREADS_MAX,
	 .where = START,
	 .help = "mining threads",
	 FIELD(threads)},
	{.name = "headless",
	 .type = SETTING_FLAG,
	 .arg = "0|1",
	 .fallback = "0",
	 .where = START,
	 .help = "no console: log lines on standard output",
	 FIELD(headless)},
	{.name = "dump-screen",
	 .type = SETTING_TEXT,
	 .arg = "COLSxROWS",
	 .where = SETTING_START,
	 .help = "print one frame of the console as text and end",
	 .check = config_check_screen,
	 FIELD(dump_screen)},
	{.name = "dbcache",
	 .type = SETTING_NUMBER,
	 .arg = "MB",
	 .fallback = "16",
	 .lo = 4,
	 .hi = 4096,
	 .where = START,
	 .help = "cache of coins",
	 FIELD(dbcache_mb)},
	{.name = "maxmempool",
	 .type = SETTING_NUMBER,
	 .arg = "MB",
	 .fallback = "50",
	 .lo = 1,
	 .hi = 4096,
	 .where = START,
	 .help = "bound on the mempool",
	 FIELD(maxmempool_mb)},
	{.name = "min-free",
	 .type = SETTING_NUMBER,
	 .arg = "MB",
	 .fallback = "64",
	 .lo = 16,
	 .hi = 1048576,
	 .where = EVERY,
	 .help = "stop before the disk has less room than this",
	 FIELD(min_free_mb)},
	{.name = "mocktime",
	 .type = SETTING_NUMBER,
	 .arg = "SECONDS",
	 .fallback = "0: the real clock",
	 .lo = 0,
	 .hi = UINT32_MAX,
	 .where = SETTING_START,
	 .help = "set the clock (instant chains only; for tests)",
	 FIELD(mocktime)},
	{.name = "debug",
	 .type = SETTING_FLAG,
	 .arg = "0|1",
	 .fallback = "0",
	 .where = EVERY,
	 .help = "debug lines in the log",
	 FIELD(debug)},
	{.name = NULL},
};

const struct setting *config_find(const char *name)
{
	for (const struct setting *s = config_settings; s->name; s++)
		if (strcmp(s->name, name) == 0)
			return s;
	return NULL;
}

void config_init(struct config *c)
{
	*c = (struct config){
		.node_id = NODE_ID_DEFAULT,
		.listen = true,
		.inbound_max = NET_INBOUND_MAX,
		.threads = 1,
		.dbcache_mb = 16,
		.maxmempool_mb = 50,
		.min_free_mb = 64,
	};
	snprintf(c->sync, sizeof(c->sync), "headers");
}

/* --- one value -------------------------------------------------------------------- */

static bool set_number(struct config *c, const struct setting *s, const char *value, struct err *e)
{
	uint64_t v;
	char *at = (char *)c + s->offset;

	if (!parse_u64(value, s->lo, s->hi, &v))
		return err_set(
			e, ERR_USAGE, "bad-setting",
			parse_u64(value, 0, UINT64_MAX, &v)
				? "%s '%s' is out of range: give a whole number from %llu to %llu"
				: "%s '%s' is no whole number: give a whole number from %llu to %llu",
			s->name, value, (unsigned long long)s->lo, (unsigned long long)s->hi);
	if (s->size == sizeof(uint32_t))
		*(uint32_t *)(void *)at = (uint32_t)v;
	else
		*(uint64_t *)(void *)at = v;
	return true;
}

static bool set_flag(struct config *c, const struct setting *s, const char *value, struct err *e)
{
	if (parse_flag(value, (bool *)((char *)c + s->offset)))
		return true;
	return err_set(e, ERR_USAGE, "bad-setting", "%s '%s' is neither yes nor no: give 1 or 0",
		       s->name, value);
}

static bool set_text(char *at, size_t size, const struct setting *s, const char *value,
		     struct err *e)
{
	if (strlen(value) >= size)
		return err_set(e, ERR_USAGE, "bad-setting",
			       "%s is too long: at most %zu characters", s->name, size - 1);
	if (!*value)
		return err_set(e, ERR_USAGE, "bad-setting", "%s is empty: give %s", s->name,
			       s->arg);
	snprintf(at, size, "%s", value);
	return true;
}

static bool add_text(struct config *c, const struct setting *s, const char *value, struct err *e)
{
	uint32_t *n = (uint32_t *)(void *)((char *)c + s->count_offset);

	if (*n == CONFIG_PEERS_MAX)
		return err_set(e, ERR_USAGE, "bad-setting", "too many %s: at most %d", s->name,
			       CONFIG_PEERS_MAX);
	if (!set_text((char *)c + s->offset + *n * CONFIG_TEXT_MAX, CONFIG_TEXT_MAX, s, value, e))
		return false;
	++*n;
	return true;
}

bool config_set(struct config *c, const struct setting *s, const char *value, struct err *e)
{
	bool ok = false;

	switch (s->type) {
	case SETTING_FLAG:
		ok = set_flag(c, s, value, e);
		break;
	case SETTING_NUMBER:
		ok = set_number(c, s, value, e);
		break;
	case SETTING_TEXT:
		ok = set_text((char *)c + s->offset, s->size, s, value, e);
		break;
	case SETTING_LIST:
		ok = add_text(c, s, value, e);
		break;
	}
	return ok && (!s->check || s->check(value, e) || err_prefix(e, "%s", s->name));
}

/* --- files ---------------------------------------------------------------------------- */

static char *trim(char *s)
{
	char *end;

	while (isspace((unsigned char)*s))
		s++;
	end = s + strlen(s);
	while (end > s && isspace((unsigned char)end[-1]))
		*--end = '\0';
	return s;
}

static bool file_line(struct config *c, char *line, uint64_t given, uint64_t *seen, struct err *e)
{
	char *eq, *name = trim(line);
	const struct setting *s;
	uint64_t bit;

	if (!*name || *name == '#')
		return true;
	eq = strchr(name, '=');
	if (!eq)
		return err_set(e, ERR_USAGE, "bad-conf", "'%s' is no setting: write setting=value",
			       name);
	*eq = '\0';
	name = trim(name);
	s = config_find(name);
	if (!s || !(s->where & SETTING_FILE))
		return err_set(e, ERR_USAGE, "bad-conf", "'%s' is no setting: see tally.conf(5)",
			       name);
	bit = UINT64_C(1) << (s - config_settings);
	if (given & bit)
		return true;
	*seen |= bit;
	return config_set(c, s, trim(eq + 1), e);
}

/* A link to a file is one; of anything else reading might never end. */
static bool is_conf(const char *path, const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_IO, "conf-read", "cannot read %s: it must be a file", path);
	if (st->st_size > CONF_BYTES_MAX)
		return err_set(e, ERR_IO, "conf-size",
			       "cannot read %s: it has %lld bytes: at most %d", path,
			       (long long)st->st_size, CONF_BYTES_MAX);
	return true;
}

/* *f NULL and true: there is none. */
static bool open_conf(const char *path, FILE **f, struct err *e)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	*f = NULL;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (fd < 0 || fstat(fd, &st) != 0)
		err_set(e, ERR_IO, "conf-open", "cannot read %s: %s: check that you may", path,
			strerror(errno));
	else if (is_conf(path, &st, e) && !(*f = fdopen(fd, "r")))
		err_set(e, ERR_IO, "conf-open", "cannot read %s: %s", path, strerror(errno));
	if (fd >= 0 && !*f)
		close(fd);
	return *f != NULL;
}

/* Reads DIR/tally.conf where there is one; what is in *given stands already. */
static bool read_file(struct config *c, const char *dir, uint64_t *given, struct err *e)
{
	char *path = mem_printf("%s/tally.conf", dir), *line = NULL;
	FILE *f;
	uint64_t seen = 0;
	size_t cap = 0;
	unsigned at = 0;
	bool ok = open_conf(path, &f, e);

	while (f && ok && getline(&line, &cap, f) >= 0) {
		at++;
		ok = file_line(c, line, *given, &seen, e) || err_prefix(e, "%s line %u", path, at);
	}
	if (f && ok && ferror(f))
		ok = err_set(e, ERR_IO, "conf-read", "cannot read %s: %s", path, strerror(errno));
	if (f)
		fclose(f);
	free(line);
	free(path);
	*given |= seen;
	return ok;
}

/* --- all together ----------------------------------------------------------------------- */

static uint64_t bit_of(const char *name)
{
	return UINT64_C(1) << (config_find(name) - config_settings);
}

static bool read_environment(struct config *c, uint64_t *given, struct err *e)
{
	for (const struct setting *s = config_settings; s->name; s++) {
		const uint64_t bit = UINT64_C(1) << (s - config_settings);
		const char *value = s->env ? getenv(s->env) : NULL;

		if (!value || (*given & bit))
			continue;
		if (!config_set(c, s, value, e))
			return err_prefix(e, "environment %s", s->env);
		*given |= bit;
	}
	return true;
}

static bool default_home(struct config *c, struct err *e)
{
	const char *home = getenv("HOME");
	const struct passwd *pw = home && *home ? NULL : getpwuid(getuid());

	if (pw)
		home = pw->pw_dir;
	if (!home || !*home)
		return err_set(e, ERR_USAGE, "no-home",
			       "there is no home directory: give --home DIR");
	if (strlen(home) + sizeof("/.tally") > sizeof(c->home))
		return err_set(e, ERR_USAGE, "no-home",
			       "the home directory's path is too long: give --home DIR");
	snprintf(c->home, sizeof(c->home), "%s/.tally", home);
	return true;
}

/* An invite is a chain to insist on and a peer to dial. */
static bool apply_invite(struct config *c, struct err *e)
{
	char hex[HASH_HEX_CHARS + 1], addr[NET_ADDR_CHARS + 1];
	struct invite in;

	if (!*c->join)
		return true;
	if (!invite_decode(&in, c->join, e))
		return false;
	hash256_hex(hex, &in.chain.h);
	net_addr_format(addr, &in.addr);
	if (*c->chain && strcasecmp(c->chain, hex) != 0)
		return err_set(
			e, ERR_USAGE, "two-chains",
			"-join is an invite to chain %.16s..., -chain names %.16s...: give one",
			hex, c->chain);
	snprintf(c->chain, sizeof(c->chain), "%s", hex);
	return add_text(c, config_find("addnode"), addr, e);
}

bool config_finish(struct config *c, uint64_t given, struct err *e)
{
	if (!read_environment(c, &given, e) || (!(given & bit_of("home")) && !default_home(c, e)))
		return false;
	if (strlen(c->home) + sizeof("/55535") > sizeof(c->dir))
		return err_set(e, ERR_USAGE, "bad-home",
			       "the home directory's path is too long: choose a shorter one");
	snprintf(c->dir, sizeof(c->dir), "%.*s/%u", (int)(sizeof(c->dir) - 12), c->home,
		 c->node_id);
	if (!read_file(c, c->dir, &given, e) || !read_file(c, c->home, &given, e))
		return false;
	if (!(given & bit_of("port")))
		c->port = c->node_id;
	if (!(given & bit_of("control-port")))
		c->control_port = c->node_id + CONTROL_PORT_OFFSET;
	if (c->port == c->control_port)
		return err_set(e, ERR_USAGE, "bad-port",
			       "port and control-port are both %u: choose two", c->port);
	c->sync_classic = strcmp(c->sync, "classic") == 0;
	return apply_invite(c, e);
}
