/* Berkeley DB's return codes, events and messages as errors and log lines. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <tally/base/log.h>
#include <tally/base/mem.h>
#include <tally/base/sys_err.h>

#include "store/db_refusal_priv.h"
#include "store/env_priv.h"

const char *env_table_name(const struct env *env, unsigned table)
{
	return table < env->kind->n_tables ? env->kind->tables[table] : "schema";
}

bool env_damaged(struct env *env, struct err *e, const char *fmt, ...)
{
	char what[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(what, sizeof what, fmt, ap);
	va_end(ap);
	return err_set(e, ERR_CORRUPT, "db-damaged", "the %s database in %s is damaged (%s): %s",
		       env->kind->name, env->dir, what, env->kind->remedy);
}

/* After a failed write. Without a refused call, as when Berkeley DB has panicked before, free space says
 * whether the disk is full. */
static bool err_unwritten(struct env *env, int refusal, struct err *e)
{
	if (refusal == 0 && !env_space(env, STORE_MIN_FREE_START, NULL))
		refusal = ENOSPC;
	return sys_err(e, refusal != 0 ? refusal : EIO, "db-write", "cannot write %s", env->dir);
}

/* The code of a panic gives no reason: the first message that Berkeley DB sent does. */
static bool err_damage(struct env *env, int rc, const char *table, struct err *e)
{
	char why[ENV_MESSAGE_CHARS + 1] = "";

	pthread_mutex_lock(&env->mutex);
	if ((table[0] == '\0' || rc == DB_RUNRECOVERY) && env->messages > 0 &&
	    env->messages <= ENV_MESSAGES)
		memcpy(why, env->text[0], sizeof why);
	pthread_mutex_unlock(&env->mutex);
	return env_damaged(env, e, "%s%s%s", table, table[0] != '\0' ? ".db: " : "",
			   why[0] != '\0' ? why : db_strerror(rc));
}

bool env_err(struct env *env, int rc, const char *doing, const char *table, struct err *e)
{
	const char *ext = table != NULL ? ".db" : "";
	const char *slash = table != NULL ? "/" : "";
	int refusal = db_refusal_take();

	if (table == NULL)
		table = "";
	if (refusal == 0)
		refusal = atomic_load(&env->refusal);
	if (rc == DB_RUNRECOVERY && atomic_load(&env->unwritten))
		return err_unwritten(env, refusal, e);
	/* Berkeley DB returns EINVAL or ENOENT for a file that it did not write or that is missing. All
	 * of its own negative codes that reach this line mean damaged pages or logs, unless the system
	 * refused a call: then nothing is known about the files. */
	if (rc < 0 || rc == EINVAL || rc == ENOENT) {
		if (refusal == 0)
			return err_damage(env, rc, table, e);
		rc = refusal;
	}
	return sys_err(e, rc, "db-open", "cannot %s %s%s%s%s", doing, env->dir, slash, table, ext);
}

bool env_failure(struct env *env, struct err *e)
{
	if (!atomic_load(&env->failed))
		return false;
	if (env->broken && e != NULL)
		*e = env->why;
	else
		env_err(env, DB_RUNRECOVERY, "use", NULL, e);
	return true;
}

void env_fail(struct env *env, bool write)
{
	if (write)
		atomic_store(&env->unwritten, true);
	if (atomic_exchange(&env->failed, true))
		return;
	if (atomic_load(&env->open) && env->o.write_failed != NULL)
		env->o.write_failed(env->o.arg);
}

/* Berkeley DB maps memory without a function that could be replaced (db_refusal_priv.h), but its message
 * ends with the reason. */
static void note_named_reason(struct env *env, const char *text)
{
	const char *reason = strerror(ENOMEM);
	size_t n = strlen(text), m = strlen(reason);
	int none = 0;

	if (n >= m && strcmp(text + n - m, reason) == 0)
		atomic_compare_exchange_strong(&env->refusal, &none, ENOMEM);
}

/* Runs on any thread. Keeps the last messages for the owner's thread, the only one that may log. */
static void on_message(const DB_ENV *db, const char *prefix, const char *text)
{
	struct env *env = db->app_private;

	(void)prefix;
	note_named_reason(env, text);
	pthread_mutex_lock(&env->mutex);
	snprintf(env->text[env->messages % ENV_MESSAGES], ENV_MESSAGE_CHARS + 1, "%s", text);
	env->messages++;
	pthread_mutex_unlock(&env->mutex);
}

static void on_event(DB_ENV *db, uint32_t event, void *info)
{
	struct env *env = db->app_private;
	int none = 0;

	(void)info;
	atomic_compare_exchange_strong(&env->refusal, &none, db_refusal_take());
	if (event == DB_EVENT_WRITE_FAILED || event == DB_EVENT_PANIC)
		env_fail(env, event == DB_EVENT_WRITE_FAILED);
}

/* Which messages are logged: the first ones, then every power of two. A panic repeats its message for
 * every page. */
static bool worth_a_line(unsigned i)
{
	return i < ENV_MESSAGES || (i & (i - 1)) == 0;
}

void env_log_messages(struct env *env)
{
	char line[ENV_MESSAGE_CHARS + 1];
	bool more = true;

	while (more) {
		unsigned i = 0;
		bool show = false;

		pthread_mutex_lock(&env->mutex);
		more = env->shown < env->messages;
		if (more && env->messages - env->shown > ENV_MESSAGES)
			env->shown = env->messages - ENV_MESSAGES;
		if (more) {
			i = env->shown++;
			show = worth_a_line(i);
			memcpy(line, env->text[i % ENV_MESSAGES], sizeof line);
		}
		pthread_mutex_unlock(&env->mutex);
		if (show)
			log_warn(LOG_STORE, "%s: Berkeley DB message %u: %s", env->kind->name,
				 i + 1, line);
	}
}

bool env_create(struct env *env, struct err *e)
{
	int rc;

	db_refusal_install();
	db_refusal_clear();
	rc = db_env_create(&env->db, 0);
	if (rc != 0)
		return sys_err(e, rc > 0 ? rc : ENOMEM, "db-open", "cannot start Berkeley DB");
	env->db->app_private = env;
	env->db->set_errcall(env->db, on_message);
	env->db->set_event_notify(env->db, on_event);
	return true;
}
