/* The chain's database as a whole: its tables, opening, committing. */
#include <stdlib.h>

#include <tally/base/bytes.h>
#include <tally/base/mem.h>

#include "store/store_priv.h"

/* A new schema version adds a row: {.from = 1, .run = …}. */
static const struct env_migration migrations[] = {{.run = NULL}};

static const struct env_kind kind = {
	.name = "chain",
	.remedy = "run 'tally reindex' to rebuild it",
	.schema = STORE_SCHEMA,
	.n_tables = STORE_TABLES,
	.tables = {[STORE_HEADERS] = "headers",
		   [STORE_BLOCKS] = "blocks",
		   [STORE_UNDO] = "undo",
		   [STORE_COINS] = "coins",
		   [STORE_META] = "meta",
		   [STORE_ADDRS] = "addrs"},
	.migrations = migrations,
};

bool store_open(struct store **out, const struct store_options *o, struct err *e)
{
	struct store *s = NEW(struct store);

	if (!env_open(&s->env, &kind, o, e) || !env_flush_start(&s->env, e)) {
		env_close(&s->env);
		free(s);
		return false;
	}
	*out = s;
	return true;
}

bool store_recover(const char *dir, struct err *e)
{
	return env_recover(&kind, dir, e);
}

void store_close(struct store *s)
{
	if (s == NULL)
		return;
	env_close(&s->env);
	free(s);
}

size_t store_pending(const struct store *s)
{
	return s->env.pending;
}

bool store_commit(struct store *s, bool durable, struct err *e)
{
	return env_commit(&s->env, durable, e);
}

void store_flush_begin(struct store *s)
{
	env_flush_begin(&s->env);
}

bool store_flush_end(struct store *s, bool wait, bool *done, struct err *e)
{
	return env_flush_end(&s->env, wait, done, e);
}

int store_flush_fd(const struct store *s)
{
	return s->env.flushed.fd;
}

uint64_t store_disk_bytes(const struct store *s)
{
	return env_dir_bytes(s->env.dir);
}

bool store_failed(struct store *s, struct err *e)
{
	return env_failure(&s->env, e);
}

void store_key(uint8_t out[STORE_KEY_BYTES], uint32_t height, uint32_t seq)
{
	set_be32(out, height);
	set_be32(out + 4, seq);
}
