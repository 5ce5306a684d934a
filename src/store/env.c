/* Opening and closing an environment: settings, recovery, tables, schema version. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/sys_err.h>
#include <tally/store/salvage.h>

#include "store/env_priv.h"

#define ENV_FLAGS                                                                          \
	(DB_CREATE | DB_INIT_MPOOL | DB_INIT_LOG | DB_INIT_TXN | DB_PRIVATE | DB_RECOVER | \
	 DB_THREAD)

static struct span schema_key(void)
{
	return (struct span){(const uint8_t *)ENV_SCHEMA_KEY, strlen(ENV_SCHEMA_KEY)};
}

/* Settings of the environment, which must be made before it is opened. */
static int configure(struct env *env)
{
	uint64_t cache = env->o.cache_bytes;
	DB_ENV *db = env->db;
	int rc;

	rc = db->set_cachesize(db, (uint32_t)(cache >> 30), (uint32_t)(cache & ((1u << 30) - 1)),
			       1);
	if (rc == 0)
		rc = db->set_lg_max(db, ENV_LOG_FILE_BYTES);
	if (rc == 0)
		rc = db->set_lg_bsize(db, ENV_LOG_BUFFER_BYTES);
	if (rc == 0)
		rc = db->set_lg_filemode(db, 0600);
	if (rc == 0)
		rc = db->log_set_config(db, DB_LOG_AUTO_REMOVE, 1);
	return rc;
}

static bool open_env(struct env *env, struct err *e)
{
	int rc;

	if (!env_create(env, e))
		return false;
	rc = configure(env);
	if (rc == 0)
		rc = env->db->open(env->db, env->dir, ENV_FLAGS, 0600);
	return rc == 0 || env_err(env, rc, "open", NULL, e);
}

/* Creates the table only if `fresh`: with DB_CREATE, a table whose file was deleted would silently
 * reappear without its records. */
static bool open_table(struct env *env, DB **out, const char *name, bool fresh, struct err *e)
{
	char *file = mem_printf("%s.db", name);
	int rc = db_create(out, env->db, 0);

	if (rc == 0 && fresh)
		rc = env_table_settings(*out);
	if (rc == 0)
		rc = (*out)->open(*out, env->txn, file, NULL, DB_BTREE,
				  DB_THREAD | (fresh ? DB_CREATE : 0), 0600);
	free(file);
	return rc == 0 || env_err(env, rc, "open", name, e);
}

static bool put_schema(struct env *env, uint32_t version, struct err *e)
{
	uint8_t bytes[ENV_SCHEMA_BYTES];
	DBT k = {.data = (void *)(uintptr_t)schema_key().p, .size = (uint32_t)schema_key().len};
	DBT v = {.data = bytes, .size = ENV_SCHEMA_BYTES};
	int rc;

	set_le32(bytes, version);
	rc = env->schema->put(env->schema, env->txn, &k, &v, 0);
	return rc == 0 || env_err(env, rc, "write", "schema", e);
}

bool env_schema(struct env *env, uint32_t *version, struct err *e)
{
	uint8_t bytes[ENV_SCHEMA_BYTES];
	DBT k = {.data = (void *)(uintptr_t)schema_key().p, .size = (uint32_t)schema_key().len};
	DBT v = {.data = bytes, .ulen = ENV_SCHEMA_BYTES, .flags = DB_DBT_USERMEM};
	int rc = env->schema->get(env->schema, env->txn, &k, &v, 0);

	if (rc != 0 && rc != DB_NOTFOUND)
		return env_err(env, rc, "read", "schema", e);
	if (rc == DB_NOTFOUND || v.size != ENV_SCHEMA_BYTES)
		return env_damaged(env, e, "it has no schema version");
	*version = le32(bytes);
	return true;
}

static const struct env_migration *find_migration(const struct env_kind *kind, uint32_t from)
{
	for (const struct env_migration *m = kind->migrations; m->run != NULL; m++)
		if (m->from == from)
			return m;
	return NULL;
}

/* Migrates from `version` to the version of this program, in the open transaction: all steps or none. */
static bool migrate(struct env *env, uint32_t version, struct err *e)
{
	while (version < env->kind->schema) {
		const struct env_migration *m = find_migration(env->kind, version);

		if (m == NULL)
			return err_set(e, ERR_CORRUPT, "db-older",
				       "the %s database in %s has schema %u, which is too old for "
				       "this program (schema %u): %s",
				       env->kind->name, env->dir, (unsigned)version,
				       (unsigned)env->kind->schema, env->kind->remedy);
		if (!m->run(env, e))
			return false;
		version++;
		if (!put_schema(env, version, e))
			return false;
		log_info(LOG_STORE, "%s: schema is now %u", env->kind->name, (unsigned)version);
	}
	return true;
}

static bool err_newer(const struct env_kind *kind, const char *dir, uint32_t version, struct err *e)
{
	return err_set(e, ERR_CORRUPT, "db-newer",
		       "the %s database in %s was written by a newer program (schema %u, this one "
		       "knows %u): use that program",
		       kind->name, dir, (unsigned)version, (unsigned)kind->schema);
}

static bool check_schema(struct env *env, uint32_t *version, struct err *e)
{
	if (!env_schema(env, version, e))
		return false;
	return *version <= env->kind->schema || err_newer(env->kind, env->dir, *version, e);
}

static bool open_tables(struct env *env, bool fresh, struct err *e)
{
	uint32_t version = env->kind->schema;

	if (!open_table(env, &env->schema, "schema", fresh, e))
		return false;
	/* The version first: a newer program may have other tables. */
	if (fresh ? !put_schema(env, version, e) : !check_schema(env, &version, e))
		return false;
	for (size_t i = 0; i < env->kind->n_tables; i++)
		if (!open_table(env, &env->tables[i], env->kind->tables[i], fresh, e))
			return false;
	return migrate(env, version, e);
}

/* Makes or migrates all tables in one transaction. Free space was already compared with
 * STORE_MIN_FREE_START; o.min_free does not apply here. */
static bool open_in_txn(struct env *env, bool fresh, struct err *e)
{
	int rc = env->db->txn_begin(env->db, NULL, &env->txn, 0);
	DB_TXN *txn;

	if (rc != 0) {
		env->txn = NULL;
		return env_err(env, rc, "open", NULL, e);
	}
	if (!open_tables(env, fresh, e))
		return false;
	txn = env->txn;
	env->txn = NULL;
	rc = txn->commit(txn, DB_TXN_SYNC);
	if (rc == 0 && atomic_load(&env->failed))
		rc = DB_RUNRECOVERY;
	if (rc != 0)
		return env_err(env, rc, "write", NULL, e);
	env->pending = env->unchecked = 0;
	return true;
}

static bool open_dir(struct env *env, const char *dir, struct err *e)
{
	char *full;

	if (!dir_make(dir, e))
		return false;
	full = realpath(dir, NULL);
	if (full == NULL)
		return sys_err(e, errno, "db-open", "cannot open %s", dir);
	free(env->dir);
	env->o.dir = env->dir = full;
	return env_dir_prepare(env, e) && env_space(env, STORE_MIN_FREE_START, e);
}

static void env_init(struct env *env)
{
	env->flushed = (struct wake){-1, -1};
	pthread_mutex_init(&env->mutex, NULL);
	pthread_cond_init(&env->wake, NULL);
	pthread_cond_init(&env->flush_wake, NULL);
	pthread_cond_init(&env->flush_ended, NULL);
}

bool env_open(struct env *env, const struct env_kind *kind, const struct store_options *o,
	      struct err *e)
{
	bool fresh = false;

	*env = (struct env){.kind = kind, .o = *o, .dir = mem_strdup(o->dir)};
	if (env->o.cache_bytes == 0)
		env->o.cache_bytes = STORE_CACHE_DEFAULT;
	env_init(env);
	if (!open_dir(env, o->dir, e) || (env_is_copy(env) && !env_copy_adopt(env, e)) ||
	    !open_env(env, e))
		goto fail;
	if (!env_dir_tables(env, &fresh, e) || !open_in_txn(env, fresh, e))
		goto fail;
	if (!env->marked && !env_dir_mark(env, e))
		goto fail;
	if (!env_checkpoint_start(env, e))
		goto fail;
	atomic_store(&env->open, true);
	log_info(LOG_STORE, "%s: %s %s", kind->name, fresh ? "new database in" : "opened",
		 env->dir);
	return true;
fail:
	env_close(env);
	return false;
}

/* clean: all pages of the table are on disk. */
static void close_table(struct env *env, DB **table, bool clean)
{
	if (*table != NULL)
		(*table)->close(*table, clean || atomic_load(&env->failed) ? DB_NOSYNC : 0);
	*table = NULL;
}

/* Leaves a database that needs no recovery at the next start. After a failure nothing more is written,
 * and the next start recovers. */
void env_close(struct env *env)
{
	bool clean = false;
	int rc = 0;

	if (env->dir == NULL)
		return;
	env_flush_stop(env);
	env_checkpoint_stop(env);
	env_abort(env);
	if (atomic_load(&env->open) && !atomic_load(&env->failed)) {
		/* DB_FORCE: without it Berkeley DB makes no checkpoint if the last log record is one, and
		 * then the log from the beginning of that checkpoint on must be kept. */
		rc = env->db->txn_checkpoint(env->db, 0, 0, DB_FORCE);
		clean = rc == 0;
	}
	for (size_t i = env->kind->n_tables; i-- > 0;)
		close_table(env, &env->tables[i], clean);
	close_table(env, &env->schema, clean);
	if (env->db != NULL) {
		int closed = env->db->close(env->db, 0);

		rc = rc != 0 ? rc : closed;
		env->db = NULL;
	}
	env_log_messages(env);
	if (rc != 0)
		log_warn(LOG_STORE, "%s: closing: %s; the next start recovers", env->kind->name,
			 db_strerror(rc));
	pthread_cond_destroy(&env->flush_ended);
	pthread_cond_destroy(&env->flush_wake);
	pthread_cond_destroy(&env->wake);
	pthread_mutex_destroy(&env->mutex);
	free(env->dir);
	env->dir = NULL;
}

/* --- a database that may be damaged ------------------------------------------------ */

struct schema_search {
	struct salvage *from;
	uint32_t version;
};

static void look_for_schema(void *arg, struct span key, const struct salvage_place *at)
{
	struct schema_search *search = arg;
	uint8_t *bytes;
	size_t n;

	if (!at->sound || key.len != schema_key().len ||
	    memcmp(key.p, schema_key().p, key.len) != 0 ||
	    !salvage_read(search->from, at, ENV_SCHEMA_BYTES, &bytes, &n))
		return;
	if (n == ENV_SCHEMA_BYTES)
		search->version = le32(bytes);
	free(bytes);
}

bool env_recover(const struct env_kind *kind, const char *dir, struct err *e)
{
	struct env env = {.kind = kind,
			  .o = {.dir = dir, .cache_bytes = STORE_CACHE_DEFAULT},
			  .dir = mem_strdup(dir)};
	struct schema_search search = {0};

	if (salvage_open(&search.from, dir, "schema", NULL)) {
		salvage_scan(search.from, look_for_schema, &search);
		salvage_close(search.from);
	}
	if (search.version > kind->schema) {
		free(env.dir);
		return err_newer(kind, dir, search.version, e);
	}
	env_init(&env);
	/* A failure is ignored: the database is known to be damaged. */
	(void)(env_dir_trim(dir, NULL) && open_env(&env, NULL));
	env_close(&env);
	return true;
}
