#include <tally/config/config.h>

#include <assert.h>
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
#include <tally/net/addr.h>
#include <tally/net/invite.h>

#define CONF_BYTES_MAX (1 << 20)

/* --- values --------------------------------------------------------------------------- */

static bool set_number(struct config *c, const struct setting *s, const char *value, struct err *e)
{
	uint64_t v;
	char *at = (char *)c + s->offset;

	if (!parse_u64(value, s->min, s->max, &v))
		return err_set(
			e, ERR_USAGE, "bad-setting",
			parse_u64(value, 0, UINT64_MAX, &v)
				? "%s '%s' is out of range: give a whole number from %llu to %llu"
				: "%s '%s' is not a whole number: give one from %llu to %llu",
			s->name, value, (unsigned long long)s->min, (unsigned long long)s->max);
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
	return err_set(e, ERR_USAGE, "bad-setting", "%s '%s' is unknown: give 1 (yes) or 0 (no)",
		       s->name, value);
}

/* size counts the NUL. */
static bool set_text(char *at, size_t size, const struct setting *s, const char *value,
		     struct err *e)
{
	if (strlen(value) >= size)
		return err_set(e, ERR_USAGE, "bad-setting",
			       "%s is too long: at most %zu characters", s->name, size - 1);
	if (!*value)
		return err_set(e, ERR_USAGE, "bad-setting", "%s is empty: give %s", s->name,
			       s->value_name);
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

	switch (s->kind) {
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

void config_init(struct config *c)
{
	*c = (struct config){0};
	for (const struct setting *s = config_settings; s->name; s++) {
		const bool ok = !s->default_value || config_set(c, s, s->default_value, NULL);

		assert(ok); /* else a row has an invalid default */
		(void)ok;
	}
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

/* Reads a line of a file. Ignores the settings in `given`, adds the others to *seen. */
static bool read_line(struct config *c, char *line, uint64_t given, uint64_t *seen, struct err *e)
{
	char *eq, *name = trim(line);
	const struct setting *s;
	uint64_t bit;

	if (!*name || *name == '#')
		return true;
	eq = strchr(name, '=');
	if (!eq)
		return err_set(e, ERR_USAGE, "bad-conf", "'%s' has no '=': write setting=value",
			       name);
	*eq = '\0';
	name = trim(name);
	s = config_find(name);
	if (!s || !(s->places & SETTING_FILE))
		return err_set(e, ERR_USAGE, "bad-conf",
			       "'%s' is not a setting of this file: see tally.conf(5)", name);
	bit = config_bit(s);
	if (given & bit)
		return true;
	*seen |= bit;
	return config_set(c, s, trim(eq + 1), e);
}

/* Rejects devices, pipes and directories: reading them could block or never end. */
static bool is_regular_file(const char *path, const struct stat *st, struct err *e)
{
	if (!S_ISREG(st->st_mode))
		return err_set(e, ERR_IO, "conf-read",
			       "%s is not a regular file: it must be a file or a link to one",
			       path);
	if (st->st_size > CONF_BYTES_MAX)
		return err_set(e, ERR_IO, "conf-size", "%s has %lld bytes: at most %d", path,
			       (long long)st->st_size, CONF_BYTES_MAX);
	return true;
}

/* Returns true and sets *f to NULL if the file does not exist. */
static bool open_file(const char *path, FILE **f, struct err *e)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;

	*f = NULL;
	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
		return true;
	if (fd < 0 || fstat(fd, &st) != 0)
		err_set(e, ERR_IO, "conf-open", "cannot open %s: %s", path, strerror(errno));
	else if (is_regular_file(path, &st, e) && !(*f = fdopen(fd, "r")))
		err_set(e, ERR_IO, "conf-open", "cannot open %s: %s", path, strerror(errno));
	if (fd >= 0 && !*f)
		close(fd);
	return *f != NULL;
}

/* Reads DIR/tally.conf if it exists. Ignores the settings in *given, then adds those that it read. */
static bool read_file(struct config *c, const char *dir, uint64_t *given, struct err *e)
{
	char *path = mem_printf("%s/tally.conf", dir), *line = NULL;
	FILE *f;
	uint64_t seen = 0;
	size_t cap = 0;
	unsigned at = 0;
	bool ok = open_file(path, &f, e);

	while (f && ok && getline(&line, &cap, f) >= 0) {
		at++;
		ok = read_line(c, line, *given, &seen, e) || err_prefix(e, "%s line %u", path, at);
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

/* --- all sources -------------------------------------------------------------------------- */

static bool is_given(uint64_t given, const char *name)
{
	return (given & config_bit(config_find(name))) != 0;
}

static bool read_environment(struct config *c, uint64_t *given, struct err *e)
{
	for (const struct setting *s = config_settings; s->name; s++) {
		const char *value = s->env ? getenv(s->env) : NULL;

		if (!value || (*given & config_bit(s)))
			continue;
		if (!config_set(c, s, value, e))
			return err_prefix(e, "environment variable %s", s->env);
		*given |= config_bit(s);
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
			       "the user has no home directory: give -home DIR");
	if (strlen(home) + sizeof("/.tally") > sizeof(c->home))
		return err_set(e, ERR_USAGE, "no-home",
			       "the path of the home directory is too long: give -home DIR");
	snprintf(c->home, sizeof(c->home), "%s/.tally", home);
	return true;
}

/* Adds the chain and the address of an invite to the other settings. */
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
			"the invite is for chain %.16s..., but -chain is %.16s...: give one of them",
			hex, c->chain);
	snprintf(c->chain, sizeof(c->chain), "%s", hex);
	return add_text(c, config_find("addnode"), addr, e);
}

bool config_finish(struct config *c, uint64_t given, struct err *e)
{
	if (!read_environment(c, &given, e) || (!is_given(given, "home") && !default_home(c, e)))
		return false;
	if (strlen(c->home) + sizeof("/55535") > sizeof(c->dir))
		return err_set(e, ERR_USAGE, "bad-home",
			       "the path of the home directory is too long: choose a shorter one");
	snprintf(c->dir, sizeof(c->dir), "%.*s/%u", (int)(sizeof(c->dir) - 12), c->home,
		 c->node_id);
	if (!read_file(c, c->dir, &given, e) || !read_file(c, c->home, &given, e))
		return false;
	if (!is_given(given, "port"))
		c->port = c->node_id;
	if (!is_given(given, "control-port"))
		c->control_port = c->node_id + CONTROL_PORT_OFFSET;
	if (c->port == c->control_port)
		return err_set(e, ERR_USAGE, "bad-port",
			       "port and control-port are both %u: choose different ports",
			       c->port);
	c->sync_classic = strcmp(c->sync, "classic") == 0;
	return apply_invite(c, e);
}
