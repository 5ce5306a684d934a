/* Reading and writing records, and the transaction of all writes. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <tally/base/mem.h>

#include "store/db_refusal_priv.h"
#include "store/env_priv.h"

/* Approximate bytes of log for a write, besides its key and value (measured). */
#define LOG_OVERHEAD 240

/* After a failed write the transaction may be incomplete: nothing more is written or committed, and
 * every later write fails with the first error. */
static bool write_broke(struct env *env, const struct err *why, struct err *e)
{
	env_log_messages(env);
	if (!env->broken) {
		env->broken = true;
		env->why = *why;
	}
	if (e != NULL)
		*e = env->why;
	return false;
}

/* False with the reason if a write has failed on any thread. */
static bool writable(struct env *env, struct err *e)
{
	struct err why;

	if (env->broken)
		return write_broke(env, &env->why, e);
	if (!atomic_load(&env->failed))
		return true;
	env_err(env, DB_RUNRECOVERY, "write", NULL, &why);
	return write_broke(env, &why, e);
}

static bool check_space(struct env *env, struct err *e)
{
	struct err why;

	env->unchecked = 0;
	if (env_space(env, env->o.min_free, &why))
		return true;
	return write_broke(env, &why, e);
}

/* Begins a transaction for a write; harmless if one is open. */
static bool begin_write(struct env *env, struct err *e)
{
	struct err why;
	int rc;

	db_refusal_clear();
	if (!writable(env, e))
		return false;
	if (env->txn != NULL)
		return env->unchecked < ENV_SPACE_CHECK_BYTES || check_space(env, e);
	if (!check_space(env, e))
		return false;
	rc = env->db->txn_begin(env->db, NULL, &env->txn, 0);
	if (rc == 0)
		return true;
	env->txn = NULL;
	env_err(env, rc, "write", NULL, &why);
	return write_broke(env, &why, e);
}

void env_abort(struct env *env)
{
	if (env->txn != NULL)
		env->txn->abort(env->txn);
	env->txn = NULL;
	env->pending = env->unchecked = 0;
}

bool env_flushed(struct env *env, int rc, struct err *e)
{
	struct err why;

	/* On a full disk commit sometimes returns 0 although the log was not written. The event
	 * DB_EVENT_WRITE_FAILED, which sets env->failed, is reliable. */
	if (rc == 0 && atomic_load(&env->failed))
		rc = DB_RUNRECOVERY;
	if (rc == 0)
		return true;
	env_err(env, rc, "write", NULL, &why);
	return write_broke(env, &why, e);
}

bool env_commit(struct env *env, bool durable, struct err *e)
{
	DB_TXN *txn = env->txn;
	int rc = 0;

	env_log_messages(env);
	if (!writable(env, e)) {
		env_abort(env);
		return false;
	}
	if (txn != NULL) {
		if (!check_space(env, e)) {
			env_abort(env);
			return false;
		}
		env->txn = NULL; /* commit frees it even if it fails */
		env->logged += env->pending;
		env->pending = 0;
		/* A commit that is not durable is still written to the kernel's cache, so that it
		 * survives the death of the program, and so that a failed write is noticed now and not
		 * one batch later. The cost is one write() a commit. */
		rc = txn->commit(txn, durable ? DB_TXN_SYNC : DB_TXN_WRITE_NOSYNC);
		env->commits++;
		env->unsynced = !durable;
	} else if (durable && env->unsynced) {
		rc = env->db->log_flush(env->db, NULL);
		env->unsynced = false;
	}
	if (!env_flushed(env, rc, e))
		return false;
	if (env->logged >= ENV_CHECKPOINT_BYTES) {
		env->logged = 0;
		env_checkpoint_wake(env);
	}
	return true;
}

static DBT dbt_of(struct span s)
{
	DBT d = {0};

	d.data = (void *)(uintptr_t)s.p; /* Berkeley DB only reads it */
	d.size = (uint32_t)s.len;
	return d;
}

static void count_pending(struct env *env, size_t bytes)
{
	env->pending += bytes + LOG_OVERHEAD;
	env->unchecked += bytes + LOG_OVERHEAD;
}

static bool table_write_failed(struct env *env, int rc, unsigned table, struct err *e)
{
	struct err why;

	env_err(env, rc, "write", env_table_name(env, table), &why);
	return write_broke(env, &why, e);
}

bool env_put(struct env *env, unsigned table, struct span key, struct span value, struct err *e)
{
	DBT k = dbt_of(key), v = dbt_of(value);
	int rc;

	if (!begin_write(env, e))
		return false;
	count_pending(env, key.len + value.len);
	rc = env->tables[table]->put(env->tables[table], env->txn, &k, &v, 0);
	return rc == 0 || table_write_failed(env, rc, table, e);
}

bool env_del(struct env *env, unsigned table, struct span key, struct err *e)
{
	DBT k = dbt_of(key);
	int rc;

	if (!begin_write(env, e))
		return false;
	count_pending(env, key.len);
	rc = env->tables[table]->del(env->tables[table], env->txn, &k, 0);
	return rc == 0 || rc == DB_NOTFOUND || table_write_failed(env, rc, table, e);
}

bool env_clear(struct env *env, unsigned table, struct err *e)
{
	uint32_t n;
	int rc;

	if (!begin_write(env, e))
		return false;
	rc = env->tables[table]->truncate(env->tables[table], env->txn, &n, 0);
	count_pending(env, 0);
	return rc == 0 || table_write_failed(env, rc, table, e);
}

/* Damage found while reading panics the environment; Berkeley DB's message names the page. */
static bool read_failed(struct env *env, int rc, unsigned table, struct err *e)
{
	env_log_messages(env);
	return env_err(env, rc, "read", env_table_name(env, table), e);
}

bool env_get(struct env *env, unsigned table, struct span key, void *out, size_t *n, struct err *e)
{
	DBT k = dbt_of(key), v = {.data = out, .ulen = (uint32_t)*n, .flags = DB_DBT_USERMEM};
	int rc;

	db_refusal_clear();
	rc = env->tables[table]->get(env->tables[table], env->txn, &k, &v, 0);

	err_clear(e);
	if (rc == DB_NOTFOUND)
		return false;
	if (rc == DB_BUFFER_SMALL)
		return env_damaged(env, e, "%s.db has a record of %u bytes, too long",
				   env_table_name(env, table), (unsigned)v.size);
	if (rc != 0)
		return read_failed(env, rc, table, e);
	*n = v.size;
	return true;
}

bool env_get_alloc(struct env *env, unsigned table, struct span key, uint8_t **out, size_t *n,
		   struct err *e)
{
	DBT k = dbt_of(key), v = {.flags = DB_DBT_MALLOC};
	int rc;

	db_refusal_clear();
	rc = env->tables[table]->get(env->tables[table], env->txn, &k, &v, 0);

	err_clear(e);
	if (rc == DB_NOTFOUND)
		return false;
	if (rc != 0)
		return read_failed(env, rc, table, e);
	*out = v.data;
	*n = v.size;
	return true;
}

/* Moves the cursor to the first record after the key. */
static int cursor_start(DBC *c, struct span after, DBT *k, DBT *v)
{
	int rc;

	if (after.p == NULL)
		return c->get(c, k, v, DB_FIRST);
	k->data = mem_alloc(after.len + 1);
	memcpy(k->data, after.p, after.len);
	k->size = (uint32_t)after.len;
	rc = c->get(c, k, v, DB_SET_RANGE);
	if (rc == 0 && k->size == after.len && memcmp(k->data, after.p, after.len) == 0)
		rc = c->get(c, k, v, DB_NEXT);
	return rc;
}

bool env_each(struct env *env, unsigned table, struct span after, env_fn *fn, void *arg,
	      bool *stopped, struct err *e)
{
	DBT k = {.flags = DB_DBT_REALLOC}, v = {.flags = DB_DBT_REALLOC};
	bool stop = false;
	DBC *c = NULL;
	int rc, closed = 0;

	db_refusal_clear();
	/* Within the open transaction, if there is one: only it sees the pages that it changed. */
	rc = env->tables[table]->cursor(env->tables[table], env->txn, &c, 0);
	if (rc == 0)
		rc = cursor_start(c, after, &k, &v);
	while (rc == 0) {
		stop = !fn(arg, (struct span){k.data, k.size}, (struct span){v.data, v.size});
		if (stop)
			break;
		rc = c->get(c, &k, &v, DB_NEXT);
	}
	if (c != NULL)
		closed = c->close(c);
	free(k.data);
	free(v.data);
	if (rc == 0 || rc == DB_NOTFOUND)
		rc = closed;
	if (stopped != NULL)
		*stopped = stop;
	return rc == 0 || read_failed(env, rc, table, e);
}
