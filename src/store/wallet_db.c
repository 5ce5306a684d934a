/* The wallet's database: an environment as the chain's, with other tables. Secrets are protected by the
 * modes of the directory and its files, which env_open enforces. A secret that was overwritten or
 * deleted stays in the log files until Berkeley DB removes them. */
#include <stdlib.h>

#include <tally/base/mem.h>
#include <tally/store/wallet_db.h>

#include "store/env_priv.h"

struct wallet_db {
	struct env env;
};

/* A new schema version adds a row: {.from = 1, .run = …}. */
static const struct env_migration migrations[] = {{.run = NULL}};

static const struct env_kind kind = {
	.name = "wallet",
	.remedy = "put back a copy of it ('tally reindex' rebuilds the chain, never keys)",
	.schema = WALLET_SCHEMA,
	.n_tables = WALLET_TABLES,
	.tables = {[WALLET_KEYS] = "keys",
		   [WALLET_LABELS] = "labels",
		   [WALLET_TXS] = "txs",
		   [WALLET_META] = "meta"},
	.migrations = migrations,
	.essential = WALLET_KEYS,
	.has_essential = true,
};

bool wallet_db_open(struct wallet_db **out, const struct store_options *o, struct err *e)
{
	struct wallet_db *w = NEW(struct wallet_db);

	if (!env_open(&w->env, &kind, o, e)) {
		free(w);
		return false;
	}
	*out = w;
	return true;
}

bool wallet_db_failed(struct wallet_db *w, struct err *e)
{
	return env_failure(&w->env, e);
}

void wallet_db_close(struct wallet_db *w)
{
	if (w == NULL)
		return;
	env_close(&w->env);
	free(w);
}

bool wallet_db_commit(struct wallet_db *w, bool durable, struct err *e)
{
	return env_commit(&w->env, durable, e);
}

bool wallet_db_put(struct wallet_db *w, enum wallet_table t, struct span key, struct span value,
		   struct err *e)
{
	return env_put(&w->env, t, key, value, e);
}

bool wallet_db_del(struct wallet_db *w, enum wallet_table t, struct span key, struct err *e)
{
	return env_del(&w->env, t, key, e);
}

bool wallet_db_get(struct wallet_db *w, enum wallet_table t, struct span key, uint8_t **bytes,
		   size_t *n, struct err *e)
{
	return env_get_alloc(&w->env, t, key, bytes, n, e);
}

bool wallet_db_each(struct wallet_db *w, enum wallet_table t, wallet_db_fn *fn, void *arg,
		    struct err *e)
{
	return env_each(&w->env, t, (struct span){NULL, 0}, fn, arg, NULL, e);
}
