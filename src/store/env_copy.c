/* Adopts a copy of a database that was made without its log files. Pages name the log record of their last
 * change (LSN), and Berkeley DB refuses a page whose record lies beyond the end of the log. So the LSNs are
 * reset, and tables that were not copied are made anew. A kill at any moment is harmless: until the end
 * there is still no log file, so the next start does it again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/bytes.h>
#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/sys_err.h>

#include "store/env_priv.h"

/* A new table in the file `path`, outside of an environment and so without a log. */
static int make_file(const struct env *env, const char *path, bool schema)
{
	uint8_t version[ENV_SCHEMA_BYTES];
	DBT k = {.data = (void *)(uintptr_t)ENV_SCHEMA_KEY, .size = strlen(ENV_SCHEMA_KEY)};
	DBT v = {.data = version, .size = sizeof(version)};
	DB *db;
	int rc = db_create(&db, NULL, 0), closed;

	if (rc != 0)
		return rc;
	rc = env_table_settings(db);
	if (rc == 0)
		rc = db->open(db, NULL, path, NULL, DB_BTREE, DB_CREATE | DB_TRUNCATE, 0600);
	set_le32(version, env->kind->schema);
	if (rc == 0 && schema)
		rc = db->put(db, NULL, &k, &v, 0);
	closed = db->close(db, 0);
	return rc != 0 ? rc : closed;
}

static bool make_table(struct env *env, const char *table, struct err *e)
{
	char *path = mem_printf("%s/%s.db", env->dir, table);
	char *made = mem_printf("%s.new", path);
	int rc = make_file(env, made, strcmp(table, "schema") == 0);
	bool ok = rc == 0 || env_err(env, rc, "make", table, e);

	if (ok && rename(made, path) != 0)
		ok = sys_err(e, errno, "db-open", "cannot make %s", path);
	free(made);
	free(path);
	return ok;
}

static bool make_missing(struct env *env, struct err *e)
{
	for (unsigned i = 0; i <= env->kind->n_tables; i++) {
		const char *table = env_table_name(env, i);

		if (env_has_table(env, i))
			continue;
		log_warn(LOG_STORE, "%s: %s.db was not copied: it starts empty", env->kind->name,
			 table);
		if (!make_table(env, table, e))
			return false;
	}
	return true;
}

static bool reset_lsns(struct env *env, struct err *e)
{
	bool ok = true;
	int rc;

	if (!env_create(env, e))
		return false;
	rc = env->db->open(env->db, env->dir, DB_CREATE | DB_INIT_MPOOL | DB_PRIVATE, 0600);
	if (rc != 0)
		ok = env_err(env, rc, "open", NULL, e);
	for (unsigned i = 0; ok && i <= env->kind->n_tables; i++) {
		char *file = mem_printf("%s.db", env_table_name(env, i));

		rc = env->db->lsn_reset(env->db, file, 0);
		ok = rc == 0 || env_err(env, rc, "read", env_table_name(env, i), e);
		free(file);
	}
	rc = env->db->close(env->db, 0);
	env->db = NULL;
	return ok && (rc == 0 || env_err(env, rc, "write", NULL, e));
}

bool env_copy_adopt(struct env *env, struct err *e)
{
	if (!make_missing(env, e) || !reset_lsns(env, e) || !dir_sync(env->dir, e))
		return false;
	log_warn(
		LOG_STORE,
		"%s: %s has no log files, as a copy of only the tables: using the tables; what was "
		"written shortly before the copy may be missing",
		env->kind->name, env->dir);
	return true;
}
